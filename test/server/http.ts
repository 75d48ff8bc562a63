import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

/** One request as it reached the server, whole. */
export interface ApiRequest {
  /** Counts up from 1 over the server's life. */
  readonly seq: number;
  /** Server time of arrival, Unix milliseconds. */
  readonly at: number;
  readonly method: string;
  /** Path with query, as sent. */
  readonly path: string;
  readonly pathname: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The body as parsed JSON; undefined when there was none or it was not JSON. */
  readonly body: unknown;
  readonly remoteAddress: string;
}

/** One answer. A string body is sent as it is, "" without a content type, anything else as JSON. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export const html = (status: number, text: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { "content-type": "text/html; charset=utf-8", ...headers },
  body: `<!DOCTYPE html><html><body><h1>${text}</h1></body></html>`,
});

/** A failure in the `{"error":{code,message,type}}` shape (D). */
export const failure = (status: number, code: string, message: string, type = "comet_api_error"): Answer => ({
  status,
  body: { error: { code, message, type } },
});

/** The key in `Authorization: Bearer <key>` (S), if that is what the header is. */
export function bearer(request: ApiRequest): string | undefined {
  return /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
}

/** Where a request comes from: the socket, or what a trusted proxy says. */
export function clientAddress(request: ApiRequest, trustForwardedFor: boolean): string {
  const forwarded = trustForwardedFor ? request.headers["x-forwarded-for"] : undefined;
  return forwarded?.toString().split(",")[0]?.trim() || request.remoteAddress;
}

/** A request once it has arrived whole. */
export async function receive(incoming: IncomingMessage): Promise<Omit<ApiRequest, "seq" | "at">> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const { method = "", url = "", headers, socket } = incoming;
  const { pathname, searchParams } = new URL(`http://server${url}`);
  return {
    method,
    path: url,
    pathname,
    query: searchParams,
    headers,
    body: parseJson(Buffer.concat(chunks).toString()),
    remoteAddress: socket.remoteAddress ?? "",
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
