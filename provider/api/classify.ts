import type { HttpProxy, Limits } from "./connection";
import { NotConnectedError } from "./connection";
import { NoAnswerError, RefusedError } from "./errors";
import { retryPolicy } from "./retry";
import { envelope, errorBody } from "./wire";

/** What a failure is reported about. */
export interface Server extends Pick<Limits, "bodyBytes"> {
  baseUrl: string;
  proxy: HttpProxy | undefined;
  /** The name of the setting that holds `baseUrl`. */
  setting: string;
  /** Makes somebody else's text fit to be shown. */
  redact(text: string): string;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** An HTTP error status, by the retry table of the API's documentation. */
export function failedAnswer(answer: Answer, body: unknown, server: Server): Error {
  const { status, headers, text } = answer;
  if (status < 400) {
    return new NoAnswerError(
      `${server.baseUrl} answered with a redirect (HTTP ${status}), which is never followed with the token. ` +
        `Set ${server.setting} to the address of the API itself`,
      { mayHaveActed: false, retry: false },
    );
  }
  if (body === undefined && isPage(text)) return notFromCometApi(answer, server);
  const parsed = errorBody.safeParse(body);
  const soft = envelope.safeParse(body);
  const words = parsed.success ? parsed.data.error.message : soft.success ? (soft.data.message ?? "") : "";
  const invalid = status === 500 && parsed.success && parsed.data.error.code === "invalid_request";
  const reason = words === "" ? "with no reason given" : `"${server.redact(words)}"`;
  // A server that failed in a way of its own may have acted before it did.
  if (invalid || (!isRetried(status) && status < 500)) return new RefusedError(reason, status);
  return new NoAnswerError(`CometAPI answered HTTP ${status}, ${reason}`, {
    mayHaveActed: mayHaveActed(status),
    retry: isRetried(status),
    limited: status === retryPolicy.limit.status,
    retryAfterMs: retryAfter(headers),
  });
}

/** CometAPI answers in JSON, and so does New API: anything else is the answer of something in between. */
export function notFromCometApi({ status, headers, text }: Answer, server: Server): NoAnswerError {
  const words = firstWords(text, server.redact);
  const page = `a page that is not JSON${words === "" ? "" : ` and begins "${words}"`}`;
  const retry = isRetried(status);
  const { hostname } = new URL(server.baseUrl);
  return new NoAnswerError(
    `${server.baseUrl} answered HTTP ${status} with ${page}. Something in between answered in place of ` +
      `CometAPI: a firewall, a proxy, a login page or another web server. ${
        retry ? "If this goes on, ask" : `Check ${server.setting}, and if it is right, ask`
      } whoever runs your network to let requests to ${hostname} through`,
    {
      httpStatus: status,
      // A page with an error of the client's, such as 403, refuses a request instead of passing it on.
      mayHaveActed: status < 400 || (status >= 500 && mayHaveActed(status)),
      retry,
      limited: status === retryPolicy.limit.status,
      retryAfterMs: retryAfter(headers),
    },
  );
}

/** The connection failed, before, while or after the request was sent. */
export function failedConnection(error: unknown, server: Server): NoAnswerError {
  const { code = "", name = "", message } = innermost(error);
  const reason = server.redact(message.includes(code) ? message : `${message} (${code})`);
  const failed = notConnected(error);
  if (failed?.atProxy !== undefined && server.proxy !== undefined)
    return proxyFailed(
      server.proxy,
      failed.atProxy.status,
      proxySilences.get(code || name) ?? reason,
      server,
    );
  if (untrusted.test(code)) {
    return new NoAnswerError(
      `cannot make a secure connection to ${server.baseUrl}: ${reason}. If your network inspects TLS traffic, set ` +
        "NODE_EXTRA_CA_CERTS to the file with its certificate",
      { mayHaveActed: false, retry: false },
      { cause: error },
    );
  }
  if (failed !== undefined) {
    return new NoAnswerError(
      `cannot reach ${server.baseUrl}: ${reason}`,
      { mayHaveActed: false, retry: true, unreachable: true },
      { cause: error },
    );
  }
  const tooLarge = code === "UND_ERR_RES_EXCEEDED_MAX_SIZE";
  return new NoAnswerError(
    `no complete answer from ${server.baseUrl}: ${tooLarge ? `more than ${server.bodyBytes} bytes` : reason}`,
    { mayHaveActed: true, retry: !tooLarge },
    { cause: error },
  );
}

const silent = "it did not answer";

/** The proxy did not open a tunnel, so CometAPI saw nothing. */
function proxyFailed(
  { variable, url, credentials }: HttpProxy,
  status: number | undefined,
  reason: string,
  { baseUrl }: Server,
): NoAnswerError {
  const { host, hostname } = new URL(baseUrl);
  const proxy = `the proxy ${url} (from ${variable})`;
  const refused = (text: string) => new NoAnswerError(text, { mayHaveActed: false, retry: false });
  if (status === 407 && credentials === undefined)
    return refused(
      `${proxy} wants a user name and a password (HTTP 407). Put them into ${variable}, as in http://user:password@proxy.example.com:3128`,
    );
  if (status === 407)
    return refused(`${proxy} refused the user name or the password in ${variable} (HTTP 407). Correct them`);
  const ask = `Ask whoever runs the proxy to allow ${host}, or add ${hostname} to NO_PROXY if it can be reached without the proxy`;
  if (status !== undefined && !isRetried(status))
    return refused(`${proxy} refused to connect to ${host} (HTTP ${status}). ${ask}`);
  const failure =
    status === undefined
      ? `cannot connect through ${proxy}: ${reason}`
      : `${proxy} cannot connect to ${host} (HTTP ${status})`;
  return new NoAnswerError(`${failure}. Check ${variable}. ${ask}`, {
    mayHaveActed: false,
    // Another 10 seconds of silence would tell nothing new.
    retry: reason !== silent,
    unreachable: true,
  });
}

/** undici's words for a proxy that says nothing, by error code or name. */
const proxySilences = new Map([
  ["UND_ERR_SOCKET", "it closed the connection without an answer"],
  ["TimeoutError", silent],
]);

function isRetried(status: number): boolean {
  return retryPolicy.statuses.includes(status);
}

function mayHaveActed(status: number): boolean {
  return !retryPolicy.untouchedStatuses.includes(status);
}

/** Only what can happen before a request is sent. */
const untrusted =
  /^(CERT_|ERR_TLS_CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH)/;

function notConnected(error: unknown): NotConnectedError | undefined {
  for (let inner = error; inner instanceof Error; inner = inner.cause)
    if (inner instanceof NotConnectedError) return inner;
  return undefined;
}

/** The error that says what happened: undici and Node wrap it, and one address of several may have failed. */
function innermost(error: unknown): { code?: string; name?: string; message: string } {
  let inner = error;
  while (inner instanceof Error) {
    const next: unknown = inner instanceof AggregateError ? inner.errors[0] : inner.cause;
    if (!(next instanceof Error)) break;
    inner = next;
  }
  if (!(inner instanceof Error)) return { message: String(inner) };
  const { code, name, message }: NodeJS.ErrnoException = inner;
  // The code of a DOMException is a number, and says nothing.
  return { name, message, ...(typeof code === "string" && { code }) };
}

/** Whether an answer was not even meant to be JSON. Nothing at all, and JSON cut short, are no page. */
export function isPage(text: string): boolean {
  return /^\s*[^\s{["]/.test(text);
}

/** As much of a page as is looked at, and as is shown. */
const most = { read: 10_000, words: 8, shown: 80 };

/**
 * The title of a page, or the first of its words; `…` if there are more. Secrets are hidden first: what is left of one that
 * was cut is no longer found.
 */
function firstWords(text: string, redact: Server["redact"]): string {
  const [, title = ""] = /<title[^>]*>([^<]*)/i.exec(text) ?? [];
  const plain = text
    .slice(0, most.read)
    .replace(/<(script|style)\b.*?(<\/\1>|$)/gis, " ")
    .replace(/<[^>]*(>|$)/g, " ");
  const isTitle = title.trim() !== "";
  const words = redact(isTitle ? title : plain).split(" ");
  const shown = words.slice(0, most.words).join(" ");
  if (shown.length > most.shown) return `${shown.slice(0, most.shown)}…`;
  const isCut = words.length > most.words || (!isTitle && shown !== "" && text.length > most.read);
  return isCut && !shown.endsWith("…") ? `${shown}…` : shown;
}

/** Retry-After is either seconds or a date, the latter by the server's clock. */
function retryAfter(headers: Answer["headers"]): number | undefined {
  const { "retry-after": after, date } = headers;
  if (typeof after !== "string") return undefined;
  const serverNow = typeof date === "string" ? Date.parse(date) : Date.now();
  const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - serverNow;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
