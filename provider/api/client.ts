import { z } from "zod";
import { AccountIdentity } from "./accountIdentity";
import { groupsAnswer, type Model, modelsAnswer, userModelsAnswer } from "./catalogueWire";
import type { Clock } from "./clock";
import { NoAnswerError, RefusedError, unusable } from "./errors";
import { FirstKey } from "./firstKey";
import { KeyList } from "./keyList";
import { LookupBatcher } from "./lookupBatcher";
import { Pace } from "./pace";
import { RefreshCache } from "./refreshCache";
import { Budget } from "./retry";
import { Secrets } from "./secrets";
import { Seekers } from "./seekers";
import { type Call, type Endpoint, type Limits, Transport } from "./transport";
import {
  createBody,
  type Item,
  type KeyFields,
  type KeyIdentity,
  type KeyRecord,
  type KeyStatus,
  type KeyUsage,
  oldPageAnswer,
  type Page,
  pageAnswer,
  plainEnvelope,
  record,
  recordAnswer,
  revealedKey,
  revealedKeys,
  selfAnswer,
  updateBody,
  usageAnswer,
  usageOf,
  type Verdict,
  versionAnswer,
} from "./wire";

const done = z.unknown();

/** One operation on an account, by what is known about it before it begins. */
export interface Operation {
  /** The key it is about and its secret, as far as state has them. No error quotes the secret. */
  id?: string | undefined;
  key?: string | undefined;
  /** Whether it creates a key. It then waits until keys are known to be readable, or goes ahead of the others. */
  creates?: boolean;
  /** The accounts that the stack's other keys belong to: a new key must not end up in another one. */
  owners?: ReadonlySet<number>;
  /** Whether it may need the secret of its key. Default true. */
  wantsSecret?: boolean;
  /** For what is not worth the usual patience, nor waiting for a rate limit. */
  budgetMs?: number | undefined;
}

/**
 * The account that a key belongs to, as state has it. `"own"` for a key that no state knows: whichever account it is that
 * the token belongs to. Undefined where a state does not say.
 */
export type Owner = number | "own" | undefined;

/** What the operations of one account share: connections, walks over its list, and what is known about the account. */
export class Account {
  private readonly transport: Transport;
  private readonly listing: KeyList;
  private readonly survey: RefreshCache;
  private readonly batcher = new LookupBatcher();
  private readonly identity: AccountIdentity;
  private readonly firstKey = new FirstKey();
  private readonly seekers = new Seekers();
  private readonly secrets: Secrets;
  private readonly pace: Pace;
  private readonly hasToken: boolean;
  private underWay = 0;

  constructor(
    endpoint: Endpoint,
    secrets: Set<string>,
    private readonly clock: Clock,
    private readonly notify: (line: string) => void,
    limits?: Limits,
  ) {
    this.hasToken = endpoint.accessToken !== undefined;
    this.pace = new Pace(clock, notify, () => this.underWay);
    this.transport = new Transport(endpoint, secrets, limits);
    this.listing = new KeyList((page, size, budget) => this.within(budget).page(page, size), this.batcher);
    this.survey = new RefreshCache(this.listing);
    this.identity = new AccountIdentity(
      {
        self: (budget) => this.within(budget).self(),
        firstPage: (budget) => this.within(budget).page(1, 100),
      },
      {
        token: endpoint.settingName("accessToken"),
        userId: endpoint.settingName("userId"),
        declaredId: endpoint.userId === undefined ? undefined : Number(endpoint.userId),
      },
    );
    this.secrets = new Secrets(
      {
        batch: (ids, budget) => this.within(budget).revealTogether(ids),
        one: (id, budget) => this.within(budget).reveal(id),
      },
      this.seekers,
      () => this.firstKey.readable(),
    );
  }

  /** Runs one operation, with a budget of time of its own. */
  async run<T>(work: (api: CometApi) => Promise<T>, operation: Operation = {}): Promise<T> {
    const { id, key, creates = false } = operation;
    if (key !== undefined) this.transport.addSecret(key);
    if (key !== undefined && id !== undefined) this.secrets.remember(id, key);
    let ended = () => {};
    this.underWay++;
    try {
      if (creates) ended = await this.firstKey.turn(() => this.secrets.assertNotRefused());
      return await this.begin(work, operation);
    } finally {
      this.underWay--;
      ended();
    }
  }

