import { type Account, type KeyFields, type KeyRecord, Status, type StoredKey } from "./account";
import type { Backend } from "./backend";
import { type Answer, type ApiRequest, failure } from "./http";
import { type MessageId, message, preferredLanguage } from "./messages";
import type { Personality } from "./personality";

/** Every field a create takes and an update resets when omitted, with its JSON type and zero value (S). */
const editable: { [F in keyof KeyFields]: { type: string; zero: KeyFields[F] } } = {
  name: { type: "string", zero: "" },
  expired_time: { type: "integer", zero: 0 },
  remain_quota: { type: "integer", zero: 0 },
  unlimited_quota: { type: "boolean", zero: false },
  model_limits_enabled: { type: "boolean", zero: false },
  model_limits: { type: "string", zero: "" },
  allow_ips: { type: "string or null", zero: null },
  group: { type: "string", zero: "" },
  cross_group_retry: { type: "boolean", zero: false },
};
const editableNames = Object.keys(editable) as (keyof KeyFields)[];

/** Thrown to answer the normal refusal: HTTP 200 with `success:false` and a message (S, B). */
class Refusal {
  constructor(
    readonly id: MessageId,
    readonly detail = "",
  ) {}
}

type Endpoint = (backend: Backend, account: Account, request: ApiRequest) => Record<string, unknown>;

/** Runs one management endpoint for the account of the raw `Authorization` token (S). */
export function manage(backend: Backend, request: ApiRequest, endpoint: Endpoint): Answer {
  try {
    const account = authenticate(backend, request);
    return { status: 200, body: { success: true, message: "", ...endpoint(backend, account, request) } };
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const { language } = backend.personality;
    const spoken = language === "asked" ? preferredLanguage(request.headers["accept-language"]) : language;
    const text = message(refusal.id, spoken) + refusal.detail;
    if (refusal.id === "badToken" && backend.settings.hardTokenRefusal) {
      return failure(401, "invalid_token", text);
    }
    return { status: 200, body: { success: false, message: text } };
  }
}

function authenticate({ store, personality, violate }: Backend, request: ApiRequest): Account {
  const token = request.headers.authorization ?? "";
  if (/^Bearer /i.test(token)) violate(request, "management token sent with a Bearer prefix");
  const account = store.accountOf(token);
  if (!account) throw new Refusal("badToken");
  if (personality.requireUserHeader && request.headers["new-api-user"] !== String(account.userId)) {
    throw new Refusal("badToken");
  }
  return account;
}

/** `POST /api/token/`: answers neither id nor key (S). */
export const create: Endpoint = ({ store, personality, violate }, account, request) => {
  const body = readBody(request);
  checkFieldNames(violate, request, body, editableNames);
  const fields = readFields(body);
  checkFields(personality, account, fields);
  if (account.living.length >= personality.maxKeys) throw new Refusal("tooManyKeys");
  const stored = storedFields(personality, fields);
  if (personality.allowIpsEmptyString) stored.allow_ips ??= "";
  store.create(account, stored, personality.keyPrefix, { request: request.seq, body: request.body });
  return {};
};

/** `GET /api/token/?p=1&page_size=20`: newest first, at most 100 a page, empty past the end (S, B). */
export const list: Endpoint = ({ store, personality, settings, violate }, account, request) => {
  const asked = positive(request.query.get("page_size")) ?? 20;
  if (asked > 100) violate(request, "page_size above 100");
  const page_size = Math.min(asked, 100);
  const page = positive(request.query.get("p")) ?? 1;
  const records = settings.listLagMs
    ? account.ever.flatMap((key) => store.asOf(key, settings.listLagMs) ?? [])
    : account.living.map((key) => key.record);
  const end = Math.max(0, records.length - (page - 1) * page_size);
  const items = records
    .slice(Math.max(0, end - page_size), end)
    .reverse()
    .map((record) => present(personality, record));
  return { data: { page, page_size, total: records.length, items } };
};

/** `GET /api/token/{id}` (D). */
export const get: Endpoint = ({ store, personality, settings }, account, request) => {
  const key = store.byId(idInPath(request));
  if (!settings.getLagMs) return { data: present(personality, find(key, account).record) };
  const record = key?.account === account ? store.asOf(key, settings.getLagMs) : undefined;
  if (!record) throw new Refusal("notFound");
  return { data: present(personality, record) };
};

