import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ArmedFaults, type HungFault } from "./armed";
import type { Backend, Settings } from "./backend";
import { Clock } from "./clock";
import { Console } from "./console";
import { Exchange, type Fault, type LoggedRequest, type Matcher } from "./faults";
import { receive } from "./http";
import { Windows } from "./limits";
import { RequestLog } from "./log";
import { cometApi } from "./personalities";
import type { Personality } from "./personality";
import { type Account, type AccountOptions, type Change, type KeyView, view } from "./records";
import { route, watch } from "./routes";
import { Store } from "./store";

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
  /** What a person does on CometAPI's web console, or a gateway by itself. */
  readonly console: Console;
  readonly #http: Server;
  readonly #clock: Clock;
  readonly #backend: Backend;
  readonly #log = new RequestLog();
  readonly #faults = new ArmedFaults();
  #seq = 0;

  constructor(http: Server, options: ServerOptions) {
    const { port, now, personality, accounts = [{}], ...settings } = options;
    this.personality = { ...cometApi, ...personality };
    this.settings = {
      hardTokenRefusal: false,
      listLagMs: 0,
      getLagMs: 0,
      models: ["gpt-5", "gpt-5-mini", "claude-opus-4-6", "gemini-3-pro"],
      modelRows: {},
      quotaPerUnit: 500_000,
      cost: 10,
      trustForwardedFor: false,
      ...settings,
    };
    this.#clock = new Clock(now);
    this.#backend = {
      store: new Store(this.#clock),
      clock: this.#clock,
      windows: new Windows(),
      personality: this.personality,
      settings: this.settings,
      violate: (request, rule) => this.violations.push({ request: request.seq, rule }),
    };
    for (const account of accounts) this.addAccount(account);
    this.console = new Console(this.#backend);
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
    return view(this.#store.find(id));
  }

  /** Gives the first account another token, as its owner can in the console. */
  resetToken(): void {
    this.#store.resetToken(this.account);
  }

  /** All keys of all accounts, oldest first, deleted ones too. */
  keys(): KeyView[] {
    return this.#store.all().map(view);
  }

  /** What a key was granted in all: remaining + used, which neither use nor a hold or its give-back changes. */
  granted(id: number): number {
    return sumOf(this.key(id), "grant");
  }

  /** What the settled requests of a key really cost. */
  spent(id: number): number {
    return sumOf(this.key(id), "spend");
  }

  /** What is held for requests of a key that are still under way; part of its `used_quota`. */
  held(id: number): number {
    return this.#store.find(id).held;
  }

  /** Every change of a key but by use, oldest first, with the record before and after. */
  changes(id: number): readonly Change[] {
    return this.#store.find(id).changes;
  }

  /** Hangs a fault on the next request that matches, or on the next `times`. The oldest fault goes first. */
  fault(matcher: Matcher, fault: Fault, { times = 1 }: { times?: number } = {}): HungFault {
    return this.#faults.arm(matcher, fault, times);
  }

  /** Every request since the start or the last `clearRequests`. */
  get requests(): LoggedRequest[] {
    return this.#log.requests;
  }

  /** The logged requests that a rate limit refused. */
  get rateLimited(): LoggedRequest[] {
    return this.requests.filter(({ acted }) => acted?.status === 429);
  }

  clearRequests(): void {
    this.requests.length = 0;
  }

  /** The first logged or coming request that matches, once it has arrived whole, before it is acted on. */
  received(predicate: (request: LoggedRequest) => boolean): Promise<LoggedRequest> {
    return this.#log.first("received", predicate);
  }

  /** The first logged or coming request that matches, once its answer is out or its connection gone. */
  finished(predicate: (request: LoggedRequest) => boolean): Promise<LoggedRequest> {
    return this.#log.first("finished", predicate);
  }

  /** Calls back for every request to come, once it is finished. */
  onFinished(listener: (request: LoggedRequest) => void): void {
    this.#log.on("finished", listener);
  }

  /** Stops listening and drops every connection, idle, hanging or busy. */
  async close(): Promise<void> {
    if (!this.#http.listening) return;
    const closed = once(this.#http, "close");
    this.#http.close();
    this.#http.closeAllConnections();
    await closed;
  }

  /** As of now: whatever has fallen due has happened. */
  get #store(): Store {
    this.#clock.catchUp();
    return this.#backend.store;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = await receive(incoming);
    this.#clock.countRequest();
    const request: LoggedRequest = { seq: ++this.#seq, at: this.now(), ...received };
    this.#log.add(request);
    response.once("close", () => {
      request.finishedAt = this.now();
      this.#log.announce("finished", request);
    });
    this.#log.announce("received", request);
    watch(this.#backend, request);
    const exchange = new Exchange(request, response, () => {
      this.#clock.catchUp();
      return route(this.#backend, request);
    });
    const outcome = await this.#faults.next(request)?.(exchange);
    if (outcome !== "handled") exchange.send(outcome ?? exchange.act());
  }
}

function sumOf({ ledger }: KeyView, kind: "grant" | "spend"): number {
  return ledger.reduce((sum, entry) => sum + (entry.kind === kind ? entry.amount : 0), 0);
}
