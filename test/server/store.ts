import { randomInt } from "node:crypto";
import type { Clock } from "./clock";
import {
  type Account,
  type AccountOptions,
  type KeyFields,
  type KeyRecord,
  type LedgerEntry,
  type Origin,
  Status,
  type StoredKey,
} from "./records";

/** How far back a lagging list can look. Older versions are dropped, or busy keys would fill the memory. */
const versionsKeptMs = 60_000;

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export function randomText(length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** An estimate that was taken and awaits its real cost. */
export interface Hold {
  /** Once only; 0 gives all of it back. */
  settle(cost: number): void;
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
      balance: options.balance ?? 50_000_000,
      administrator: options.administrator ?? false,
      banned: options.banned ?? false,
      requestCount: 0,
      uses: [],
      living: [],
      ever: [],
    };
    this.accounts.push(account);
    this.#accountsByToken.set(account.token, account);
    return account;
  }

  /** As in the console: the old token is unknown from now on. */
  resetToken(account: Account): void {
    this.#accountsByToken.delete(account.token);
    account.token = randomText(32);
    this.#accountsByToken.set(account.token, account);
  }

  accountOf(token: string): Account | undefined {
    return this.#accountsByToken.get(token);
  }

  /** Deleted ones too. */
  byId(id: number): StoredKey | undefined {
    return this.#byId.get(id);
  }

  /** Deleted ones too; throws if there never was one. */
  find(id: number): StoredKey {
    const key = this.#byId.get(id);
    if (!key) throw new Error(`the server never had a key ${id}`);
    return key;
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
    const key: StoredKey = { record, account, ...unused(), ...(createdBy && { createdBy }) };
    this.#add(key);
    this.#book(key, "grant", record.remain_quota, createdBy?.request);
    return key;
  }

  /** Puts a key back as it was when it was last seen. Later ones get higher ids; so must those put back. */
  restore(account: Account, record: KeyRecord): StoredKey {
    if (record.id <= this.#lastId)
      throw new Error(`key ${record.id} is older than a key that is here already`);
    this.#lastId = record.id;
    const key: StoredKey = { record, account, ...unused() };
    this.#add(key);
    this.#book(key, "grant", record.remain_quota + record.used_quota);
    this.#book(key, "spend", record.used_quota);
    return key;
  }

  change(key: StoredKey, change: Partial<KeyRecord>, request?: number): void {
    const before = key.record;
    const after = { ...before, ...change };
    this.#set(key, after);
    this.#byKey.set(after.key, key);
    if (after.key !== before.key) this.#byKey.delete(before.key);
    key.changes.push({ ...(request !== undefined && { request }), before, after });
    this.#book(key, "grant", sum(after) - sum(before), request);
  }

  /** A use whose cost was known at once. */
  spend(key: StoredKey, amount: number, request?: number): void {
    this.#move(key, amount);
    this.#bookUse(key, amount, request);
  }

  /**
   * Takes an estimate before the cost is known: remain - h, used + h (N). Settling it gives the rest back,
   * remain + (h - c), used - (h - c), or takes more; whatever a PUT has stored meanwhile is the base of that.
   */
  hold(key: StoredKey, estimate: number, request?: number): Hold {
    this.#move(key, estimate);
    key.held += estimate;
    let settled = false;
    return {
      settle: (cost) => {
        if (settled) throw new Error(`this hold of key ${key.record.id} is settled already`);
        settled = true;
        key.held -= estimate;
        this.#move(key, cost - estimate);
        this.#bookUse(key, cost, request);
      },
    };
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

  /** @returns puts every key and the counter of ids back to how they are now; younger keys never were */
  snapshot(): () => void {
    const [lastId, keys] = [this.#lastId, this.all().map((key) => ({ key, copy: copyOf(key) }))];
    return () => {
      this.#lastId = lastId;
      this.#byId.clear();
      this.#byKey.clear();
      for (const account of this.accounts) account.living.length = account.ever.length = 0;
      for (const { key, copy } of keys) {
        delete key.deletedAt;
        Object.assign(key, copyOf(copy));
        this.#index(key);
      }
    };
  }

  #add(key: StoredKey): void {
    this.#remember(key, key.record);
    this.#index(key);
  }

  #index(key: StoredKey): void {
    const { account, record } = key;
    if (key.deletedAt === undefined) account.living.push(key);
    account.ever.push(key);
    this.#byId.set(record.id, key);
    this.#byKey.set(record.key, key);
  }

  /** Takes from what is left and adds to what is used; their sum stays (S, N). */
  #move(key: StoredKey, amount: number): void {
    this.#set(key, {
      ...key.record,
      remain_quota: key.record.remain_quota - amount,
      used_quota: key.record.used_quota + amount,
      accessed_time: this.clock.seconds(),
    });
  }

  #set(key: StoredKey, record: KeyRecord): void {
    key.record = record;
    // A request may be settled after its key was deleted, which brings the key back to no list.
    if (key.deletedAt === undefined) this.#remember(key, record);
  }

  #bookUse(key: StoredKey, cost: number, request?: number): void {
    key.account.uses.push({ name: key.record.name, cost, at: this.clock.seconds() });
    this.#book(key, "spend", cost, request);
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

function unused(): Pick<StoredKey, "ledger" | "changes" | "held" | "versions"> {
  return { ledger: [], changes: [], held: 0, versions: [] };
}

function sum({ remain_quota, used_quota }: KeyRecord): number {
  return remain_quota + used_quota;
}

function copyOf(key: StoredKey): StoredKey {
  return { ...key, ledger: [...key.ledger], changes: [...key.changes], versions: [...key.versions] };
}
