import { randomInt } from "node:crypto";
import type { Clock } from "./clock";

/** 1 enabled, 2 disabled, 3 expired, 4 exhausted; only 1 serves model requests (S). 0 is an omitted one. */
export const Status = { enabled: 1, disabled: 2, expired: 3, exhausted: 4 } as const;

/** What an author of a key decides, `status` apart: the body of a create (S). */
export interface KeyFields {
  name: string;
  /** Unix seconds, -1 never (S). */
  expired_time: number;
  /** What is left, in CometAPI's internal units (S). */
  remain_quota: number;
  unlimited_quota: boolean;
  model_limits_enabled: boolean;
  /** Comma-joined model ids (S). */
  model_limits: string;
  /** Addresses and CIDRs split by newlines; null or "" is no restriction (S). */
  allow_ips: string | null;
  group: string;
  cross_group_retry: boolean;
}

/** A key's record as the API knows it (S), always with the key in the clear. */
export interface KeyRecord extends KeyFields {
  id: number;
  user_id: number;
  key: string;
  status: number;
  created_time: number;
  accessed_time: number;
  used_quota: number;
}

/**
 * A change of a key's quota. A grant is what setting `remain_quota` added to remain + used, negative when it
 * took away; setting it to what was left grants nothing and is not booked. A spend moves remain to used.
 */
export interface LedgerEntry {
  readonly kind: "grant" | "spend";
  readonly amount: number;
  /** Server time, Unix milliseconds. */
  readonly at: number;
  /** The request that did it; absent for the console. */
  readonly request?: number;
}

/** The request a key came from: which POST, and its body as received. */
export interface Origin {
  readonly request: number;
  readonly body: unknown;
}

/** Everything the server knows of one key; tests may trust it. */
export interface KeyView extends Readonly<KeyRecord> {
  readonly ledger: readonly LedgerEntry[];
  /** Absent for a key made on the console. */
  readonly createdBy?: Origin;
  /** Server time in Unix milliseconds; absent while the key lives. */
  readonly deletedAt?: number;
}

export interface AccountOptions {
  /** The personal access token, sent raw in `Authorization` (S). */
  token?: string;
  userId?: number;
  /** Groups its keys may name (S). */
  groups?: string[];
}

/** A key in the store. Its record is replaced on every change, never edited, so older ones stay true. */
export interface StoredKey {
  record: KeyRecord;
  readonly account: Account;
  readonly ledger: LedgerEntry[];
  readonly versions: { at: number; record: KeyRecord | undefined }[];
  readonly createdBy?: Origin;
  deletedAt?: number;
}

export interface Account extends Readonly<Required<AccountOptions>> {
  /** Oldest first; a list reads it from the end (S: newest first). */
  readonly living: StoredKey[];
  readonly ever: StoredKey[];
}

/** How far back a lagging list can look. Older versions are dropped, or busy keys would fill the memory. */
const versionsKeptMs = 60_000;

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export function randomText(length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** Accounts, keys and ledgers: the only place where any of them changes. */
export class Store {
  readonly accounts: Account[] = [];
  readonly #accountsByToken = new Map<string, Account>();
  readonly #byId = new Map<number, StoredKey>();
  readonly #byKey = new Map<string, StoredKey>();
  #lastId = 1000;

  constructor(private readonly clock: Clock) {}

  addAccount(options: AccountOptions = {}): Account {
    const account: Account = {
      token: options.token ?? randomText(32),
      userId: options.userId ?? 5000 + this.accounts.length,
      groups: options.groups ?? ["default", "vip", "auto"],
      living: [],
      ever: [],
    };
    this.accounts.push(account);
    this.#accountsByToken.set(account.token, account);
    return account;
  }

  accountOf(token: string): Account | undefined {
    return this.#accountsByToken.get(token);
  }

  /** Deleted ones too. */
  byId(id: number): StoredKey | undefined {
    return this.#byId.get(id);
  }

  /** Deleted ones too. */
  byKey(key: string): StoredKey | undefined {
    return this.#byKey.get(key);
  }

  all(): StoredKey[] {
    return [...this.#byId.values()];
  }

  create(account: Account, fields: KeyFields, keyPrefix: string, createdBy?: Origin): StoredKey {
    // Ids ascend over all accounts with gaps, so nobody can guess the next one.
    this.#lastId += randomInt(1, 4);
    const created = this.clock.seconds();
    const record: KeyRecord = {
      id: this.#lastId,
      user_id: account.userId,
      key: keyPrefix + randomText(48),
      status: Status.enabled,
      ...fields,
      created_time: created,
      accessed_time: created,
      used_quota: 0,
    };
    const key: StoredKey = { record, account, ledger: [], versions: [], ...(createdBy && { createdBy }) };
    this.#add(key);
    this.#book(key, "grant", record.remain_quota, createdBy?.request);
    return key;
  }

  /** Puts a key back as it was when it was last seen. Later ones get higher ids; so must those put back. */
  restore(account: Account, record: KeyRecord): StoredKey {
    if (record.id <= this.#lastId)
      throw new Error(`key ${record.id} is older than a key that is here already`);
    this.#lastId = record.id;
    const key: StoredKey = { record, account, ledger: [], versions: [] };
    this.#add(key);
    this.#book(key, "grant", record.remain_quota + record.used_quota);
    this.#book(key, "spend", record.used_quota);
    return key;
  }

  change(key: StoredKey, change: Partial<KeyRecord>, request?: number): void {
    const before = key.record.remain_quota + key.record.used_quota;
    key.record = { ...key.record, ...change };
    this.#remember(key, key.record);
    this.#book(key, "grant", key.record.remain_quota + key.record.used_quota - before, request);
  }

  /** Takes from what is left and adds to what is used; their sum stays (S, B). */
  spend(key: StoredKey, amount: number, request?: number): void {
    const { remain_quota, used_quota } = key.record;
    key.record = {
      ...key.record,
      remain_quota: remain_quota - amount,
      used_quota: used_quota + amount,
      accessed_time: this.clock.seconds(),
    };
    this.#remember(key, key.record);
    this.#book(key, "spend", amount, request);
  }

  delete(key: StoredKey): void {
    key.deletedAt = this.clock.now();
    key.account.living.splice(key.account.living.indexOf(key), 1);
    this.#remember(key, undefined);
  }

  /** A key's record as it was `lagMs` ago; undefined if it was not there. */
  asOf(key: StoredKey, lagMs: number): KeyRecord | undefined {
    const horizon = this.clock.now() - lagMs;
    return key.versions.findLast((version) => version.at <= horizon)?.record;
  }

  #add(key: StoredKey): void {
    const { account, record } = key;
    this.#remember(key, record);
    account.living.push(key);
    account.ever.push(key);
    this.#byId.set(record.id, key);
    this.#byKey.set(record.key, key);
  }

  #remember(key: StoredKey, record: KeyRecord | undefined): void {
    const at = this.clock.now();
    key.versions.push({ at, record });
    while ((key.versions[1]?.at ?? at) < at - versionsKeptMs) key.versions.shift();
  }

  #book(key: StoredKey, kind: LedgerEntry["kind"], amount: number, request?: number): void {
    if (amount === 0) return;
    key.ledger.push({ kind, amount, at: this.clock.now(), ...(request !== undefined && { request }) });
  }
}

/** A snapshot of a stored key for tests to look at. */
export function view(key: StoredKey): KeyView {
  return {
    ...key.record,
    ledger: [...key.ledger],
    ...(key.createdBy && { createdBy: key.createdBy }),
    ...(key.deletedAt !== undefined && { deletedAt: key.deletedAt }),
  };
}
