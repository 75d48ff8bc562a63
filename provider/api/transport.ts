import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from "undici";
import type { z } from "zod";
import { NoAnswerError, RefusedError } from "./errors";
import { isLoopback } from "./loopback";
import { quotable } from "./redact";
import { retryPolicy } from "./retry";
import { envelope, errorBody, type Verdict } from "./wire";

/** Where requests go, and as whom. */
export interface Endpoint {
  /** The personal access token, sent raw. Public data can be read without one. */
  accessToken: string | undefined;
  /** Without a slash at the end. */
  baseUrl: string;
  /** Sent as `New-Api-User`, for self-hosted New API. */
  userId: string | undefined;
  /** The name of a setting as the user knows it, for errors. */
  settingName(name: "accessToken" | "baseUrl"): string;
}

export interface Limits {
  connectMs: number;
  headersMs: number;
  /** Silence between two pieces of a body. */
  bodyMs: number;
  /** The whole exchange: a body that trickles in is never silent. */
  totalMs: number;
  bodyBytes: number;
}

export const defaultLimits: Limits = {
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
}

type Headers = Record<string, string | string[] | undefined>;

/** One HTTP exchange with CometAPI: sent once, never redirected, and either believed, refused or no answer. */
export class Transport {
  private readonly agent: Dispatcher;
  constructor(
    private readonly endpoint: Endpoint,
    /** What must never be printed: every token, and every key that was seen. */
    private readonly secrets: Set<string>,
    private readonly limits: Limits = defaultLimits,
  ) {
    const options = {
      connect: { timeout: limits.connectMs },
      headersTimeout: limits.headersMs,
      bodyTimeout: limits.bodyMs,
      maxResponseSize: limits.bodyBytes,
    };
    // A proxy would get the token in the clear from what is meant to stay on this machine.
    this.agent = isLoopback(new URL(endpoint.baseUrl)) ? new Agent(options) : new EnvHttpProxyAgent(options);
  }

  /** Has `secret` left out of everything that is quoted from now on. */
  addSecret(secret: string): void {
    this.secrets.add(secret);
  }

  private get addressSetting(): string {
    return this.endpoint.settingName("baseUrl");
  }

  async exchange<T>(call: Call, answer: z.ZodType<T>, verdictOf: z.ZodType<Verdict> = envelope): Promise<T> {
    const { status, headers, text } = await this.send(call);
    const body = parseJson(text);
    if (status >= 300) throw this.failure(status, headers, body);
    const verdict = verdictOf.safeParse(body);
    if (!verdict.success) {
      const said = errorBody.safeParse(body);
      if (said.success) throw new RefusedError(`"${this.redact(said.data.error.message)}"`, status);
      throw this.unreadable(
        call,
        body === undefined ? "is not JSON" : `lacks a usable "success": ${this.shape(verdict.error)}`,
      );
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
    return this.agent.destroy();
  }

  private async send({ method, path, body, authorization, withinMs = Number.POSITIVE_INFINITY }: Call) {
    const { accessToken, baseUrl, userId } = this.endpoint;
    const own = accessToken !== undefined && {
      authorization: accessToken,
      ...(userId !== undefined && { "new-api-user": userId }),
    };
    try {
      const response = await request(`${baseUrl}${path}`, {
        dispatcher: this.agent,
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
        signal: AbortSignal.timeout(Math.ceil(Math.max(1, Math.min(this.limits.totalMs, withinMs)))),
      });
      return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
    } catch (error) {
      throw this.lost(error);
    }
  }

  /** An HTTP error status, by the retry table of the API's documentation. */
  private failure(status: number, headers: Headers, body: unknown): Error {
    if (status < 400) {
      return new NoAnswerError(
        `${this.endpoint.baseUrl} answered with a redirect (HTTP ${status}), which is never followed with the token. ` +
          `Set ${this.addressSetting} to the address of the API itself`,
        { mayHaveActed: false, retry: false },
      );
    }
    const parsed = errorBody.safeParse(body);
    const soft = envelope.safeParse(body);
    const answer = parsed.success ? parsed.data.error.message : soft.success ? (soft.data.message ?? "") : "";
    const invalid = status === 500 && parsed.success && parsed.data.error.code === "invalid_request";
    const told = answer === "" ? "with no reason given" : `"${this.redact(answer)}"`;
    const retry = retryPolicy.statuses.includes(status);
    // A server that failed in a way of its own may have acted before it did.
    if (invalid || (!retry && status < 500)) return new RefusedError(told, status);
    return new NoAnswerError(`CometAPI answered HTTP ${status}, ${told}`, {
      mayHaveActed: !retryPolicy.untouchedStatuses.includes(status),
      retry,
      retryAfterMs: retryAfter(headers),
    });
  }

  private lost(cause: unknown): NoAnswerError {
    const { code = "", syscall, message } = innermost(cause);
    const reason = this.redact(message.includes(code) ? message : `${message} (${code})`);
    const origin = this.endpoint.baseUrl;
    if (neverConnected.test(code) || syscall === "connect") {
      return new NoAnswerError(
        `cannot reach ${origin}: ${reason}`,
        { mayHaveActed: false, retry: true, unreachable: true },
        { cause },
      );
    }
    if (untrusted.test(code)) {
      return new NoAnswerError(
        `cannot make a secure connection to ${origin}: ${reason}`,
        { mayHaveActed: false, retry: false },
        { cause },
      );
    }
    const tooLarge = code === "UND_ERR_RES_EXCEEDED_MAX_SIZE";
    return new NoAnswerError(
      `no complete answer from ${origin}: ${tooLarge ? `more than ${this.limits.bodyBytes} bytes` : reason}`,
      { mayHaveActed: true, retry: !tooLarge },
      { cause },
    );
  }

  unreadable(call: Call, why: string): NoAnswerError {
    return new NoAnswerError(
      `the answer of ${this.endpoint.baseUrl} to ${call.method} ${call.path} ${why}. ` +
        `If ${this.addressSetting} is right, this is a change in CometAPI that pulumi-cometapi does not know`,
      { mayHaveActed: true, retry: false },
    );
  }

  /** Which field is wrong and what was expected: never its value, which may be a secret. */
  private shape(error: z.ZodError): string {
    return error.issues
      .slice(0, 3)
      .map((issue) => `${issue.path.join(".") || "the body"}: ${this.redact(issue.message)}`)
      .join("; ");
  }
}

const neverConnected = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/;
/** Only what can happen before a request is sent. */
const untrusted =
  /^(CERT_|ERR_TLS_CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH)/;

/** The error that says what happened: undici and Node wrap it, and one address of several may have failed. */
function innermost(error: unknown): { code?: string; syscall?: string; message: string } {
  let inner = error;
  while (inner instanceof Error) {
    const next: unknown = inner instanceof AggregateError ? inner.errors[0] : inner.cause;
    if (!(next instanceof Error)) break;
    inner = next;
  }
  if (!(inner instanceof Error)) return { message: String(inner) };
  const { code, syscall, message }: NodeJS.ErrnoException = inner;
  // The code of a DOMException is a number, and says nothing.
  return { message, ...(typeof code === "string" && { code }), ...(syscall !== undefined && { syscall }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Retry-After is either seconds or a date, the latter by the server's clock. */
function retryAfter(headers: Headers): number | undefined {
  const { "retry-after": after, date } = headers;
  if (typeof after !== "string") return undefined;
  const serverNow = typeof date === "string" ? Date.parse(date) : Date.now();
  const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - serverNow;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
