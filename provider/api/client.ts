import { z } from "zod";
import { groupsAnswer, type Model, modelsAnswer, userModelsAnswer } from "./catalogueWire";
import { NoAnswerError, RefusedError, unusable } from "./errors";
import { Requests, type Shared } from "./requests";
import type { Budget } from "./retry";
import type { Call } from "./transport";
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

/**
 * The account that a key belongs to, as state has it. `"own"` for a key that no state knows: whichever account it is that
 * the token belongs to. Undefined where a state does not say.
 */
export type Owner = number | "own" | undefined;

/**
 * CometAPI's key management. Reads are repeated by the retry policy; a write only when it certainly did not
 * happen. A write that may have happened ends in {@link NoAnswerError}: its caller looks before it tries again.
 */
export class CometApi {
  private readonly requests: Requests;

  /** @param owners the accounts that a new key may be in; undefined if any */
  constructor(
    private readonly shared: Shared,
    readonly budget: Budget,
    owners?: ReadonlySet<number>,
  ) {
    this.requests = new Requests(shared, budget, owners);
  }

  /** `POST /api/token/`. The answer holds neither id nor key. */
  async create(fields: KeyFields): Promise<void> {
    await this.requests.prepareCreate();
    await this.requests.write({ method: "POST", path: "/api/token/", body: createBody(fields) }, done);
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
    return this.expectId(call, record.id, await this.requests.write(call, recordAnswer));
  }

  /** `DELETE /api/token/{id}`. */
  async delete(id: string): Promise<void> {
    await this.requests.write({ method: "DELETE", path: `/api/token/${id}` }, done);
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
      return this.expectId(call, id, await this.requests.read(call, recordAnswer));
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

  /** The id of the account; undefined where nothing tells. */
  ownId(): Promise<number | undefined> {
    return this.shared.identity.ownId(this.budget);
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
    return this.requests.read({ method: "GET", path: "/api/user/self" }, selfAnswer);
  }

  /** `POST /api/token/batch/keys`: up to 100 keys in full, by id. */
  async revealTogether(ids: string[]): Promise<Map<string, string>> {
    const call: Call = { method: "POST", path: "/api/token/batch/keys", body: { ids: ids.map(Number) } };
    const keys = await this.requests.read(call, revealedKeys);
    for (const key of keys.values()) this.shared.transport.addSecret(key);
    return keys;
  }

  /** `POST /api/token/{id}/key`: one key in full. */
  async reveal(id: string): Promise<string> {
    const key = await this.requests.read({ method: "POST", path: `/api/token/${id}/key` }, revealedKey);
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
      return await this.requests.read(call, usageAnswer, plainEnvelope);
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
    const models = await this.requests.offered("/api/models", modelsAnswer);
    return models ?? this.requests.offered("/api/user/models", userModelsAnswer);
  }

  /** `GET /api/user/self/groups`: the names of the account's groups, sorted; undefined if the server does not list them. */
  groups(): Promise<string[] | undefined> {
    return this.requests.offered("/api/user/self/groups", groupsAnswer);
  }

  /** Reads what is not about one key. */
  get<T>(path: string, answer: z.ZodType<T>, verdictOf?: z.ZodType<Verdict>): Promise<T> {
    return this.requests.read({ method: "GET", path }, answer, verdictOf);
  }

  /** What errors call a setting. */
  settingLabel(name: "accessToken" | "baseUrl"): string {
    return this.shared.transport.settingLabel(name);
  }

  /** Whether quota is counted in CometAPI's unit: a New API, which names its version, may be set to another. */
  get countsInUsualUnit(): boolean {
    return this.shared.transport.version === undefined;
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
    const body = await this.requests.read(call, z.unknown());
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
    const read = () =>
      this.requests.read({ method: "GET", path: "/api/status" }, versionAnswer, plainEnvelope);
    const version = transport.version ?? (await read().catch(() => undefined));
    return version === undefined
      ? "it does not tell its version"
      : `it calls itself New API ${transport.redact(version)}`;
  }
}
