import { isDeepStrictEqual } from "node:util";
import { type Accounts, accountOf } from "../config/accounts";
import { didYouMean } from "../key/didYouMean";
import { toUnixSeconds } from "../key/instant";
import { generatedName, isKeyId } from "../key/names";
import { describeValue, type PropertyName, property, propertyNames, same } from "../key/properties";
import { withoutDefaults } from "../key/state";
import type { DeclaredKey, Failure, KeyInputs } from "../key/types";
import { holdsUnknown, isUnknown } from "../key/unknown";

export interface CheckRequest {
  /** What the program gives, unverified. */
  declared: Record<string, unknown>;
  /** The inputs in state, if the resource exists. */
  old: Partial<KeyInputs>;
  /** What a generated name grows from; unknown at preview. */
  logicalName: string;
  /** The accounts that can be named. */
  accounts: Accounts;
  /** Milliseconds since the Unix epoch. */
  now: number;
}

/** What can be used of a declaration, and why the rest cannot. */
export interface Checked {
  inputs: KeyInputs;
  failures: Failure[];
}

export const argumentNames: readonly string[] = [...propertyNames, "account", "adoptId"];

/** The ways to declare a quota, of which a key has exactly one. */
const quotas = ["remainQuota", "totalQuota", "unlimitedQuota"] as const;

/**
 * Judges what a program declares: every fault at once, unknown values left alone. What is sound is put into its
 * one spelling, and what means the same as before is left as it was, so that a preview shows real changes only.
 */
export function check({ declared, old, logicalName, accounts, now }: CheckRequest): Checked {
  const failures: Failure[] = [];
  const fail = (name: string, reason: string) =>
    failures.push({ property: name, reason: `${name} ${reason}${/[.?]$/.test(reason) ? "" : "."}` });

  /** What a misspelt argument was meant to be is not missing as well. */
  const misspelt = new Set<string>();
  for (const name of Object.keys(declared)) {
    if (name.startsWith("__") || argumentNames.includes(name) || isAbsent(declared[name])) continue;
    const suggestion = didYouMean(name, argumentNames);
    if (suggestion !== undefined) misspelt.add(suggestion);
    fail(
      name,
      suggestion === undefined
        ? `is not an argument of CometApiKey. The arguments are ${argumentNames.join(", ")}`
        : `is not an argument of CometApiKey; did you mean ${suggestion}?`,
    );
  }

  const sound: Record<string, unknown> = {};
  for (const name of propertyNames) {
    const value = declared[name];
    if (isAbsent(value)) continue;
    // What is declared just as it stands in state was judged when it got there: most previews are of that alone.
    const reason =
      isUnknown(value) || isDeepStrictEqual(value, old[name]) ? undefined : property(name).refuse(value);
    if (reason === undefined) sound[name] = canonicalize(name, value, old[name]);
    else fail(name, reason);
  }
  const key = sound as DeclaredKey;
  // What was refused above must not be reported again by a rule that looks at several properties.
  const refused = (...names: PropertyName[]) =>
    names.some((name) => misspelt.has(name) || failures.some(({ property }) => property === name));
  const unknown = (...names: PropertyName[]) => names.some((name) => holdsUnknown(key[name]));

  if (
    typeof key.expiredTime === "string" &&
    !unknown("expiredTime") &&
    !same("expiredTime", key.expiredTime, old.expiredTime) &&
    !same("expiredTime", key.expiredTime, old.__expiredTime)
  ) {
    const seconds = toUnixSeconds(key.expiredTime);
    if (seconds !== -1 && seconds * 1000 <= now) {
      fail(
        "expiredTime",
        `is ${key.expiredTime}, which has passed. A new expiry must lie ahead, or be "never"`,
      );
    }
  }
  if (!refused(...quotas) && !unknown(...quotas)) {
    const [quota, ...others] = quotas.filter((name) => key[name] !== undefined && key[name] !== false);
    if (quota === undefined)
      fail("remainQuota", "is missing. Give remainQuota or totalQuota a number, or unlimitedQuota: true");
    if (quota !== undefined && others.length > 0) {
      fail(
        quota,
        `cannot go with ${others.join(" and ")}. Give one of remainQuota, totalQuota and unlimitedQuota: true`,
      );
    }
  }
  if (
    key.modelLimitsEnabled === true &&
    !refused("modelLimits") &&
    !unknown("modelLimits") &&
    !key.modelLimits?.length
  ) {
    fail(
      "modelLimitsEnabled",
      "is true, but modelLimits is empty: that would block every model. Name the models, or leave this out",
    );
  }
  if (key.crossGroupRetry === true && !refused("group") && !key.group) {
    fail(
      "crossGroupRetry",
      'is true, but there is no group. Name one, such as group: "auto", or leave this out',
    );
  }

  const adoption = adopting(declared["adoptId"], old);
  if (adoption.refused !== undefined) fail("adoptId", adoption.refused);
  const account = accountOf(declared, accounts);
  if (typeof account === "object") failures.push(account);

  return {
    inputs: {
      ...withoutDefaults(key),
      ...resolveName(key, old, logicalName),
      ...keptExpiry(key, old),
      ...(adoption.id !== undefined && { adoptId: adoption.id }),
      ...(typeof account === "string" && { account }),
    },
    failures,
  };
}