  private async begin<T>(work: (api: CometApi) => Promise<T>, operation: Operation): Promise<T> {
    const { owners, wantsSecret = true, budgetMs } = operation;
    const isPatient = budgetMs === undefined;
    const stoodStillMs = isPatient ? () => this.pace.stoodStillMs() : undefined;
    const budget = new Budget(this.clock, this.notify, budgetMs, stoodStillMs);
    if (wantsSecret) this.seekers.begin(budget);
    try {
      return await work(this.within(budget, owners, isPatient));
    } finally {
      this.seekers.end(budget);
    }
  }

  private within(budget: Budget, owners?: ReadonlySet<number>, isPatient = true): CometApi {
    const { transport, listing, survey, batcher, identity, secrets, hasToken } = this;
    const pace = isPatient ? this.pace : undefined;
    return new CometApi(
      { transport, listing, survey, batcher, identity, secrets, pace, hasToken },
      budget,
      owners,
    );
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}

interface Shared {
  transport: Transport;
  listing: KeyList;
  survey: RefreshCache;
  batcher: LookupBatcher;
  identity: AccountIdentity;
  secrets: Secrets;
  /** Undefined for what would rather fail than wait for a rate limit. */
  pace: Pace | undefined;
  hasToken: boolean;
}

/**
 * CometAPI's key management. Reads are repeated by the retry policy; a write only when it certainly did not
 * happen. A write that may have happened ends in {@link NoAnswerError}: its caller looks before it tries again.
 */
export class CometApi {
  constructor(
    private readonly shared: Shared,
    readonly budget: Budget,
    /** The accounts that a new key may be in; undefined if any. */
    private readonly owners?: ReadonlySet<number>,
  ) {}

  /** `POST /api/token/`. The answer holds neither id nor key. */
  async create(fields: KeyFields): Promise<void> {
    await this.prepareCreate();
    await this.write({ method: "POST", path: "/api/token/", body: createBody(fields) }, done);
  }

  /**
   * `PUT /api/token/`, always with every editable field. `statusOnly` is how New API takes a status.
   *
   * @param record the key as it was last read
   */
  async update(
    record: KeyRecord,
    status: KeyStatus,
    fields: KeyFields,
    { statusOnly = false } = {},
  ): Promise<KeyRecord> {
    const path = statusOnly ? "/api/token/?status_only=true" : "/api/token/";
    const call: Call = { method: "PUT", path, body: updateBody(record, status, fields) };
    return this.expectId(call, record.id, await this.write(call, recordAnswer));
  }

  /** `DELETE /api/token/{id}`. */
  async delete(id: string): Promise<void> {
    await this.write({ method: "DELETE", path: `/api/token/${id}` }, done);
  }

  /** `GET /api/token/?p=…`, newest first. */
  async page(page: number, size: number): Promise<Page> {
    const { transport, identity, secrets } = this.shared;
    const found = await this.readPage({ method: "GET", path: `/api/token/?p=${page}&page_size=${size}` });
    for (const { raw } of found.items) {
      if (typeof raw["key"] === "string") transport.addSecret(raw["key"]);
      secrets.note(raw["key"]);
    }
    identity.noteListed(found.items);
    return found;
  }

  /**
   * The key as it is now; `undefined` once the list proved that it is gone. `GET /api/token/{id}` cannot tell
   * a key that is gone from a token that is bad: both are the same soft refusal, in any language.
   */
  async find(id: string, owner: Owner): Promise<KeyRecord | undefined> {
    const call: Call = { method: "GET", path: `/api/token/${id}` };
    try {
      return this.expectId(call, id, await this.read(call, recordAnswer));
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      return this.listed(id, owner);
    }
  }

  /** Like {@link find}, but reads made at the same time share what they ask. Not for a key about to be changed. */
  async findAmongOthers(id: string, owner: Owner): Promise<KeyRecord | undefined> {
    const item = await this.shared.survey.find(id, this.budget);
    return item === undefined ? this.find(id, owner) : this.full(item);
  }

  /**
   * Whose the key is and when it was created, which never change. Costs no request if the list was walked recently.
   * Undefined once the key is proved gone.
   */
  async identify(id: string, owner: Owner): Promise<KeyIdentity | undefined> {
    const item = this.shared.listing.recentlyListed(id, this.budget);
    return item === undefined ? this.findAmongOthers(id, owner) : this.full(item);
  }

