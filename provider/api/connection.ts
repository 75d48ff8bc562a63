import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from "undici";

/** A proxy that requests go through, as the environment names it. */
export interface HttpProxy {
  /** The variable that names it, such as `HTTPS_PROXY`. */
  variable: string;
  /** Without credentials. */
  url: string;
  /** `user:password`. */
  credentials: string | undefined;
}

export interface Limits {
  /** An answer that has not begun by then is reported, so that nobody takes the run for dead. */
  silenceMs: number;
  connectMs: number;
  headersMs: number;
  /** Silence between two pieces of a body. */
  bodyMs: number;
  /** The whole exchange: a body that trickles in is never silent. */
  totalMs: number;
  bodyBytes: number;
}

/** No connection was established, so nothing of the request was sent. Its cause says why. */
export class NotConnectedError extends Error {
  constructor(
    cause: unknown,
    /** The proxy that failed, and the HTTP status of its answer, if it gave one. Undefined if no proxy failed. */
    readonly atProxy?: { status?: number },
  ) {
    super("unconnected", { cause });
  }
}

/** Connects to one server, through the proxy if there is one. */
export function openConnections(proxy: HttpProxy | undefined, limits: Limits): Dispatcher {
  const options = {
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyMs,
    maxResponseSize: limits.bodyBytes,
  };
  const connect = { timeout: limits.connectMs };
  if (proxy === undefined) return new Agent({ ...options, connect: reporting(buildConnector(connect)) });
  return new ProxyAgent({
    ...options,
    uri: proxy.url,
    ...(proxy.credentials !== undefined && {
      token: `Basic ${Buffer.from(proxy.credentials).toString("base64")}`,
    }),
    proxyTls: connect,
    requestTls: connect,
    clientFactory: (origin, own) => proxyPool(origin, own, limits.connectMs),
    // What the agent connects with: through the tunnel that the pool above opens.
    factory: (origin, own: { connect: buildConnector.connector }) =>
      new Pool(origin, { ...own, connect: reporting(own.connect) }),
  });
}

/** Reports every failure to connect as a {@link NotConnectedError}: undici's own errors do not tell whether a request was sent. */
function reporting(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...[error, socket]) =>
      error === null
        ? callback(null, socket)
        : callback(error instanceof NotConnectedError ? error : new NotConnectedError(error), null),
    );
}

type ConnectOptions = Omit<Dispatcher.ConnectOptions, "origin">;

/** Connections to a proxy. By itself undici retries a proxy that hangs up until the whole exchange times out. */
function proxyPool(origin: URL, options: object, answerMs: number): Pool {
  const pool = new Pool(origin, options);
  const connect: (options: ConnectOptions) => Promise<Dispatcher.ConnectData> = pool.connect;
  return Object.assign(pool, {
    async connect(options: ConnectOptions): Promise<Dispatcher.ConnectData> {
      let answer: Dispatcher.ConnectData;
      try {
        answer = await connect.call(pool, { ...options, signal: AbortSignal.timeout(answerMs) });
      } catch (cause) {
        throw new NotConnectedError(cause, {});
      }
      const { statusCode: status, socket } = answer;
      if (status === 200) return answer;
      socket.on("error", () => undefined).destroy();
      throw new NotConnectedError(undefined, { status });
    },
  });
}
