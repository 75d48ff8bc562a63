import { generatedName } from "./identity";
import { toUnixSeconds } from "./instant";
import { type DeclaredKey, type KeyInputs, withoutDefaults } from "./key";
import { type PropertyName, property, propertyNames, same, shown } from "./properties";
import { type Accounts, accountRemedy } from "./settings";
import { holdsUnknown, isUnknown } from "./unknown";

const argumentNames: string[] = [...propertyNames, "account"];

/** Why an argument cannot be used, and what to do about it. */
export interface Failure {
  property: string;
  reason: string;
}

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

/**
 * Judges what a program declares: every fault at once, unknown values left alone. What is sound is put into its
 * one spelling, and what means the same as before is left as it was, so that a preview shows real changes only.
 */
export function check({ declared, old, logicalName, accounts, now }: CheckRequest): {
  inputs: KeyInputs;
  failures: Failure[];
} {
  const failures: Failure[] = [];
  const fail = (name: string, reason: string) =>
    failures.push({ property: name, reason: `${name} ${reason}.` });

  for (const name of Object.keys(declared)) {
    if (name.startsWith("__") || argumentNames.includes(name) || isAbsent(declared[name])) continue;
    fail(name, `is not an argument of CometApiKey. The arguments are ${argumentNames.join(", ")}`);
  }

  const sound: Record<string, unknown> = {};
  for (const name of propertyNames) {
    const value = declared[name];
    if (isAbsent(value)) continue;
    const reason = isUnknown(value) ? undefined : property(name).refuse(value);
    if (reason === undefined) sound[name] = spelled(name, value, old[name]);
    else fail(name, reason);
  }
  const key = sound as DeclaredKey;
  // What was refused above must not be reported again by a rule that looks at several properties.
  const refused = (...names: PropertyName[]) =>
    failures.some(({ property }) => names.includes(property as PropertyName));
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
  if (!refused("remainQuota", "unlimitedQuota") && !unknown("remainQuota", "unlimitedQuota")) {
    const limited = key.remainQuota !== undefined;
    if (limited && key.unlimitedQuota)
      fail("remainQuota", "cannot go with unlimitedQuota: true. Give one of the two");
    if (!limited && !key.unlimitedQuota)
      fail("remainQuota", "is missing. Give a number, or unlimitedQuota: true");
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

  const account = accountOf(declared, accounts);
  if (typeof account === "object") failures.push(account);
  const placed = typeof account === "string" ? { account } : {};
  return { inputs: { ...withoutDefaults(key), ...named(key, old, logicalName), ...placed }, failures };
}

/**
 * The account a key is to be in: the one it names, or else that of `cometapi:account`. An empty name, like none at
 * all, is the stack's own account.
 */
export function accountOf(
  { account: declared }: { account?: unknown },
  { fallback, names }: Accounts,
): string | undefined | Failure {
  const account = isAbsent(declared) ? fallback : declared;
  if (account === undefined || account === "") return undefined;
  if (typeof account !== "string")
    return { property: "account", reason: `account must be text, but is ${shown(account)}.` };
  if (isUnknown(account) || names === undefined || names.includes(account)) return account;
  const known = names.length > 0 ? `has ${names.map((name) => `"${name}"`).join(", ")}` : "is empty";
  const [property, source] = isAbsent(declared) ? ["", "cometapi:account"] : ["account", "account"];
  const reason = `${source} is "${account}", but cometapi:accounts ${known}. ${accountRemedy(account)}, or name another.`;
  return { property, reason };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function spelled(name: PropertyName, value: unknown, old: unknown): unknown {
  if (holdsUnknown(value)) return value;
  const canonical = property(name).canonical?.(value as NonNullable<DeclaredKey[PropertyName]>) ?? value;
  return same(name, canonical, old) ? old : canonical;
}

function named(
  key: DeclaredKey,
  old: Partial<KeyInputs>,
  logicalName: string,
): { name: string; __autoName?: string } {
  if (key.name !== undefined && key.name !== null) return { name: key.name };
  if (old.__autoName !== undefined) return { name: old.__autoName, __autoName: old.__autoName };
  if (isUnknown(logicalName)) return { name: logicalName };
  const name = generatedName(logicalName);
  return { name, __autoName: name };
}
