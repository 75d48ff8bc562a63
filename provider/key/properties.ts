import { isDeepStrictEqual } from "node:util";
import { canonicalAddress, refuseAddress } from "./addresses";
import { describeValue } from "./describeValue";
import { didYouMean } from "./didYouMean";
import { canonicalInstant, never, refuseInstant, toUnixSeconds } from "./instant";
import { quotaResets } from "./period";
import type { DeclaredKey, ResolvedKey } from "./types";
import { isUnknown } from "./unknown";

/** Everything the provider knows about one property. Its documentation is in `sdk/`. */
interface Property<T> {
  /** The default, which may depend on other properties. A `name` is generated instead, and a quota has no default. */
  fallback?(declared: DeclaredKey): T;
  /** The spelling that is kept in state, if a value has several. */
  canonical?(value: NonNullable<DeclaredKey[keyof DeclaredKey]>): T;
  /** Whether two values mean the same. */
  same(one: T, other: T): boolean;
  /** Why a value is refused; continues a sentence that begins with the property's name. */
  refuse(value: unknown): string | undefined;
}

const identical = (one: unknown, other: unknown) => one === other;

export const properties: { [K in keyof ResolvedKey]-?: Property<NonNullable<ResolvedKey[K]>> } = {
  name: {
    same: identical,
    refuse: (value) => refuseString(value) ?? refuseLength(value as string),
  },
  status: {
    fallback: () => "enabled",
    same: identical,
    refuse: refuseStatus,
  },
  expiredTime: {
    fallback: () => never,
    canonical: (value) => canonicalInstant(value as string | number),
    same: (one, other) => toUnixSeconds(one) === toUnixSeconds(other),
    refuse: refuseInstant,
  },
  remainQuota: { same: identical, refuse: refuseQuota },
  totalQuota: { same: identical, refuse: refuseQuota },
  quotaReset: { same: identical, refuse: refuseReset },
  unlimitedQuota: { fallback: () => false, same: identical, refuse: refuseFlag },
  modelLimits: {
    fallback: () => [],
    same: sameSet((model) => model),
    refuse: (value) => refuseArray(value, refuseModel) ?? refuseRepeats(value as string[]),
  },
  modelLimitsEnabled: {
    fallback: ({ modelLimits }) => (modelLimits ?? []).length > 0,
    same: identical,
    refuse: refuseFlag,
  },
  allowIps: {
    fallback: () => [],
    same: sameSet(canonicalAddress),
    refuse: (value) => refuseArray(value, refuseAddress),
  },
  group: { fallback: () => "", same: identical, refuse: refuseString },
  crossGroupRetry: { fallback: () => false, same: identical, refuse: refuseFlag },
  autoGroups: {
    // Not a set: the groups are tried in this order.
    same: isDeepStrictEqual,
    refuse: (value) => refuseArray(value, refuseGroup) ?? refuseRepeats(value as string[]),
  },
};

export type PropertyName = keyof typeof properties;
export const propertyNames = Object.keys(properties) as PropertyName[];

/** Access by a name known only at run time: TypeScript cannot relate name and type here, hence the cast. */
export function property(name: PropertyName): Property<unknown> {
  return properties[name] as Property<unknown>;
}

/** Whether two declarations, or a declaration and the live key, agree on one property. */
export function same(name: PropertyName, one: unknown, other: unknown): boolean {
  const incomparable = [one, other].some((value) => value === undefined || isUnknown(value));
  return incomparable ? one === other : property(name).same(one, other);
}

function sameSet(canonical: (element: string) => string) {
  return (one: string[], other: string[]) => {
    // Parsing addresses is slow, and the lists are nearly always equal as they are.
    if (isDeepStrictEqual(one, other)) return true;
    if (one.length === 0 || other.length === 0) return false;
    const [left, right] = [new Set(one.map(canonical)), new Set(other.map(canonical))];
    return left.size === right.size && [...left].every((element) => right.has(element));
  };
}

function refuseString(value: unknown): string | undefined {
  return typeof value === "string" ? undefined : `must be a string, but is ${describeValue(value)}`;
}

function refuseLength(value: string): string | undefined {
  const length = [...value].length;
  if (length === 0) return "is empty. Leave it out for a generated name, or give 1 to 50 characters";
  return length > 50 ? `has ${length} characters, and CometAPI takes at most 50` : undefined;
}

function refuseQuota(value: unknown): string | undefined {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return undefined;
  if (typeof value === "string" && /^\d+$/.test(value))
    return `is the string "${value}". Give a number: Number("${value}")`;
  return `must be an integer from 0 to 2^53-1 (${Number.MAX_SAFE_INTEGER}), but is ${describeValue(value)}`;
}

const statuses = ["enabled", "disabled"];

function refuseStatus(value: unknown): string | undefined {
  if (statuses.includes(value as string)) return undefined;
  const refusal = `must be "enabled" or "disabled", but is ${describeValue(value)}`;
  // CometAPI's own numbers: 1 enabled, 2 disabled.
  const wanted = typeof value === "number" ? statuses[value - 1] : didYouMean(String(value), statuses);
  return wanted === undefined ? refusal : `${refusal}; did you mean "${wanted}"?`;
}

function refuseReset(value: unknown): string | undefined {
  if (quotaResets.some((reset) => reset === value)) return undefined;
  const wanted = didYouMean(String(value), [...quotaResets]);
  const refusal = `must be "daily", "weekly" or "monthly", but is ${describeValue(value)}`;
  return wanted === undefined ? refusal : `${refusal}; did you mean "${wanted}"?`;
}

function refuseFlag(value: unknown): string | undefined {
  return typeof value === "boolean" ? undefined : `must be true or false, but is ${describeValue(value)}`;
}

function refuseArray(
  value: unknown,
  refuseElement: (element: string) => string | undefined,
): string | undefined {
  if (!Array.isArray(value)) return `must be an array of strings, but is ${describeValue(value)}`;
  const reasons = value
    .filter((element) => !isUnknown(element))
    .map((element) =>
      typeof element === "string" ? refuseElement(element) : `an element is ${describeValue(element)}`,
    )
    .filter((reason) => reason !== undefined);
  return reasons.length > 0 ? `cannot be used: ${reasons.join("; ")}` : undefined;
}

function refuseModel(model: string): string | undefined {
  if (model === "") return 'a model id is ""';
  if (model.includes(",")) return `"${model}" contains a comma. Give each model id as its own element`;
  return /\s/.test(model) ? `"${model}" contains white space` : undefined;
}

function refuseGroup(group: string): string | undefined {
  return group === "" ? 'a group is ""' : undefined;
}

function refuseRepeats(names: string[]): string | undefined {
  const repeated = names.filter((name, i) => !isUnknown(name) && names.indexOf(name) !== i);
  return repeated.length > 0
    ? `names ${[...new Set(repeated)].map((name) => `"${name}"`).join(", ")} more than once`
    : undefined;
}
