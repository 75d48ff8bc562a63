import { isDeepStrictEqual } from "node:util";
import { type Accounts, accountOf } from "../config/accounts";
import { describeValue } from "../key/describeValue";
import { didYouMean } from "../key/didYouMean";
import { generatedName, isKeyId } from "../key/names";
import { beginsAfter, periodAt } from "../key/period";
import { type PropertyName, property, propertyNames, same } from "../key/properties";
import { type Rule, rules } from "../key/rules";
import { resolve, withoutDefaults } from "../key/state";
import type { DeclaredKey, Failure, KeyInputs } from "../key/types";
import { holdsUnknown, isUnknown } from "../key/unknown";

export interface CheckRequest {
  /** The arguments as the program gives them, not yet checked. */
  declared: Record<string, unknown>;
  /** The inputs in state, if the resource exists. */
  old: Partial<KeyInputs>;
  /** What the live key is, for one that is about to be adopted. Default: the inputs in state. */
  held?: KeyInputs | undefined;
  /** What a generated name grows from; unknown at preview. */
  logicalName: string;
  /** Has a generated name drawn again. */
  seed?: Uint8Array | undefined;
  /** What `pulumi:autonaming` says. */
  autonaming?: Autonaming | undefined;
  /** The accounts that `account` may name. */
  accounts: Accounts;
  /** Milliseconds since the Unix epoch. */
  now: number;
}

/** A name for a resource that declares none. The provider may use another one, has to use it, or is to use none. */
export type Autonaming = { mode: "propose" | "enforce"; name: string } | { mode: "disable" };

/** The usable part of a declaration, and why the rest cannot be used. */
export interface Checked {
  inputs: KeyInputs;
  failures: Failure[];
}

export const argumentNames: readonly string[] = [...propertyNames, "account", "adoptId"];

/**
 * Judges what a program declares: reports every mistake at once and leaves unknown values alone. A valid value gets its
 * one spelling, and a value that means the same as before stays as it was, so that a preview shows real changes only.
 */
export function check(request: CheckRequest): Checked {
  const { declared, old, accounts, now } = request;
  // A key may have what no program may ask for. It is asked for if it is not there yet.
  const held: Partial<KeyInputs> = request.held ?? old;
  const failures: Failure[] = [];
  const fail = (name: string, reason: string) =>
    failures.push({ property: name, reason: `${name} ${reason}${/[.?]$/.test(reason) ? "" : "."}` });

  /** The arguments that misspelt ones were meant to be: they are not reported as missing too. */
  const meant = new Set<string>();
  for (const [name, suggestion] of unknownArguments(declared)) {
    if (suggestion !== undefined) meant.add(suggestion);
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
    // Most previews hold nothing else than what is in state.
    const reason =
      isUnknown(value) || isDeepStrictEqual(value, held[name]) ? undefined : property(name).refuse(value);
    if (reason === undefined) sound[name] = canonicalize(name, value, old[name]);
    else fail(name, reason);
  }
  const key = sound as DeclaredKey;
  // A property that was refused by itself must not be reported again by a rule about several.
  const unusable = new Set([...meant, ...failures.map(({ property }) => property)]);
  for (const rule of rules) {
    const isOpen = rule.about.some((name) => unusable.has(name) || holdsUnknown(key[name]));
    const refused = isOpen || isHeld(rule, key, held) ? undefined : rule.refuse(key, { old, now });
    if (refused !== undefined) fail(...refused);
  }

  const naming = nameOf(key, request);
  if (naming.refused !== undefined && !unusable.has("name")) fail("name", naming.refused);
  const adoption = adopting(declared["adoptId"], old);
  if (adoption.refused !== undefined) fail("adoptId", adoption.refused);
  const account = accountOf(declared, accounts);
  if (typeof account === "object") failures.push(account);

  return {
    inputs: {
      ...withoutDefaults(key),
      ...naming.resolved,
      ...keptExpiry(key, old),
      ...quotaPeriod(key, old, now),
      ...(adoption.id !== undefined && { adoptId: adoption.id }),
      ...(typeof account === "string" && { account }),
    },
    failures,
  };
}

