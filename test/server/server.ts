import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Account,
  type AccountOptions,
  type KeyFields,
  type KeyRecord,
  type KeyView,
  Store,
  type StoredKey,
  view,
} from "./account";
import type { Backend, Settings } from "./backend";
import { Clock } from "./clock";
import { Exchange, type Fault, type LoggedRequest, type Matcher, matches } from "./faults";
import type { ApiRequest } from "./http";
import { cometApi, type Personality } from "./personality";
import { route, watch } from "./routes";

export interface ServerOptions extends Partial<Settings> {
  /** Default 0: any free one. */
  port?: number;
  /** The clock, Unix milliseconds. Default `Date.now`. */
  now?: () => number;
  /** Where the backend departs from CometAPI as documented. */
  personality?: Partial<Personality>;
  /** Default one account with a random token. */
  accounts?: AccountOptions[];
}

/** Something a correct client never does. */
export interface Violation {
  readonly request: number;
  readonly rule: string;
}

/** A fault hung on the server. */
export interface HungFault {
  /** How many requests it has hit. */
  readonly hits: number;
  remove(): void;
}

interface ArmedFault {
  matcher: Matcher;
  fault: Fault;
  times: number;
  seen: number;
  hits: number;
}

/** Starts CometAPI's key management and model endpoints on 127.0.0.1. Rejects when the port is taken. */
export async function startServer(options: ServerOptions = {}): Promise<CometServer> {
  const http = createServer();
  const server = new CometServer(http, options);
  http.listen(options.port ?? 0, "127.0.0.1");
  await once(http, "listening");
  return server;
}

/** A running server, and everything a test may ask of it or do to it. */
export class CometServer {
  /** Live: a change counts from the next request on. */
  readonly personality: Personality;
  /** Live: a change counts from the next request on. */
  readonly settings: Settings;
  readonly violations: Violation[] = [];
  /** Every request since the start or the last `clearRequests`. */
  readonly requests: LoggedRequest[] = [];
  readonly #http: Server;
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #backend: Backend;
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #faults: ArmedFault[] = [];
  #seq = 0;

