import { z } from "zod";
import { isReadable } from "./secret";

/**
 * CometAPI's own shapes, and the only place that spells them its way. Everything else speaks camelCase.
 * Source: the create, update and list pages of the API documentation.
 */

const statusNumbers = { enabled: 1, disabled: 2, expired: 3, exhausted: 4 };
export type KeyStatus = keyof typeof statusNumbers;
const statusNames = new Map(Object.entries(statusNumbers).map(([name, n]) => [n, name as KeyStatus]));

/** The editable fields, apart from `status`: a create has none. */
export interface KeyFields {
  name: string;
  /** Unix seconds, -1 never. */
  expiredTime: number;
  /** What is LEFT, in CometAPI's internal units. */
  remainQuota: number;
  unlimitedQuota: boolean;
  modelLimitsEnabled: boolean;
  modelLimits: string[];
  allowIps: string[];
  group: string;
  crossGroupRetry: boolean;
  /** In the order they are tried; empty: the server's own order. Undefined leaves them as they are. */
  autoGroups?: string[];
}

const split = (text: string, separator: string) =>
  text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== "");

/** What a record tells and no update can set. The key is often masked, and a mask must not be stored in its place. */
const readOnly =
  /^(id|user_id|(.*_)?key|(last_)?(created|updated|accessed|deleted|used)_?(at|time)|used_quota)$/i;

const documented = {
  id: z.int().positive(),
  user_id: z.int(),
  key: z.string(),
  status: z.int(),
  name: z.string(),
  created_time: z.int(),
  accessed_time: z.int(),
  expired_time: z.int(),
  remain_quota: z.int(),
  unlimited_quota: z.boolean(),
  model_limits_enabled: z.boolean(),
  model_limits: z.string().nullish(),
  allow_ips: z.string().nullish(),
  used_quota: z.int(),
  group: z.string().nullish(),
  cross_group_retry: z.boolean().nullish(),
};

export const record = z.looseObject(documented).transform((raw) => ({
  id: String(raw.id),
  userId: raw.user_id,
  /** The secret in full; undefined while only a mask of it is known. */
  key: isReadable(raw.key) ? raw.key : undefined,
  /** As the server shows it: the secret or a mask of it. */
  shownKey: raw.key,
  // Only 1 serves model requests, so a status that is not documented is as good as disabled.
  status: statusNames.get(raw.status) ?? "disabled",
  name: raw.name,
  createdTime: raw.created_time,
  accessedTime: raw.accessed_time,
  expiredTime: raw.expired_time,
  remainQuota: raw.remain_quota,
  unlimitedQuota: raw.unlimited_quota,
  modelLimitsEnabled: raw.model_limits_enabled,
  modelLimits: split(raw.model_limits ?? "", ","),
  allowIps: split(raw.allow_ips ?? "", "\n"),
  usedQuota: raw.used_quota,
  group: raw.group ?? "",
  crossGroupRetry: raw.cross_group_retry ?? false,
  // Of New API since August 2026, and in no document. A server that does not know it may use the name for anything.
  autoGroups: z.array(z.string()).safeParse(raw["auto_groups"]).data ?? [],
  /** Fields that no document names. A server may have editable ones, and an update that leaves one out resets it. */
  undocumented: Object.fromEntries(
    Object.entries(raw).filter(([name]) => !Object.hasOwn(documented, name) && !readOnly.test(name)),
  ),
}));
/** A key as CometAPI holds it. */
export type KeyRecord = z.output<typeof record>;
/** What never changes about a key. */
export type KeyIdentity = Pick<KeyRecord, "id" | "userId" | "createdTime">;

/** The envelope of every management answer: `success` decides, the HTTP status does not. */
export const envelope = z.object({ success: z.boolean(), message: z.string().nullish() });
/** What an answer says of the request, apart from what was asked for. */
export type Verdict = z.output<typeof envelope>;

/** That of the other answers, which say no in the same way, but yes in ways of their own: the data counts. */
export const plainEnvelope = z
  .object({ success: z.boolean().nullish(), code: z.unknown().optional(), message: z.string().nullish() })
  .transform(({ success, code, message }) => ({ success: success !== false && code !== false, message }));