/** Whether a key was found to have all that a rule is about. */
function isHeld({ about, mayBeFound }: Rule, key: DeclaredKey, held: Partial<KeyInputs>): boolean {
  if (!mayBeFound || held.name === undefined) return false;
  const [want, has] = [resolve(key), resolve(held)];
  return about.every((name) => same(name, want[name], has[name]));
}

/** The arguments that a CometApiKey does not have, each with the one that was probably meant. */
function unknownArguments(declared: Record<string, unknown>): [string, string | undefined][] {
  return Object.keys(declared)
    .filter((name) => !name.startsWith("__") && !argumentNames.includes(name) && !isAbsent(declared[name]))
    .map((name) => [name, didYouMean(name, argumentNames)]);
}

/** The id of the key that a resource adopts or has adopted, kept for its whole life; or why it cannot be adopted. */
function adopting(declared: unknown, old: Partial<KeyInputs>): { id?: string; refused?: string } {
  const { adoptId: before } = old;
  const kept = before === undefined ? {} : { id: before };
  if (isAbsent(declared)) return kept;
  if (typeof declared !== "string")
    return {
      ...kept,
      refused: `must be the key's id as a string, such as "1234", but is ${describeValue(declared)}`,
    };
  if (isUnknown(declared)) return { id: before ?? declared };
  if (!isKeyId(declared)) {
    return {
      ...kept,
      refused: `is ${describeValue(declared)}, which is not the id of a CometAPI key: an id is a whole number, such as "1234"`,
    };
  }
  if (before === undefined || isUnknown(before) || before === declared) return { id: declared };
  return { ...kept, refused: refuseOther(declared, before) };
}

/** Why a resource that holds one key cannot adopt another. */
export function refuseOther(declared: string, held: string): string {
  return (
    `is "${declared}", but this resource holds key ${held} and keeps it for its whole life. Leave adoptId out, and ` +
    `adopt key ${declared} by another resource with its own logical name`
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

/** The name, declared or not; or why there can be none. */
function nameOf(
  key: DeclaredKey,
  { declared, old, logicalName, seed, autonaming }: CheckRequest,
): { resolved: { name: string; __autoName?: string }; refused?: string } {
  const { __autoName } = old;
  // Kept beside a declared name too: the engine would show its removal as a change.
  const kept = __autoName === undefined ? {} : { __autoName };
  if (key.name !== undefined && key.name !== null) return { resolved: { name: key.name, ...kept } };
  if (__autoName !== undefined) return { resolved: { name: __autoName, ...kept } };
  // Both are unknown until the update: a plan refuses what its preview did not have.
  const automatic = (name: string) => ({ resolved: { name, __autoName: name } });
  const generated = automatic(isUnknown(logicalName) ? logicalName : generatedName(logicalName, seed));
  // An adopted key keeps its name.
  if (autonaming === undefined || !isAbsent(declared["adoptId"])) return generated;
  if (autonaming.mode === "disable")
    return { ...generated, refused: "is missing, and pulumi:autonaming is disabled. Give the key a name" };
  const refused = property("name").refuse(autonaming.name);
  if (refused !== undefined && autonaming.mode === "enforce")
    return { ...generated, refused: `from pulumi:autonaming ${refused}` };
  return refused !== undefined || isUnknown(logicalName) ? generated : automatic(autonaming.name);
}

/** The period that is now. A clock that goes back begins no earlier one. */
function quotaPeriod(
  { quotaReset }: DeclaredKey,
  { quotaReset: resetBefore, quotaPeriod: before }: Partial<KeyInputs>,
  now: number,
): { quotaPeriod?: string } {
  if (quotaReset === undefined || quotaReset === null) return {};
  if (isUnknown(quotaReset)) return { quotaPeriod: quotaReset };
  const period = periodAt(quotaReset, now);
  const isKept = before !== undefined && quotaReset === resetBefore && !beginsAfter(period, before);
  return { quotaPeriod: isKept ? before : period };
}

/** The expiry that a refresh remembered, as long as it is declared: the engine would show its removal as a change. */
function keptExpiry(
  { expiredTime }: DeclaredKey,
  { __expiredTime }: Partial<KeyInputs>,
): { __expiredTime?: string } {
  if (__expiredTime === undefined || isUnknown(expiredTime)) return {};
  return same("expiredTime", expiredTime, __expiredTime) ? { __expiredTime } : {};
}
