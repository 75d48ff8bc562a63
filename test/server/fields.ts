import type { Backend } from "./backend";
import type { ApiRequest } from "./http";
import type { Personality } from "./personality";
import type { Account, KeyFields } from "./records";
import { Refusal } from "./refusal";

/** Every field a create takes and an update resets when omitted, with its JSON type and zero value (S). */
const editable = {
  name: { type: "string", zero: "" },
  expired_time: { type: "integer", zero: 0 },
  remain_quota: { type: "integer", zero: 0 },
  unlimited_quota: { type: "boolean", zero: false },
  model_limits_enabled: { type: "boolean", zero: false },
  model_limits: { type: "string", zero: "" },
  allow_ips: { type: "string or null", zero: null },
  group: { type: "string", zero: "" },
  cross_group_retry: { type: "boolean", zero: false },
} as const;
type Name = keyof typeof editable;

export function readBody({ body }: ApiRequest): Record<string, unknown> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Refusal("invalidBody");
  return body as Record<string, unknown>;
}

function jsonType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isSafeInteger(value) ? "integer" : typeof value;
}

/** The editable fields that this backend stores, by name, with their JSON types and zero values. */
function fieldsOf({ lacksFields, editableExtras }: Personality): [string, { type: string; zero: unknown }][] {
  const documented = Object.entries(editable).filter(([name]) => !lacksFields.includes(name as Name));
  const more = Object.entries(editableExtras).map(
    ([name, zero]): [string, { type: string; zero: unknown }] => [name, { type: jsonType(zero), zero }],
  );
  return [...documented, ...more];
}

/** The editable fields of a body, each of the right type, an omitted one being its zero value (S). */
export function readFields(personality: Personality, body: Record<string, unknown>): KeyFields {
  const read = fieldsOf(personality).map(([name, { type, zero }]) => {
    const value = name in body ? body[name] : zero;
    if (!type.split(" or ").includes(jsonType(value))) {
      throw new Refusal("invalidBody", `: ${name} must be ${type}`);
    }
    return [name, value];
  });
  return Object.fromEntries(read) as KeyFields;
}

export function readStatus(body: Record<string, unknown>): number | undefined {
  const status = body["status"];
  if (status !== undefined && ![1, 2, 3, 4].includes(status as number)) {
    throw new Refusal("invalidBody", ": status must be 1, 2, 3 or 4");
  }
  return status as number | undefined;
}

export function checkFields(personality: Personality, account: Account, fields: KeyFields): void {
  const { nameBytes, maxQuota, anyGroup } = personality;
  const tooLong =
    nameBytes === undefined ? [...fields.name].length > 50 : Buffer.byteLength(fields.name) > nameBytes;
  if (tooLong) throw new Refusal("nameTooLong");
  if (!fields.unlimited_quota) {
    if (fields.remain_quota < 0) throw new Refusal("negativeQuota");
    if (fields.remain_quota > maxQuota) throw new Refusal("quotaTooLarge");
  }
  const foreign = fields.group !== "" && !account.groups.includes(fields.group);
  if (foreign && !anyGroup) throw new Refusal("noGroup");
}

/**
 * A correct client sends every field (S: an omitted one is reset), and none the API does not take. What no
 * document names is only known from a record, so a create cannot be expected to send it.
 */
export function checkFieldNames(
  { personality, violate }: Backend,
  request: ApiRequest,
  body: Record<string, unknown>,
  call: "create" | "update",
): void {
  const documented = Object.keys(editable);
  const extras = Object.keys(personality.editableExtras);
  const expected = call === "create" ? documented : ["id", ...documented, ...extras, "status"];
  const missing = expected.filter((name) => !(name in body));
  if (missing.length > 0) violate(request, `body lacks ${missing.join(", ")}`);
  const unexpected = Object.keys(body).filter((name) => !expected.includes(name) && !extras.includes(name));
  if (unexpected.length > 0) violate(request, `body has unexpected ${unexpected.join(", ")}`);
}

export function storedFields(personality: Personality, fields: KeyFields): KeyFields {
  if (!personality.dropsCrossGroupRetry || fields.group === "auto") return fields;
  return { ...fields, cross_group_retry: false };
}
