import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { createServer as createTlsServer } from "node:tls";
import { type Answer, type Fault, faults } from "../server";

export type Kind = "POST" | "list" | "PUT" | "get" | "self" | "DELETE";

/** One way for a request to go wrong. */
export interface Trouble {
  name: string;
  /** Whether the server has carried out the request all the same. */
  acted: boolean;
  /** What the retry policy promises: one such answer to any request does no harm. */
  retried: boolean;
  /** A plain no, which CometAPI also says of a key that is not there: the list is asked instead. */
  refused?: true;
  /** No trouble in the end: the answer comes whole, only strangely. */
  harmless?: true;
  /** How long requests wait for it at most, besides the two minutes of an operation. */
  waitMs?: number;
  /** Needs a client that gives up sooner than after a minute. */
  impatient?: true;
  /** What the server does. */
  fault?: Fault;
  /** Where the request goes instead: it never reaches the server. */
  elsewhere?: () => string;
}

/** Writes may have been carried out before their answer went wrong. */
function both(name: string, retried: boolean, fault: Fault, more: Partial<Trouble> = {}): Trouble[] {
  return [
    { name: `${name}, before acting`, acted: false, retried, fault, ...more },
    {
      name: `${name}, after acting`,
      acted: true,
      retried,
      fault: (exchange) => {
        exchange.act();
        return fault(exchange);
      },
      ...more,
    },
  ];
}

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  body,
  headers,
});
const problem = (code: string) => ({
  error: { code, message: "something went wrong", type: "comet_api_error" },
});
const page = "<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>";
/** A rate limit that does not end is given up after an hour. */
const limited = { waitMs: 3_600_000 };
const busy = (headers: Record<string, string>) => faults.answer(answer(429, problem("rate_limit"), headers));

/** In many small pieces, but as fast as they go. */
const trickleWhole: Fault = async (exchange): Promise<"handled"> => {
  const payload = exchange.head(exchange.act());
  for (let sent = 0; sent < payload.length; sent += 32) {
    exchange.response.write(payload.subarray(sent, sent + 32));
    await setImmediate();
  }
  exchange.response.end();
  return "handled";
};

/** What answers in the place of a host that is not CometAPI. */
export interface Strangers {
  /** Another host, which notes everything it is sent. */
  other: string;
  /** A TLS server nobody can agree with. */
  speechless: string;
  /** A TLS server with a certificate nobody signed. */
  selfSigned: string;
}

export function troubles(strangers: Strangers): Trouble[] {
  const unreached = (name: string, retried: boolean, elsewhere: () => string): Trouble => ({
    name,
    acted: false,
    retried,
    elsewhere,
  });
  const untouched = (name: string, retried: boolean, fault: Fault, more: Partial<Trouble> = {}): Trouble => ({
    name,
    acted: false,
    retried,
    fault,
    ...more,
  });
  return [
    // Nothing listens on port 1, and a label of 64 characters is in no domain: no resolver need be asked.
    unreached("connection refused", true, () => "http://127.0.0.1:1"),
    unreached("DNS failure", true, () => `http://${"a".repeat(64)}.invalid`),
    unreached("TLS failure", true, () => strangers.speechless),
    unreached("a certificate nobody signed", false, () => strangers.selfSigned),
    ...both("reset", true, faults.reset()),
    ...both("closed without a word", true, faults.close()),
    ...both("no answer ever", true, faults.never(), { impatient: true }),
    { name: "cut in half", acted: true, retried: true, fault: faults.cutInHalf() },
    { name: "trickling, but whole", acted: true, retried: true, harmless: true, fault: trickleWhole },
    { name: "trickling for ever", acted: true, retried: true, impatient: true, fault: faults.trickle(30) },
    untouched("429", true, busy({}), limited),
    untouched("429 with Retry-After in seconds", true, busy({ "retry-after": "7" }), limited),
    untouched(
      "429 with Retry-After as a date",
      true,
      ({ request }) =>
        answer(429, problem("rate_limit"), {
          date: new Date(request.at).toUTCString(),
          "retry-after": new Date(request.at + 7000).toUTCString(),
        }),
      limited,
    ),
    untouched("429 with Retry-After of an hour", false, busy({ "retry-after": "3600" })),
    ...both("500", true, faults.answer(answer(500, problem("internal_error")))),
    untouched("500 invalid_request", false, faults.answer(answer(500, problem("invalid_request"))), {
      refused: true,
    }),
    ...[502, 503, 504, 524].flatMap((status) => both(`${status}`, true, faults.answer(answer(status, page)))),
    untouched("301", false, ({ request }) => answer(301, page, { location: `${request.path}/` })),
    untouched("a redirect to another host", false, ({ request }) =>
      answer(307, page, { location: `${strangers.other}${request.path}` }),
    ),
    ...both("HTML with status 200", false, faults.html()),
    ...both("invalid JSON", false, faults.invalidJson()),
    ...both("JSON of the wrong shape", false, faults.wrongShape()),
    untouched("success:false in Chinese", false, faults.refuse("系统繁忙，请稍后再试"), { refused: true }),
    untouched("success:false in French", false, faults.refuse("le jeton a expiré"), { refused: true }),
    ...both("a body of 100 MB", false, faults.huge()),
  ];
}

/**
 * Whether an operation succeeds although one request meets this trouble, once or from then on always. Nothing
 * where both are right: an update that was perhaps lost is looked for, and what it changed may be seen or not.
 */
export function survived(trouble: Trouble, kind: Kind, times: number): boolean | undefined {
  const { harmless, acted, retried, refused } = trouble;
  if (harmless || (retried && times === 1)) return true;
  if (kind === "get") return refused === true;
  // A server need not tell whose token it is: then the settings do. One that tells later is waited for.
  if (kind === "self") return !retried && !trouble.name.startsWith("429");
  if (kind === "list") return false;
  // A write that was carried out is found by looking, whatever became of its answer.
  if (acted) return true;
  return kind === "PUT" && times === 1 && refused === undefined ? undefined : false;
}

/** The two TLS servers; both drop whatever comes through. */
export async function startTls(): Promise<{ speechless: Server; selfSigned: Server }> {
  const pem = readFileSync(join(__dirname, "self-signed.pem"));
  const speechless = createTlsServer();
  const selfSigned = createTlsServer({ key: pem, cert: pem });
  for (const server of [speechless, selfSigned]) {
    server.on("tlsClientError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  return { speechless, selfSigned };
}

export function secureUrl(server: Server): string {
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