  constructor(http: Server, options: ServerOptions) {
    const { port, now, personality, accounts = [{}], ...settings } = options;
    this.personality = { ...cometApi, ...personality };
    this.settings = {
      hardTokenRefusal: false,
      listLagMs: 0,
      getLagMs: 0,
      models: ["gpt-5", "gpt-5-mini", "claude-opus-4-6", "gemini-3-pro"],
      cost: 10,
      trustForwardedFor: false,
      ...settings,
    };
    this.#clock = new Clock(now);
    this.#store = new Store(this.#clock);
    for (const account of accounts) this.#store.addAccount(account);
    this.#backend = {
      store: this.#store,
      clock: this.#clock,
      personality: this.personality,
      settings: this.settings,
      violate: (request, rule) => this.violations.push({ request: request.seq, rule }),
    };
    this.#http = http;
    http.on("request", (incoming, response) => {
      // A client that vanished in the middle of its request is nobody's failure.
      this.#serve(incoming, response).catch((error: NodeJS.ErrnoException) => {
        response.destroy();
        if (error.code !== "ECONNRESET") throw error;
      });
    });
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  /** The base URL, without a trailing slash. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get accounts(): readonly Account[] {
    return this.#store.accounts;
  }

  /** The first account. */
  get account(): Account {
    const [first] = this.accounts;
    if (!first) throw new Error("this server was started without an account");
    return first;
  }

  addAccount(options?: AccountOptions): Account {
    return this.#store.addAccount(options);
  }

  /** Server time, Unix milliseconds. */
  now(): number {
    return this.#clock.now();
  }

  advance(ms: number): void {
    this.#clock.advance(ms);
  }

  setTime(ms: number): void {
    this.#clock.setTime(ms);
  }

  /** One key as stored, deleted or not, never masked. Throws if there never was one. */
  key(id: number): KeyView {
    return view(this.#stored(id));
  }

  /** All keys of all accounts, oldest first, deleted ones too. */
  keys(): KeyView[] {
    return this.#store.all().map(view);
  }

  /** What a person does on CometAPI's web console, past every check of the API and any fault. */
  readonly console = {
    create: (fields: Partial<KeyFields> = {}, account: Account = this.account): KeyView => {
      const whole: KeyFields = {
        name: "made on the console",
        expired_time: -1,
        remain_quota: 100_000,
        unlimited_quota: false,
        model_limits_enabled: false,
        model_limits: "",
        allow_ips: null,
        group: "",
        cross_group_retry: false,
        ...fields,
      };
      return view(this.#store.create(account, whole, this.personality.keyPrefix));
    },
    /** As if the server had been running ever since it showed this record, to the account that owns it. */
    restore: (record: KeyRecord): KeyView => {
      const owner = this.accounts.find(({ userId }) => userId === record.user_id);
      if (!owner) throw new Error(`key ${record.id} belongs to account ${record.user_id}, which is not here`);
      return view(this.#store.restore(owner, record));
    },
    update: (id: number, change: Partial<KeyFields & Pick<KeyRecord, "status">>): KeyView => {
      this.#store.change(this.#living(id), change);
      return this.key(id);
    },
    delete: (id: number): void => this.#store.delete(this.#living(id)),
    /** Use of the key as if by a model request, but unchecked. */
    spend: (id: number, amount: number): KeyView => {
      this.#store.spend(this.#living(id), amount);
      return this.key(id);
    },
  };

  /** Hangs a fault on the next request that matches, or on the next `times`. The oldest fault goes first. */
  fault(matcher: Matcher, fault: Fault, { times = 1 }: { times?: number } = {}): HungFault {
    const armed: ArmedFault = { matcher, fault, times, seen: 0, hits: 0 };
    this.#faults.push(armed);
    return {
      get hits() {
        return armed.hits;
      },
      remove: () => this.#disarm(armed),
    };
  }

  clearRequests(): void {
    this.requests.length = 0;
  }

  /** The first logged or coming request that matches, once it has arrived whole, before it is acted on. */
  received(predicate: (request: LoggedRequest) => boolean): Promise<LoggedRequest> {
    return this.#first("received", predicate);
  }

  /** The first logged or coming request that matches, once its answer is out or its connection gone. */
  finished(predicate: (request: LoggedRequest) => boolean): Promise<LoggedRequest> {
    return this.#first("finished", predicate);
  }

  /** Calls back for every request to come, once it is finished. */
  onFinished(listener: (request: LoggedRequest) => void): void {
    this.#events.on("finished", listener);
  }

  /** Stops listening and drops every connection, idle, hanging or busy. */
  async close(): Promise<void> {
    if (!this.#http.listening) return;
    const closed = once(this.#http, "close");
    this.#http.close();
    this.#http.closeAllConnections();
    await closed;
  }

  #first(event: "received" | "finished", predicate: (request: LoggedRequest) => boolean) {
    const known = this.requests.find(
      (request) => (event === "received" || request.finishedAt !== undefined) && predicate(request),
    );
    if (known) return Promise.resolve(known);
    return new Promise<LoggedRequest>((resolve) => {
      const listener = (request: LoggedRequest) => {
        if (!predicate(request)) return;
        this.#events.off(event, listener);
        resolve(request);
      };
      this.#events.on(event, listener);
    });
  }

  #stored(id: number): StoredKey {
    const key = this.#store.byId(id);
    if (!key) throw new Error(`the server never had a key ${id}`);
    return key;
  }

  #living(id: number): StoredKey {
    const key = this.#stored(id);
    if (key.deletedAt !== undefined) throw new Error(`key ${id} is deleted`);
    return key;
  }

  #disarm(armed: ArmedFault): void {
    const index = this.#faults.indexOf(armed);
    if (index >= 0) this.#faults.splice(index, 1);
  }

  #nextFault(request: ApiRequest): Fault | undefined {
    for (const armed of this.#faults) {
      if (!matches(armed.matcher, request) || ++armed.seen < (armed.matcher.nth ?? 1)) continue;
      if (++armed.hits >= armed.times) this.#disarm(armed);
      return armed.fault;
    }
    return undefined;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await this.#receive(incoming);
    this.requests.push(request);
    response.once("close", () => {
      request.finishedAt = this.now();
      this.#events.emit("finished", request);
    });
    this.#events.emit("received", request);
    watch(this.#backend, request);
    const exchange = new Exchange(request, response, () => route(this.#backend, request));
    const outcome = await this.#nextFault(request)?.(exchange);
    if (outcome !== "handled") exchange.send(outcome ?? exchange.act());
  }

  async #receive(incoming: IncomingMessage): Promise<LoggedRequest> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = "", url = "", headers, socket } = incoming;
    const { pathname, searchParams } = new URL(`http://server${url}`);
    return {
      seq: ++this.#seq,
      at: this.now(),
      method,
      path: url,
      pathname,
      query: searchParams,
      headers,
      body: parseJson(Buffer.concat(chunks).toString()),
      remoteAddress: socket.remoteAddress ?? "",
    };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
