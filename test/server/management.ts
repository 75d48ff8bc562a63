import { checkFieldNames, checkFields, readBody, readFields, readStatus, storedFields } from "./fields";
import type { ApiRequest } from "./http";
import type { Personality } from "./personality";
import { type Account, type KeyRecord, Status, type StoredKey } from "./records";
import { type Endpoint, Refusal } from "./refusal";
import type { Store } from "./store";

/** `POST /api/token/`: answers neither id nor key (S). */
export const create: Endpoint = (backend, account, request) => {
  const { store, personality } = backend;
  const body = readBody(request);
  checkFieldNames(backend, request, body, "create");
  const fields = readFields(personality, body);
  checkFields(personality, account, fields);
  if (account.living.length >= personality.maxKeys) throw new Refusal("tooManyKeys");
  const stored = storedFields(personality, fields);
  if (personality.allowIpsEmptyString) stored.allow_ips ??= "";
  store.create(account, stored, personality.keyPrefix, { request: request.seq, body: request.body });
  return {};
};

/** `GET /api/token/?p=1&page_size=20`: newest first, at most 100 a page, empty past the end (S, N). */
export const list: Endpoint = ({ store, personality, settings, violate }, account, request) => {
  const asked = positive(request.query.get("page_size")) ?? 20;
  if (asked > 100) violate(request, "page_size above 100");
  const page_size = Math.min(asked, 100);
  const bare = personality.listShape === "bare array";
  // The old shape counts its pages from 0 (N).
  const page = bare ? (positive(request.query.get("p")) ?? 0) + 1 : (positive(request.query.get("p")) ?? 1);
  const shown = account.administrator ? store.all() : account.ever;
  const records = settings.listLagMs
    ? shown.flatMap((key) => store.asOf(key, settings.listLagMs) ?? [])
    : living(store, account).map((key) => key.record);
  const end = Math.max(0, records.length - (page - 1) * page_size);
  const items = records
    .slice(Math.max(0, end - page_size), end)
    .reverse()
    .map((record) => present(personality, record));
  return { data: bare ? items : { page, page_size, total: records.length, items } };
};

/** `GET /api/token/{id}` (D). */
export const get: Endpoint = ({ store, personality, settings }, account, request) => {
  const key = store.byId(idInPath(request));
  if (!settings.getLagMs) return { data: present(personality, find(key, account).record) };
  const record = key && mayEdit(account, key) ? store.asOf(key, settings.getLagMs) : undefined;
  if (!record) throw new Refusal("notFound");
  return { data: present(personality, record) };
};

/** `PUT /api/token/`: the id is in the body, and an omitted field is reset (S). */
export const update: Endpoint = (backend, account, request) => {
  const { store, clock, personality } = backend;
  const body = readBody(request);
  const statusOnly = personality.statusOnly && request.query.get("status_only") === "true";
  if (!statusOnly) checkFieldNames(backend, request, body, "update");
  if (!Number.isSafeInteger(body["id"])) throw new Refusal("invalidBody", ": id must be an integer");
  const fields = readFields(personality, body);
  const status = readStatus(body);
  checkFields(personality, account, fields);
  const key = find(store.byId(body["id"] as number), account);
  const now = clock.seconds();
  if (personality.refuseReenable && status === Status.enabled) refuseDeadKey(key.record, now);

  if (statusOnly) {
    if (status === undefined) throw new Refusal("invalidBody", ": status is required");
    store.change(key, { status }, request.seq);
  } else {
    const kept = personality.statusOnly ? key.record.status : (status ?? 0);
    store.change(key, { ...storedFields(personality, fields), status: kept }, request.seq);
  }
  return { data: present(personality, key.record) };
};

/** `DELETE /api/token/{id}` (D). */
export const remove: Endpoint = ({ store }, account, request) => {
  store.delete(find(store.byId(idInPath(request)), account));
  return {};
};

/** What is refused is the STORED state: with a new quota or expiry stored first, enabling works (N). */
function refuseDeadKey(stored: KeyRecord, now: number): void {
  if (stored.status === Status.expired && stored.expired_time !== -1 && stored.expired_time <= now) {
    throw new Refusal("expired");
  }
  if (stored.status === Status.exhausted && stored.remain_quota <= 0 && !stored.unlimited_quota) {
    throw new Refusal("exhausted");
  }
}

/** Oldest first. In one stored version an administrator sees everybody's keys, and edits them (N). */
function living(store: Store, account: Account): StoredKey[] {
  if (!account.administrator) return account.living;
  return store.all().filter(({ deletedAt }) => deletedAt === undefined);
}

function mayEdit(account: Account, key: StoredKey): boolean {
  return account.administrator || key.account === account;
}

/** Another account's key and a deleted one are as absent as one that never was. */
function find(key: StoredKey | undefined, account: Account): StoredKey {
  if (!key || !mayEdit(account, key) || key.deletedAt !== undefined) throw new Refusal("notFound");
  return key;
}

function idInPath(request: ApiRequest): number {
  return Number(request.pathname.slice("/api/token/".length));
}

function positive(text: string | null): number | undefined {
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/** The first and last four characters and ten stars, so that a mask can be compared with a known key (N). */
function mask(key: string): string {
  return `${key.slice(0, 4)}**********${key.slice(-4)}`;
}

function present(personality: Personality, record: KeyRecord): Record<string, unknown> {
  const key = personality.maskedKeys ? mask(record.key) : record.key;
  return { ...record, key, ...personality.extraFields };
}
