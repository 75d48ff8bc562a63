import { parseRfc3339 } from "../../sdk/instant";
import { type Accounts, asString, isRecord, readAccounts } from "./accounts";
import { configuredNames, type SettingNames } from "./names";
import {
  type ReadSettings,
  readSettings,
  type SettingName,
  type Sources,
  settingLabel,
  tokenVariable,
} from "./settings";

/** The configuration, read once by the host and handed to the lifecycle. */
export interface Config {
  accounts: Accounts;
  checkModels: ModelCheck;
  /** What errors call the setting that chose it. */
  checkModelsLabel: string;
  /** Why `cometapi:checkModels` cannot be used. It counts as `"off"` then. */
  checkModelsRefused: string | undefined;
  /** The moment that a preview is to show, in Unix milliseconds; undefined: now. */
  pretendedNow: number | undefined;
  /** Why `COMETAPI_NOW` cannot be used. */
  pretendedNowRefused: string | undefined;
  /** Every access token of every account: none of them may be printed. */
  tokens: string[];
  /**
   * @param account a name under `cometapi:accounts`; undefined is the default account
   * @param tokenNeeded whether a missing token is a reason to refuse; default true
   */
  settingsOf(account: string | undefined, tokenNeeded?: boolean): ReadSettings;
  /** What errors call a setting that is in use, with the variable of the environment that it came from. */
  labelOf(name: SettingName, account: string | undefined): string;
  /** What errors call the settings, wherever they came from. */
  names: SettingNames;
}

/** Whether an unknown model id is a failure, a warning, or not looked up. */
export type ModelCheck = (typeof modelChecks)[number];
const modelChecks = ["error", "warn", "off"] as const;

export function readConfig({
  config,
  environment,
  names = configuredNames,
}: Pick<Sources, "config" | "environment"> & { names?: SettingNames }): Config {
  const accounts = readAccounts(config, names);
  const sources = { config, environment, accounts };
  return {
    accounts,
    names,
    ...readModelCheck(sources),
    ...readPretendedNow(sources),
    tokens: tokensOf(sources),
    settingsOf: (account, tokenNeeded = true) => readSettings(sources, account, tokenNeeded),
    labelOf: (name, account) => settingLabel(sources, account, name),
  };
}

function readModelCheck({
  config,
  environment,
  accounts: { names },
}: Sources): Pick<Config, "checkModels" | "checkModelsLabel" | "checkModelsRefused"> {
  const variable = "COMETAPI_CHECK_MODELS";
  const configured = config("cometapi:checkModels");
  const value = configured ?? (environment[variable] || "off");
  const mode = modelChecks.find((known) => known === value);
  const source = configured === undefined ? ` (from ${variable})` : "";
  const checkModelsLabel = `${names.nameOf("checkModels")}${source}`;
  const checkModelsRefused =
    mode === undefined ? `${checkModelsLabel} must be "error", "warn" or "off".` : undefined;
  return { checkModels: mode ?? "off", checkModelsLabel, checkModelsRefused };
}

function readPretendedNow({
  environment: { COMETAPI_NOW: text },
}: Sources): Pick<Config, "pretendedNow" | "pretendedNowRefused"> {
  const now = text ? parseRfc3339(text) : undefined;
  const refused =
    text && now === undefined ? `COMETAPI_NOW is ${JSON.stringify(text)}. ${giveInstant}.` : undefined;
  return { pretendedNow: now, pretendedNowRefused: refused };
}

const giveInstant = 'Give RFC 3339 with an offset, such as "2026-12-01T00:00:00Z"';

function tokensOf({ config, environment, accounts }: Sources): string[] {
  const named = Object.values(accounts.byName ?? {}).map((own) =>
    isRecord(own) ? asString(own["accessToken"]) : undefined,
  );
  const tokens = [config("cometapi:accessToken"), environment[tokenVariable], ...named];
  return tokens.filter((token): token is string => token !== undefined && token !== "");
}