/** The other way it says no, seen on some failures. */
export const errorBody = z.object({
  error: z.object({ code: z.union([z.string(), z.number()]).nullish(), message: z.string() }),
});

export const recordAnswer = z.object({ data: record }).transform((answer) => answer.data);

/** What a lookup needs to know about each key in the list. Most belong to other resources, and may have any shape. */
const item = z
  .looseObject({ id: z.int().positive(), user_id: z.int(), name: z.string() })
  .transform((raw) => ({ id: String(raw.id), userId: raw.user_id, name: raw.name, raw }));
/** A key in the list: {@link record} reads the rest of it. */
export type Item = z.output<typeof item>;

export const pageAnswer = z
  .object({
    data: z.object({ page_size: z.int().positive(), total: z.int().nonnegative(), items: z.array(item) }),
  })
  .transform(({ data }) => ({ pageSize: data.page_size, total: data.total, items: data.items }));
export type Page = z.output<typeof pageAnswer>;

/** The list of New API before July 2025. */
export const oldPageAnswer = z.object({ data: z.array(z.unknown()) });

export const selfAnswer = z
  .object({ data: z.object({ id: z.int().positive() }) })
  .transform(({ data }) => data.id);

export const versionAnswer = z
  .object({ data: z.object({ version: z.string().min(1) }) })
  .transform(({ data }) => data.version);

export const revealedKeys = z
  .object({ data: z.object({ keys: z.record(z.string(), z.string()) }) })
  .transform(({ data }) => new Map(Object.entries(data.keys)));

export const revealedKey = z
  .object({ data: z.object({ key: z.string() }) })
  .transform(({ data }) => data.key);

/** What a key can read about itself. */
export const usageAnswer = z
  .object({
    data: z.object({
      name: z.string(),
      total_granted: z.int(),
      total_used: z.int(),
      total_available: z.int(),
      unlimited_quota: z.boolean(),
      model_limits: z.record(z.string(), z.unknown()).nullish(),
      model_limits_enabled: z.boolean(),
      expires_at: z.int(),
    }),
  })
  .transform(({ data }) => ({
    name: data.name,
    totalQuota: data.total_granted,
    usedQuota: data.total_used,
    availableQuota: data.total_available,
    unlimitedQuota: data.unlimited_quota,
    modelLimits: Object.keys(data.model_limits ?? {}).sort(),
    modelLimitsEnabled: data.model_limits_enabled,
    // Here 0 is never.
    expiredTime: data.expires_at || -1,
  }));
export type KeyUsage = z.output<typeof usageAnswer>;

/** The same, as the list has it. */
export function usageOf(found: KeyRecord): KeyUsage {
  const { name, remainQuota, usedQuota, unlimitedQuota, modelLimits, modelLimitsEnabled, expiredTime } =
    found;
  return {
    name,
    totalQuota: remainQuota + usedQuota,
    usedQuota,
    availableQuota: remainQuota,
    unlimitedQuota,
    modelLimits: modelLimits.toSorted(),
    modelLimitsEnabled,
    expiredTime,
  };
}

/** All nine fields a create takes. */
export function createBody(fields: KeyFields) {
  return {
    name: fields.name,
    expired_time: fields.expiredTime,
    remain_quota: fields.remainQuota,
    unlimited_quota: fields.unlimitedQuota,
    model_limits_enabled: fields.modelLimitsEnabled,
    model_limits: fields.modelLimits.join(","),
    allow_ips: fields.allowIps.length === 0 ? null : fields.allowIps.join("\n"),
    group: fields.group,
    cross_group_retry: fields.crossGroupRetry,
    // Only if declared: no document of CometAPI's has it.
    ...(fields.autoGroups !== undefined && { auto_groups: fields.autoGroups }),
  };
}

/**
 * All eleven fields an update takes, and the undocumented ones as they were read: one left out would be reset.
 *
 * @param record the key as it was last read
 */
export function updateBody({ id, undocumented }: KeyRecord, status: KeyStatus, fields: KeyFields) {
  return { ...undocumented, id: Number(id), status: statusNumbers[status], ...createBody(fields) };
}
