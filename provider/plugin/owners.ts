import { createHmac } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { type Config, readConfig } from "../config/config";
import type { SettingNames } from "../config/names";
import type { Settings } from "../config/settings";
import { isUnknown, unknownValue } from "../key/unknown";
import type { Properties } from "./protocol/plugin";

/** The settings that say whose keys a provider manages. */
export const ownerSettings = ["accessToken", "baseUrl", "userId", "accounts", "account"];

/** Where a provider's state has its owners. The engine hides a property that begins with `__`. */
const ownersProperty = "__owners";

/**
 * Whose the accounts of a provider are, `""` for the default one, if their settings have changed since the provider was
 * created. With the new token in state, nothing else in the next run would show that the keys are of another account.
 */
type Owners = Record<string, Owner>;

interface Owner {
  /** Ids of different servers say nothing about each other: see {@link serverMark}. */
  server: string;
  /** Absent if the server could not be asked yet. */
  userId?: number;
}

/**
 * The owners to keep beside new settings. Asks about accounts whose settings have changed: once, not in each run.
 *
 * @param ask whose the access token of an account is; undefined where the server does not tell
 */
export async function ownersOf(
  olds: Properties,
  news: Properties,
  ask: (account: string | undefined) => Promise<number | undefined>,
): Promise<{ [ownersProperty]?: Owners }> {
  const known = readOwners(olds);
  // A new provider has no keys, and a preview may not know a setting yet, or a token within `accounts`.
  if (Object.keys(olds).length === 0 || holdsUnknownText(ownerSettings.map((name) => news[name])))
    return kept([...known]);
  const [was, is] = [configOf(olds), configOf(news)];
  const ownerOf = async (name: string): Promise<Owner | undefined> => {
    const account = name === "" ? undefined : name;
    const before = known.get(name);
    // A token from the environment is in no state: nobody would see that it is another one.
    if (isFromEnvironment(news, account)) return undefined;
    const { settings } = is.settingsOf(account);
    if (settings === undefined) return before;
    const old = isFromEnvironment(olds, account) ? undefined : was.settingsOf(account).settings;
    const isPending = before !== undefined && before.userId === undefined;
    if (!isPending && isDeepStrictEqual(settings, old)) return before;
    const server = serverMark(settings);
    try {
      const userId = await ask(account);
      return userId === undefined ? undefined : { server, userId };
    } catch {
      return { server };
    }
  };
  const names = ["", ...Object.keys(is.accounts.byName ?? {})];
  const owners = await Promise.all(names.map(async (name) => [name, await ownerOf(name)] as const));
  return kept(owners.filter((entry): entry is [string, Owner] => entry[1] !== undefined));
}

/** Whose an account is, as far as a provider's state knows. */
export function knownOwner(
  settings: Properties,
  config: Config,
): (account: string | undefined) => number | undefined {
  const owners = readOwners(settings);
  return (account) => {
    const owner = owners.get(account ?? "");
    const { settings } = config.settingsOf(account, false);
    return settings !== undefined && owner?.server === serverMark(settings) ? owner.userId : undefined;
  };
}

/** By which a server is known again. Its address may be secret, and state is not: without the token nobody can try addresses. */
function serverMark({ baseUrl, accessToken = "" }: Settings): string {
  return createHmac("sha256", accessToken).update(baseUrl).digest("hex").slice(0, 8);
}

function isFromEnvironment(settings: Properties, account: string | undefined): boolean {
  return account === undefined && settingOf(settings, "accessToken") === undefined;
}

function holdsUnknownText(values: unknown[]): boolean {
  return JSON.stringify(values).includes(unknownValue);
}

function kept(owners: [string, Owner][]): { [ownersProperty]?: Owners } {
  return owners.length === 0 ? {} : { [ownersProperty]: Object.fromEntries(owners) };
}

/** A map: an account named "constructor" must not find what every object has. */
function readOwners(settings: Properties): Map<string, Owner> {
  const text = settingOf(settings, ownersProperty);
  return new Map(text === undefined ? [] : Object.entries(JSON.parse(text) as Owners));
}

/** @param names what errors call the settings */
export function configOf(settings: Properties, names?: SettingNames): Config {
  return readConfig({
    config: (key) => settingOf(settings, key.replace(/^cometapi:/, "")),
    environment: process.env,
    ...(names !== undefined && { names }),
  });
}

/** As the stack's configuration would have it: all of it is strings, and objects are JSON. */
function settingOf(settings: Properties, name: string): string | undefined {
  const value = settings[name];
  if (value === undefined || value === null || isUnknown(value)) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
