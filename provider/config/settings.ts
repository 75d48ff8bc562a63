import type { HttpProxy } from "../api/connection";
import { isLoopback } from "../api/loopback";
import { type Accounts, asString, givenSettings } from "./accounts";
import { accountPath } from "./names";
import { readProxy } from "./proxy";

/** How to reach one account of CometAPI. */
export interface Settings {
  /** The personal access token, sent raw. Public data can be read without one. */
  accessToken: string | undefined;
  /** Without `/v1` or a slash at the end. */
  baseUrl: string;
  /** Sent as `New-Api-User`, for self-hosted New API. */
  userId: string | undefined;
  proxy: HttpProxy | undefined;
}

export type SettingName = "accessToken" | "baseUrl" | "userId";

interface Setting {
  environment: string;
  /** Only of a required setting: why it is refused if it is missing. `remedy` is how to set it. */
  required?(remedy: string): string;
  /** Why a value is refused, continuing a sentence that begins with the setting's name. Never quotes a secret. */
  refuse(value: string): string | undefined;
}

const settings = {
  accessToken: {
    environment: "COMETAPI_ACCESS_TOKEN",
    required: (remedy) =>
      `is not set. Create a personal access token in the CometAPI console under Personal Settings, then ${remedy}`,
    refuse: (value) => {
      if (/^bearer\s/i.test(value)) {
        return 'must be the raw token: leave out the "Bearer " in front. CometAPI accepts that prefix only with API keys';
      }
      return /^[\x21-\x7e]+$/.test(value)
        ? undefined
        : "must be one line of visible ASCII characters without spaces: copy the token again, and only the token";
    },
  },
  baseUrl: {
    environment: "COMETAPI_BASE_URL",
    refuse: refuseBaseUrl,
  },
  userId: {
    environment: "COMETAPI_USER_ID",
    refuse: (value) =>
      /^\d{1,19}$/.test(value) ? undefined : "must be the numeric user id of the account, digits only",
  },
} satisfies Record<SettingName, Setting>;

const defaultBaseUrl = "https://api.cometapi.com";

export const tokenVariable = settings.accessToken.environment;

/** The sources of settings. Configuration wins over the environment. */
export interface Sources {
  /** A value of the stack's configuration, by its full name. */
  config(key: string): string | undefined;
  environment: Record<string, string | undefined>;
  accounts: Accounts;
}

/** The settings, or every reason why they cannot be used, each with the setting's name and the remedy. */
export type ReadSettings = { settings: Settings; refused?: never } | { settings?: never; refused: string[] };

/**
 * Reads the settings of an account.
 *
 * @param account one of `cometapi:accounts`. It shares only the base URL with the default account: a token and a user id
 * belong to one account.
 * @param tokenNeeded whether a missing token is a reason to refuse
 */
export function readSettings(
  sources: Sources,
  account: string | undefined,
  tokenNeeded: boolean,
): ReadSettings {
  const { environment, accounts } = sources;
  const { names } = accounts;
  const own = account === undefined ? {} : givenSettings(account, accounts);
  if (typeof own === "string") return { refused: [own] };

  const refused: string[] = Object.keys(own)
    .filter((name) => !Object.hasOwn(settings, name))
    .map(
      (name) =>
        `${names.nameOf(accountPath(account ?? "", name))} is not a setting of an account. The settings are ${Object.keys(settings).join(", ")}.`,
    );
  const read = (name: SettingName): string | undefined => {
    const setting: Setting = settings[name];
    const { value, path, label, isShared } = given(sources, account, own, name);
    const reason =
      value === undefined
        ? tokenNeeded &&
          setting.required?.(names.howToGive(path) + (isShared ? `, or set ${setting.environment}` : ""))
        : setting.refuse(value);
    if (!reason) return value;
    refused.push(`${label} ${reason}.`);
    return undefined;
  };

  const accessToken = read("accessToken");
  const baseUrl = read("baseUrl") ?? defaultBaseUrl;
  const userId = read("userId");
  if (refused.length > 0) return { refused };
  const url = new URL(baseUrl);
  const proxy = readProxy(url, environment);
  if (typeof proxy === "string") return { refused: [proxy] };
  // The vendor's own clients want `/v1` at the end of COMETAPI_BASE_URL.
  const path = url.pathname.replace(/\/*(?:\/v1)?\/*$/, "");
  return { settings: { accessToken, baseUrl: url.origin + path, userId, proxy } };
}

/** What errors call a setting that is in use. */
export function settingLabel(sources: Sources, account: string | undefined, name: SettingName): string {
  const own = account === undefined ? {} : givenSettings(account, sources.accounts);
  return given(sources, account, typeof own === "string" ? {} : own, name).label;
}

/** A setting as it is given: its value, where it belongs, and what errors call it, with the variable that it came from. */
function given(
  { config, environment, accounts: { names } }: Sources,
  account: string | undefined,
  own: Record<string, unknown>,
  name: SettingName,
): { value: string | undefined; path: string; label: string; isShared: boolean } {
  const isShared = account === undefined || (name === "baseUrl" && own[name] === undefined);
  const path = isShared ? name : accountPath(account, name);
  const configured = isShared ? config(`cometapi:${name}`) : asString(own[name]);
  const { environment: variable } = settings[name];
  // Shells and CI systems set a variable to "" to say that it is not set.
  const value = configured ?? ((isShared && environment[variable]) || undefined);
  const source = configured === undefined && value !== undefined ? ` (from ${variable})` : "";
  return { value, path, label: names.nameOf(path) + source, isShared };
}

function refuseBaseUrl(value: string): string | undefined {
  if (!URL.canParse(value)) return `must be an address such as ${defaultBaseUrl}`;
  const url = new URL(value);
  if (url.username !== "" || url.password !== "") return "must not contain a user name or a password";
  if (/[?#\s]/.test(value))
    return `must be a plain address such as ${defaultBaseUrl}, without ?, # or spaces`;
  if (/\/api\/*$/.test(url.pathname)) return "must not end in /api: leave that part out";
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url))) return undefined;
  return "must begin with https://: plain http would send the token in the clear (only loopback addresses may use it)";
}