  /** The key as the list has it. Undefined proves that it is gone: the list of its account does not hold it. */
  async listed(id: string, owner: Owner): Promise<KeyRecord | undefined> {
    const { listing, identity } = this.shared;
    const item = await listing.withId(id, this.budget);
    if (item === undefined && owner !== "own") await identity.assertIsListOf(owner, this.budget);
    return this.full(item);
  }

  /** The newest key of exactly this name. Not finding one proves nothing: the list may lag behind. */
  async newestNamed(name: string): Promise<KeyRecord | undefined> {
    return this.full(await this.shared.listing.newestNamed(name, this.budget));
  }

  /** Every key of exactly this name, from a walk over the whole account. */
  async allNamed(name: string): Promise<KeyRecord[]> {
    return (await this.shared.listing.allNamed(name, this.budget)).map((item) => this.full(item));
  }

  /** Every key of the account, newest first, without those of others that an administrator is shown. */
  async all(): Promise<KeyRecord[]> {
    const { listing, identity } = this.shared;
    const items = await identity.own(await listing.all(this.budget), this.budget);
    return items.map((item) => this.full(item));
  }

  /** @throws {NoAnswerError} when a key is not, or may not be, one of the account's own */
  assertOwn(found: KeyRecord): Promise<void> {
    return this.shared.identity.assertOwn(found, this.budget);
  }

  /**
   * The record with its secret, revealed if need be: together with others that are wanted at the same time.
   *
   * @throws {NoAnswerError} when the server shows a mask only and does not reveal the key
   */
  inFull(found: KeyRecord): Promise<KeyRecord> {
    return this.shared.secrets.inFull(found, this.budget);
  }

  /** Makes sure that keys of this server can be read, by this one. Costs no request if that is known. */
  async assertReadable(found: KeyRecord): Promise<void> {
    if (!this.shared.secrets.areReadable) await this.inFull(found);
  }

  /** `GET /api/user/self`: the id of the account. */
  self(): Promise<number> {
    return this.read({ method: "GET", path: "/api/user/self" }, selfAnswer);
  }

  /** `POST /api/token/batch/keys`: up to 100 keys in full, by id. */
  async revealTogether(ids: string[]): Promise<Map<string, string>> {
    const call: Call = { method: "POST", path: "/api/token/batch/keys", body: { ids: ids.map(Number) } };
    const keys = await this.read(call, revealedKeys);
    for (const key of keys.values()) this.shared.transport.addSecret(key);
    return keys;
  }

  /** `POST /api/token/{id}/key`: one key in full. */
  async reveal(id: string): Promise<string> {
    const key = await this.read({ method: "POST", path: `/api/token/${id}/key` }, revealedKey);
    this.shared.transport.addSecret(key);
    return key;
  }

  /**
   * `GET /api/usage/token/`: what a key can read about itself, by its own secret. Where the account's token is known, the list
   * tells the same of many keys at once, and of a key that the endpoint refuses.
   */
  async usage(key: string): Promise<KeyUsage> {
    const { transport, listing, survey, hasToken } = this.shared;
    transport.addSecret(key);
    const item = hasToken ? await survey.findBySecret(key, this.budget) : undefined;
    if (item !== undefined) return usageOf(this.full(item));
    const call: Call = { method: "GET", path: "/api/usage/token/", authorization: `Bearer ${key}` };
    try {
      return await this.read(call, usageAnswer, plainEnvelope);
    } catch (error) {
      const isFinal =
        error instanceof RefusedError || (error instanceof NoAnswerError && !error.traits.retry);
      if (!isFinal || !hasToken) throw error;
      const listed = await listing.withSecret(key, this.budget).catch(() => undefined);
      if (listed === undefined) throw error;
      return usageOf(this.full(listed));
    }
  }

  /** The models on offer, sorted by id; undefined if the server does not list them. */
  async models(): Promise<Model[] | undefined> {
    const models = await this.offered("/api/models", modelsAnswer);
    return models ?? this.offered("/api/user/models", userModelsAnswer);
  }

  /** `GET /api/user/self/groups`: the names of the account's groups, sorted; undefined if the server does not list them. */
  groups(): Promise<string[] | undefined> {
    return this.offered("/api/user/self/groups", groupsAnswer);
  }

