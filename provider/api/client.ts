import { z } from "zod";
import type { Clock } from "./clock";
import { type NoAnswerError, RefusedError } from "./errors";
import { Gathering } from "./gathering";
import { KeyList } from "./keyList";
import { RefreshCache } from "./refreshCache";
import { Budget } from "./retry";
import { type Call, type Endpoint, type Limits, Transport } from "./transport";
import {
  createBody,
  type Item,
  type KeyFields,
  type KeyRecord,
  type KeyStatus,
  type KeyUsage,
  modelsAnswer,
  type Page,
  pageAnswer,
  plainEnvelope,
  record,
  recordAnswer,
  updateBody,
  usageAnswer,
  type Verdict,
} from "./wire";

const done = z.unknown();

/** What every operation of one account shares: connections and the walks over its list. */
export class Account {
  private readonly transport: Transport;
  private readonly listing: KeyList;
  private readonly survey: RefreshCache;
  private readonly gathering = new Gathering();

  constructor(
    endpoint: Endpoint,
    secrets: Set<string>,
    private readonly clock: Clock,
    private readonly notify: (line: string) => void,
    limits?: Limits,
  ) {
    this.transport = new Transport(endpoint, secrets, limits);
    this.listing = new KeyList(
      (page, size, budget) => this.within(budget).page(page, size),
      this.gathering,
      endpoint.settingName("accessToken"),
    );
    this.survey = new RefreshCache(this.listing);
  }

  /**
   * A client for one lifecycle operation, with that operation's budget of time.
   *
   * @param key the secret of the key in question, if known, so that no error quotes it
   * @param budgetMs for what is not worth the usual patience
   */
  operation(key?: string, budgetMs?: number): CometApi {
    if (key !== undefined) this.transport.addSecret(key);
    return this.within(new Budget(this.clock, this.notify, budgetMs));
  }

  private within(budget: Budget): CometApi {
    return new CometApi(this.transport, this.listing, this.survey, this.gathering, budget);
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}

/**
 * CometAPI's key management. Reads are repeated by the retry policy; a write only when it certainly did not
 * happen. A write that may have happened ends in {@link NoAnswerError}: its caller looks before it tries again.
 */
export class CometApi {
  constructor(
    private readonly transport: Transport,
    private readonly listing: KeyList,
    private readonly survey: RefreshCache,
    private readonly gathering: Gathering,
    readonly budget: Budget,
  ) {}

  /** `POST /api/token/`. The answer holds neither id nor key. */
  async create(fields: KeyFields): Promise<void> {
    await this.gathering.announcing(
      this.write({ method: "POST", path: "/api/token/", body: createBody(fields) }, done),
    );
  }

  /** `PUT /api/token/`, always with every editable field. `statusOnly` is how New API is told of a status. */
  async update(
    id: string,
    status: KeyStatus,
    fields: KeyFields,
    { statusOnly = false } = {},
  ): Promise<KeyRecord> {
    const path = statusOnly ? "/api/token/?status_only=true" : "/api/token/";
    const call: Call = { method: "PUT", path, body: updateBody(id, status, fields) };
    return this.expectId(call, id, await this.write(call, recordAnswer));
  }

  /** `DELETE /api/token/{id}`. */
  async delete(id: string): Promise<void> {
    await this.gathering.announcing(this.write({ method: "DELETE", path: `/api/token/${id}` }, done));
  }

  /** `GET /api/token/?p=…`, newest first. */
  async page(page: number, size: number): Promise<Page> {
    const call: Call = { method: "GET", path: `/api/token/?p=${page}&page_size=${size}` };
    const found = await this.read(call, pageAnswer);
    for (const { raw } of found.items)
      if (typeof raw["key"] === "string") this.transport.addSecret(raw["key"]);
    return found;
  }

  /**
   * The key as it is now; `undefined` once the list proved that it is gone. `GET /api/token/{id}` cannot tell
   * a key that is gone from a token that is bad: both are the same soft refusal, in any language.
   */
  async find(id: string, owner: number | undefined): Promise<KeyRecord | undefined> {
    const call: Call = { method: "GET", path: `/api/token/${id}` };
    try {
      return this.expectId(call, id, await this.read(call, recordAnswer));
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      return this.listed(id, owner);
    }
  }

  /** Like {@link find}, but reads made at the same time share what they ask. Not for a key about to be changed. */
  async findAmongOthers(id: string, owner: number | undefined): Promise<KeyRecord | undefined> {
    const item = await this.survey.find(id, owner, this.budget);
    return item === undefined ? this.find(id, owner) : this.full(item);
  }

  /** The key as the list of its owner's account has it; `undefined` proves that the list does not hold it. */
  async listed(id: string, owner: number | undefined): Promise<KeyRecord | undefined> {
    return this.full(await this.listing.withId(id, owner, this.budget));
  }

  /** The newest key of exactly this name. Not finding one proves nothing: the list may lag behind. */
  async newestNamed(name: string): Promise<KeyRecord | undefined> {
    return this.full(await this.listing.newestNamed(name, this.budget));
  }

  /** Every key of exactly this name, from a walk over the whole account. */
  async allNamed(name: string): Promise<KeyRecord[]> {
    return (await this.listing.allNamed(name, this.budget)).map((item) => this.full(item));
  }

  /** Every key of the account, newest first. */
  async all(): Promise<KeyRecord[]> {
    return (await this.listing.all(this.budget)).map((item) => this.full(item));
  }

  /** `GET /api/usage/token/`: what a key is told of itself, by its own secret. */
  usage(key: string): Promise<KeyUsage> {
    this.transport.addSecret(key);
    const call: Call = { method: "GET", path: "/api/usage/token/", authorization: `Bearer ${key}` };
    return this.read(call, usageAnswer, plainEnvelope);
  }

  /** `GET /api/models`: the ids of the catalogue, sorted. */
  models(): Promise<string[]> {
    // Nothing is at stake, so it need not outlast its budget by an answer that does not come.
    const call = (): Call => ({ method: "GET", path: "/api/models", withinMs: this.budget.left() });
    return this.budget.retrying(
      () => this.transport.exchange(call(), modelsAnswer, plainEnvelope),
      () => true,
    );
  }

  /** A stranger's words, fit to be shown. */
  redact(text: string): string {
    return this.transport.redact(text);
  }

  private full(item: Item): KeyRecord;
  private full(item: Item | undefined): KeyRecord | undefined;
  private full(item: Item | undefined): KeyRecord | undefined {
    return item && this.seen(this.transport.parse({ method: "GET", path: "/api/token/" }, record, item.raw));
  }

  private expectId(call: Call, id: string, found: KeyRecord): KeyRecord {
    if (this.seen(found).id === id) return found;
    throw this.transport.unreadable(call, `is about another key, ${found.id}`);
  }

  private seen(found: KeyRecord): KeyRecord {
    this.transport.addSecret(found.key);
    return found;
  }

  private read<T>(call: Call, answer: z.ZodType<T>, verdictOf?: z.ZodType<Verdict>): Promise<T> {
    return this.budget.retrying(
      () => this.transport.exchange(call, answer, verdictOf),
      () => true,
    );
  }

  private write<T>(call: Call, answer: z.ZodType<T>): Promise<T> {
    this.survey.forget();
    const harmless = (error: NoAnswerError) => !error.mayHaveActed;
    return this.budget.retrying(() => this.transport.exchange(call, answer), harmless);
  }
}
