import { describeValue } from "../key/describeValue";
import type { Failure } from "../key/types";
import { isUnknown } from "../key/unknown";
import { accountPath, type SettingNames } from "./names";

/** The accounts of `cometapi:accounts`. */
export interface Accounts {
  /** The account of keys that name none, from `cometapi:account`. */
  fallback: string | undefined;
  /** Undefined if `cometapi:accounts` cannot be read. */
  byName: Record<string, unknown> | undefined;
  /** What errors call the settings. */
  names: SettingNames;
}

/** @param config a value of the stack's configuration, by its full name */
export function readAccounts(config: (key: string) => string | undefined, names: SettingNames): Accounts {
  return {
    names,
    fallback: config("cometapi:account") || undefined,
    byName: parseRecord(config("cometapi:accounts") ?? "{}"),
  };
}

/** The account that a key names, or else that of `cometapi:account`. Undefined, like an empty name, is the default account. */
export function accountOf(
  { account: declared }: { account?: unknown },
  { fallback, byName, names }: Accounts,
): string | undefined | Failure {
  const isDeclared = declared !== undefined && declared !== null;
  const account = isDeclared ? declared : fallback;
  if (account === undefined || account === "") return undefined;
  if (typeof account !== "string")
    return { property: "account", reason: `account must be a string, but is ${describeValue(account)}.` };
  if (isUnknown(account) || byName === undefined || Object.hasOwn(byName, account)) return account;
  const others = Object.keys(byName);
  const known = others.length > 0 ? `has ${others.map((name) => `"${name}"`).join(", ")}` : "is empty";
  const [property, source] = isDeclared ? ["account", "account"] : ["", names.nameOf("account")];
  const reason = `${source} is "${account}", but ${names.nameOf("accounts")} ${known}. ${accountRemedy(account, names)}, or name another account.`;
  return { property, reason };
}

/** The settings of one account as given, not yet checked; or why there are none. */
export function givenSettings(
  account: string,
  { byName, names }: Accounts,
): Record<string, unknown> | string {
  if (byName === undefined)
    return `${names.nameOf("accounts")} must be an object with the settings of each account under its name. ${accountRemedy(account, names)}.`;
  // A name such as "constructor" must not find what every object has.
  const own = Object.hasOwn(byName, account) ? byName[account] : undefined;
  if (isRecord(own)) return own;
  const reason =
    own === undefined
      ? `is not set: account "${account}" has no settings`
      : "must be an object with the settings of the account";
  return `${names.nameOf(accountPath(account))} ${reason}. ${accountRemedy(account, names)}.`;
}

/** How to give an account its missing settings. */
function accountRemedy(account: string, names: SettingNames): string {
  return `To set its token, ${names.howToGive(accountPath(account, "accessToken"))}`;
}

/** Pulumi turns a value that looks like a number into a number, unless it is a secret. `""` stands for a value of any other type: no setting accepts it. */
export function asString(value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  return Number.isSafeInteger(value) ? String(value) : "";
}

function parseRecord(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    // The parser's message would quote the text, which contains tokens.
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