  /** Undefined if the server has nothing at that path. */
  private async offered<T>(path: string, answer: z.ZodType<T>): Promise<T | undefined> {
    // Nothing is at stake, so an answer that does not come must not outlast the budget.
    const call = (): Call => ({ method: "GET", path, withinMs: this.budget.left() });
    try {
      return await this.budget.retrying(
        () => this.send(call, answer, plainEnvelope),
        () => true,
      );
    } catch (error) {
      if (error instanceof RefusedError && error.httpStatus === 404) return undefined;
      if (error instanceof NoAnswerError && error.traits.httpStatus === 404) return undefined;
      throw error;
    }
  }

  /** Reads what is not about one key. */
  get<T>(path: string, answer: z.ZodType<T>, verdictOf?: z.ZodType<Verdict>): Promise<T> {
    return this.read({ method: "GET", path }, answer, verdictOf);
  }

  /** A stranger's words, fit to be shown. */
  redact(text: string): string {
    return this.shared.transport.redact(text);
  }

  private full(item: Item): KeyRecord;
  private full(item: Item | undefined): KeyRecord | undefined;
  private full(item: Item | undefined): KeyRecord | undefined {
    return (
      item && this.seen(this.shared.transport.parse({ method: "GET", path: "/api/token/" }, record, item.raw))
    );
  }

  private expectId(call: Call, id: string, found: KeyRecord): KeyRecord {
    const seen = this.seen(found);
    if (seen.id === id) return seen;
    throw this.shared.transport.unreadable(call, `is about another key, ${found.id}`);
  }

  private seen(found: KeyRecord): KeyRecord {
    this.shared.transport.addSecret(found.shownKey);
    return this.shared.secrets.fill(found);
  }

  private async readPage(call: Call): Promise<Page> {
    const { transport } = this.shared;
    const body = await this.read(call, z.unknown());
    try {
      if (oldPageAnswer.safeParse(body).success)
        throw unusable("the server lists keys in the way of New API before July 2025. Update the server");
      return transport.parse(call, pageAnswer, body);
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      const supported = "supported are CometAPI, and New API from December 2025 on";
      throw error.adding(`(${await this.version()}; ${supported})`);
    }
  }

  private async version(): Promise<string> {
    const { transport } = this.shared;
    const read = () => this.read({ method: "GET", path: "/api/status" }, versionAnswer, plainEnvelope);
    const version = transport.version ?? (await read().catch(() => undefined));
    return version === undefined
      ? "it does not tell its version"
      : `it calls itself New API ${transport.redact(version)}`;
  }

  private read<T>(call: Call, answer: z.ZodType<T>, verdictOf?: z.ZodType<Verdict>): Promise<T> {
    return this.budget.retrying(
      () => this.send(() => call, answer, verdictOf),
      () => true,
    );
  }

  /**
   * Makes sure that a key can be created: the list can be read, and is not that of an account the stack has no keys in.
   * Requests what is not known in this run.
   */
  private async prepareCreate(): Promise<void> {
    const { identity, secrets } = this.shared;
    secrets.assertNotRefused();
    await this.preparing(identity.assertListable(this.budget));
    if (this.owners !== undefined && this.owners.size > 0)
      await this.preparing(identity.assertIsOneOf(this.owners, this.budget));
  }

  /** What is done before a write: if it goes unanswered, nothing was written. */
  private preparing(work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) => {
      throw error instanceof NoAnswerError ? error.beforeWrite() : error;
    });
  }

  private async write<T>(call: Call, answer: z.ZodType<T>): Promise<T> {
    const { survey, identity } = this.shared;
    await this.preparing(identity.assertListable(this.budget));
    survey.forget();
    const harmless = (error: NoAnswerError) => !error.mayHaveActed;
    return this.budget.retrying(() => this.send(() => call, answer), harmless);
  }

  /** @param call asked for when its turn has come, and anew after each refusal for a rate limit */
  private send<T>(call: () => Call, answer: z.ZodType<T>, verdictOf?: z.ZodType<Verdict>): Promise<T> {
    const { transport, pace, batcher } = this.shared;
    const exchange = () => {
      const now = call();
      const sent = transport.exchange(now, answer, verdictOf);
      return isLookedUpAfter(now) ? batcher.track(sent) : sent;
    };
    return pace === undefined ? exchange() : pace.run(call().path, exchange);
  }
}

/** Whether a create or a delete. */
function isLookedUpAfter({ method, path }: Call): boolean {
  return method === "DELETE" || (method === "POST" && path === "/api/token/");
}