/** Which key a resource adopts, or has, once and for all; or why it cannot be that. */
function adopting(declared: unknown, old: Partial<KeyInputs>): { id?: string; refused?: string } {
  const { adoptId: before } = old;
  const kept = before === undefined ? {} : { id: before };
  if (isAbsent(declared)) return kept;
  if (typeof declared !== "string")
    return {
      ...kept,
      refused: `must be the key's id as text, such as "1234", but is ${describeValue(declared)}`,
    };
  if (isUnknown(declared)) return { id: before ?? declared };
  if (!isKeyId(declared)) {
    return {
      ...kept,
      refused: `is ${describeValue(declared)}, which is no id of a CometAPI key: an id is a whole number, such as "1234"`,
    };
  }
  if (before === undefined || isUnknown(before) || before === declared) return { id: declared };
  return { ...kept, refused: refuseOther(declared, before) };
}

/** Why a resource that holds one key cannot adopt another. */
export function refuseOther(declared: string, held: string): string {
  return (
    `is "${declared}", but this resource holds the key ${held}, and keeps it for life. Leave adoptId out, and ` +
    `adopt the key ${declared} by another resource, with a logical name of its own`
  );
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function canonicalize(name: PropertyName, value: unknown, old: unknown): unknown {
  if (holdsUnknown(value)) return value;
  const canonical = property(name).canonical?.(value as NonNullable<DeclaredKey[PropertyName]>) ?? value;
  return same(name, canonical, old) ? old : canonical;
}

function resolveName(
  key: DeclaredKey,
  old: Partial<KeyInputs>,
  logicalName: string,
): { name: string; __autoName?: string } {
  const { __autoName } = old;
  // Kept beside a declared name too: the engine would show its disappearance as a change.
  const kept = __autoName === undefined ? {} : { __autoName };
  if (key.name !== undefined && key.name !== null) return { name: key.name, ...kept };
  if (__autoName !== undefined) return { name: __autoName, ...kept };
  if (isUnknown(logicalName)) return { name: logicalName };
  const name = generatedName(logicalName);
  return { name, __autoName: name };
}

/** What a refresh has remembered stays as long as it is declared: the engine would show its disappearance as a change. */
function keptExpiry(
  { expiredTime }: DeclaredKey,
  { __expiredTime }: Partial<KeyInputs>,
): { __expiredTime?: string } {
  if (__expiredTime === undefined || isUnknown(expiredTime)) return {};
  return same("expiredTime", expiredTime, __expiredTime) ? { __expiredTime } : {};
}
