import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { type Answer, type ApiRequest, html } from "./http";

/** A request in the server's log, with what became of it. */
export interface LoggedRequest extends ApiRequest {
  /** What the endpoint did and would say; absent if it never acted. */
  acted?: Answer;
  /** What was sent, whole; absent if a fault broke the answer or withheld it. */
  answer?: Answer;
  /** Server time when the answer was out or the connection gone. */
  finishedAt?: number;
}

/** What a fault works with: the request, and the means to act on it or to spoil its answer. */
export class Exchange {
  constructor(
    readonly request: LoggedRequest,
    readonly response: ServerResponse,
    private readonly endpoint: () => Answer,
  ) {}

  /** Lets the endpoint act, once however often it is called, and returns what it would answer. */
  act(): Answer {
    this.request.acted ??= this.endpoint();
    return this.request.acted;
  }

  /** Sends an answer whole. */
  send(answer: Answer): void {
    // The client may have gone while a fault held its request.
    if (this.response.destroyed) return;
    const payload = this.head(answer);
    this.request.answer = answer;
    this.response.end(payload);
  }

  /** Sends status and headers, and returns the body that they announce. */
  head(answer: Answer): Buffer {
    const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? null);
    const payload = Buffer.from(text);
    this.response.writeHead(answer.status, {
      ...(payload.length > 0 && { "content-type": "application/json; charset=utf-8" }),
      "content-length": payload.length,
      ...answer.headers,
    });
    return payload;
  }
}

/**
 * What happens to a request instead of, or around, its endpoint. Returning nothing goes on as usual, an
 * answer is sent in place of the endpoint's, "handled" means the fault has seen to the connection itself.
 * An async one pauses the request until it resolves.
 */
export type Fault = (exchange: Exchange) => Outcome | Promise<Outcome>;
// biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing is typed void
type Outcome = Answer | "handled" | void;

/** Which requests a fault is for. Everything given must hold. */
export interface Matcher {
  method?: string;
  /** The whole path without query, or a pattern for the path with query. */
  path?: string | RegExp;
  when?: (request: ApiRequest) => boolean;
  /** Spare the first n - 1 matching requests. */
  nth?: number;
}

export function matches(matcher: Matcher, request: ApiRequest): boolean {
  const { method, path, when } = matcher;
  if (method !== undefined && method !== request.method) return false;
  if (typeof path === "string" && path !== request.pathname) return false;
  if (path instanceof RegExp && !path.test(request.path)) return false;
  return when?.(request) ?? true;
}

interface Acting {
  /** Let the endpoint act before its answer is lost. Default false. */
  act?: boolean;
}

const instead =
  (answer: Answer) =>
  ({ act = false }: Acting = {}): Fault =>
  (exchange) => {
    if (act) exchange.act();
    return answer;
  };

/** Faults to hang on `server.fault`. */
export const faults = {
  /** Resets the connection (RST) without a word. */
  reset:
    ({ act = false }: Acting = {}): Fault =>
    (exchange) => {
      if (act) exchange.act();
      exchange.response.socket?.resetAndDestroy();
      return "handled";
    },

  /** Closes the connection (FIN) without a word. */
  close:
    ({ act = false }: Acting = {}): Fault =>
    (exchange) => {
      if (act) exchange.act();
      exchange.response.socket?.destroy();
      return "handled";
    },

  /** Never answers; the connection stays open. */
  never:
    ({ act = false }: Acting = {}): Fault =>
    (exchange) => {
      if (act) exchange.act();
      return "handled";
    },

  /** Any answer at all, in place of the endpoint's. */
  answer: (answer: Answer, acting?: Acting): Fault => instead(answer)(acting),

  /** A page where JSON was due, with status 200 (D). */
  html: instead(html(200, "Welcome to CometAPI")),

  /** JSON that breaks off, under a content-length that is right. */
  invalidJson: instead({ status: 200, body: '{"success":true,"message":"","data":{' }),

  /** JSON of a shape nobody documented. */
  wrongShape: instead({ status: 200, body: { success: "yes", data: { items: "none" } } }),

  /** The normal refusal with a text of your choice (S, N). */
  refuse: (message: string, acting?: Acting): Fault =>
    instead({ status: 200, body: { success: false, message } })(acting),

  /** A redirect, which must never be followed with the token (D). */
  redirect: (location: string, acting?: Acting): Fault => instead(html(302, "Found", { location }))(acting),

  /** Acts, then sends the head and half of the body, and closes the connection. */
  cutInHalf: (): Fault => (exchange) => {
    const payload = exchange.head(exchange.act());
    exchange.response.write(payload.subarray(0, payload.length >> 1), () => exchange.response.destroy());
    return "handled";
  },

  /** Acts, then sends the answer a byte at a time, one each `everyMs`. */
  trickle:
    (everyMs: number): Fault =>
    async (exchange): Promise<Outcome> => {
      const answer = exchange.act();
      const payload = exchange.head(answer);
      for (const byte of payload) {
        await wait(everyMs, undefined, { ref: false });
        if (exchange.response.destroyed) return "handled";
        exchange.response.write(Buffer.of(byte));
      }
      exchange.request.answer = answer;
      exchange.response.end();
      return "handled";
    },

  /** Streams JSON whitespace for as long as the client takes it, 100 MB unless told. */
  huge:
    (bytes = 100 * 2 ** 20): Fault =>
    async ({ response }): Promise<Outcome> => {
      const chunk = Buffer.alloc(2 ** 16, " ");
      const gone = new AbortController();
      response.once("close", () => gone.abort());
      response.writeHead(200, { "content-type": "application/json" });
      for (let sent = 0; sent < bytes && !response.destroyed; sent += chunk.length) {
        if (response.write(chunk)) continue;
        await once(response, "drain", { signal: gone.signal }).catch(() => undefined);
      }
      response.end();
      return "handled";
    },

  /** Waits, then goes on as usual: acts even if the client has given up by then, as a slow server would. */
  latency:
    (ms: number): Fault =>
    async () => {
      await wait(ms, undefined, { ref: false });
    },
};