/** `PUT /api/token/`: the id is in the body, and an omitted field is reset (S). */
export const update: Endpoint = ({ store, clock, personality, violate }, account, request) => {
  const body = readBody(request);
  const statusOnly = personality.statusOnly && request.query.get("status_only") === "true";
  if (!statusOnly) checkFieldNames(violate, request, body, ["id", ...editableNames, "status"]);
  if (!Number.isSafeInteger(body["id"])) throw new Refusal("invalidBody", ": id must be an integer");
  const fields = readFields(body);
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

/** What is refused is the STORED state: with a new quota or expiry stored first, enabling works (B). */
function refuseDeadKey(stored: KeyRecord, now: number): void {
  if (stored.status === Status.expired && stored.expired_time !== -1 && stored.expired_time <= now) {
    throw new Refusal("expired");
  }
  if (stored.status === Status.exhausted && stored.remain_quota <= 0 && !stored.unlimited_quota) {
    throw new Refusal("exhausted");
  }
}

/** Another account's key and a deleted one are as absent as one that never was. */
function find(key: StoredKey | undefined, account: Account): StoredKey {
  if (key?.account !== account || key.deletedAt !== undefined) throw new Refusal("notFound");
  return key;
}

function idInPath(request: ApiRequest): number {
  return Number(request.pathname.slice("/api/token/".length));
}

function positive(text: string | null): number | undefined {
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

function present(personality: Personality, record: KeyRecord): Record<string, unknown> {
  const key = personality.maskedKeys
    ? `${record.key.slice(0, 4)}**********${record.key.slice(-4)}`
    : record.key;
  return { ...record, key, ...personality.extraFields };
}

function readBody({ body }: ApiRequest): Record<string, unknown> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Refusal("invalidBody");
  return body as Record<string, unknown>;
}

function jsonType(value: unknown): string {
  if (value === null) return "null";
  return Number.isSafeInteger(value) ? "integer" : typeof value;
}

/** The editable fields of a body, each of the right type, an omitted one being its zero value (S). */
function readFields(body: Record<string, unknown>): KeyFields {
  const read = editableNames.map((name) => {
    const { type, zero } = editable[name];
    const value = name in body ? body[name] : zero;
    if (!type.split(" or ").includes(jsonType(value))) {
      throw new Refusal("invalidBody", `: ${name} must be ${type}`);
    }
    return [name, value];
  });
  return Object.fromEntries(read) as KeyFields;
}

function readStatus(body: Record<string, unknown>): number | undefined {
  const status = body["status"];
  if (status !== undefined && ![1, 2, 3, 4].includes(status as number)) {
    throw new Refusal("invalidBody", ": status must be 1, 2, 3 or 4");
  }
  return status as number | undefined;
}

function checkFields(personality: Personality, account: Account, fields: KeyFields): void {
  const length = personality.byteNames ? Buffer.byteLength(fields.name) : [...fields.name].length;
  if (length > 50) throw new Refusal("nameTooLong");
  if (fields.remain_quota < 0 && !fields.unlimited_quota) throw new Refusal("negativeQuota");
  if (fields.group !== "" && !account.groups.includes(fields.group)) throw new Refusal("noGroup");
}

/** A correct client sends every field (S: an omitted one is reset), and none the API does not take. */
function checkFieldNames(
  violate: Backend["violate"],
  request: ApiRequest,
  body: Record<string, unknown>,
  expected: string[],
): void {
  const missing = expected.filter((name) => !(name in body));
  if (missing.length > 0) violate(request, `body lacks ${missing.join(", ")}`);
  const unexpected = Object.keys(body).filter((name) => !expected.includes(name));
  if (unexpected.length > 0) violate(request, `body has unexpected ${unexpected.join(", ")}`);
}

function storedFields(personality: Personality, fields: KeyFields): KeyFields {
  if (!personality.dropsCrossGroupRetry || fields.group === "auto") return fields;
  return { ...fields, cross_group_retry: false };
}
