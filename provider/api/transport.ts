import { type Dispatcher, request } from "undici";
import type { z } from "zod";
import {
  type Answer,
  failedAnswer,
  failedConnection,
  isPage,
  notFromCometApi,
  type Server,
} from "./classify";
import { type HttpProxy, type Limits, openConnections } from "./connection";
import { NoAnswerError, RefusedError } from "./errors";
import { quotable } from "./redact";
import { envelope, errorBody, type Verdict } from "./wire";

export type { Limits };

/** Where requests go, and as whom. */
export interface Endpoint {
  /** The personal access token, sent raw. Public data can be read without one. */
  accessToken: string | undefined;
  /** Without a slash at the end. */
  baseUrl: string;
  /** Sent as `New-Api-User`, for self-hosted New API. */
  userId: string | undefined;
  proxy: HttpProxy | undefined;
  /** What errors call a setting. */
  settingLabel(name: "accessToken" | "baseUrl" | "userId"): string;
  /** What errors call the setting under which further accounts are. */
  accountsLabel: string;
}

export const defaultLimits: Limits = {
  silenceMs: 10_000,
  connectMs: 10_000,
  headersMs: 60_000,
  bodyMs: 30_000,
  totalMs: 90_000,
  bodyBytes: 8 * 1024 * 1024,
};

export interface Call {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  body?: object;
  /** In place of the access token. */
  authorization?: string;
  /** Less time for the whole exchange than the limits leave it. */
  withinMs?: number;
  /** Ends the exchange. */
  signal?: AbortSignal | undefined;
}

/** A silent server leaves every request without an answer: one line so often is for all of them. */
const reportEveryMs = 60_000;

/** One HTTP exchange with CometAPI: sent once, never redirected, and either believed, refused or no answer. */
export class Transport {
  /** The version of New API, if the server has named one. */
  version: string | undefined;
  private readonly dispatcher: Dispatcher;
  private readonly server: Server;
  private lastReport = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly endpoint: Endpoint,
    /** What must never be printed: every token, and every key that was seen. */
    private readonly secrets: Set<string>,
    private readonly limits: Limits = defaultLimits,
    /** Shows the person at the terminal a line while requests go on. */
    private readonly info: (line: string) => void = () => {},
  ) {
    this.dispatcher = openConnections(endpoint.proxy, limits);
    const { baseUrl, proxy } = endpoint;
    const setting = endpoint.settingLabel("baseUrl");
    this.server = { baseUrl, proxy, setting, redact: (text) => this.redact(text), ...limits };
  }

  settingLabel(name: Parameters<Endpoint["settingLabel"]>[0]): string {
    return this.endpoint.settingLabel(name);
  }

  /** Hides `secret` in everything that is quoted from now on. */
  addSecret(secret: string): void {
    this.secrets.add(secret);
  }

  async exchange<T>(call: Call, answer: z.ZodType<T>, verdictOf: z.ZodType<Verdict> = envelope): Promise<T> {
    const received = await this.send(call);
    const { status, headers, text } = received;
    const { "x-new-api-version": version } = headers;
    if (typeof version === "string") this.version = version;
    const body = parseJson(text);
    if (status >= 300) throw failedAnswer(received, body, this.server);
    if (body === undefined)
      throw isPage(text)
        ? notFromCometApi(received, this.server)
        : this.unreadable(call, text === "" ? "is empty" : "is not JSON");
    const verdict = verdictOf.safeParse(body);
    if (!verdict.success) {
      const said = errorBody.safeParse(body);
      if (said.success) throw new RefusedError(`"${this.redact(said.data.error.message)}"`, status);
      throw this.unreadable(call, `lacks a usable "success": ${this.shape(verdict.error)}`);
    }
    if (!verdict.data.success) throw new RefusedError(`"${this.redact(verdict.data.message ?? "")}"`, status);
    return this.parse(call, answer, body);
  }

  /** Reads an answer, or a part of one, by its documented shape. */
  parse<T>(call: Call, shape: z.ZodType<T>, body: unknown): T {
    const parsed = shape.safeParse(body);
    if (parsed.success) return parsed.data;
    throw this.unreadable(call, `is not of the documented shape: ${this.shape(parsed.error)}`);
  }

  redact(text: string): string {
    return quotable(text, this.secrets);
  }

  close(): Promise<void> {
    return this.dispatcher.destroy();
  }

  private async send({
    method,
    path,
    body,
    authorization,
    withinMs = Number.POSITIVE_INFINITY,
    signal,
  }: Call): Promise<Answer> {
    const { accessToken, baseUrl, userId } = this.endpoint;
    const own = accessToken !== undefined && {
      authorization: accessToken,
      ...(userId !== undefined && { "new-api-user": userId }),
    };
    const late = new AbortController();
    // AbortSignal.any() may lose an AbortSignal.timeout() to the garbage collector: nodejs/node#57736.
    const timer = setTimeout(
      () => late.abort(new DOMException("it took too long", "TimeoutError")),
      Math.ceil(Math.max(1, Math.min(this.limits.totalMs, withinMs))),
    );
    const silence = setTimeout(() => this.reportSilence(), this.limits.silenceMs);
    try {
      const response = await request(`${baseUrl}${path}`, {
        dispatcher: this.dispatcher,
        method,
        headers: {
          ...(authorization === undefined ? own : { authorization }),
          accept: "application/json",
          // Messages are translated by this header, and are read by a person.
          "accept-language": "en",
          "user-agent": "pulumi-cometapi",
          ...(body && { "content-type": "application/json" }),
        },
        body: body ? JSON.stringify(body) : null,
        signal: signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]),
      });
      clearTimeout(silence);
      return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
    } catch (error) {
      throw failedConnection(error, this.server);
    } finally {
      clearTimeout(timer);
      clearTimeout(silence);
    }
  }

  private reportSilence(): void {
    const now = performance.now();
    if (now - this.lastReport < reportEveryMs) return;
    this.lastReport = now;
    const [silent, most] = [this.limits.silenceMs, this.limits.headersMs].map((ms) => `${ms / 1000} s`);
    this.info(`no answer from ${this.endpoint.baseUrl} for ${silent}; each request waits for up to ${most}`);
  }

  unreadable(call: Call, why: string): NoAnswerError {
    return new NoAnswerError(
      `the answer of ${this.endpoint.baseUrl} to ${call.method} ${call.path} ${why}. ` +
        `If ${this.server.setting} is right, this is a change in CometAPI that pulumi-cometapi does not know`,
      { mayHaveActed: true, retry: false },
    );
  }

  /** Which field is wrong and what was expected: never its value, which may be a secret. */
  private shape(error: z.ZodError): string {
    const [shown, more] = [error.issues.slice(0, 3), error.issues.length - 3];
    const issues = shown.map(
      (issue) => `${issue.path.join(".") || "the body"}: ${this.redact(issue.message)}`,
    );
    return [...issues, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
  }
}

/** Undefined if `text` is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
