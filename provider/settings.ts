/** How to reach CometAPI. */
export interface Settings {
  /** Under which name in `cometapi:accounts` they are; none: those of the stack itself. */
  account: string | undefined;
  /** The personal access token, sent raw. What is public can be read without one. */
  accessToken: string | undefined;
  /** Without a slash at the end. */
  baseUrl: string;
  /** Sent as `New-Api-User`, for self-hosted New API. */
  userId: string | undefined;
}

type SettingName = Exclude<keyof Settings, "account">;

interface Setting {
  environment: string;
  /** What to say when it is missing, if it may not be: `remedy` is how to set it. */
  required?(remedy: string): string;
  /** Why a value is refused, continuing a sentence that begins with the setting's name. Never quotes a secret. */
  refuse(value: string): string | undefined;
}

const settings = {
  accessToken: {
    environment: "COMETAPI_ACCESS_TOKEN",
    required: (remedy) =>
      `is not set. Create a personal access token in the CometAPI console under Personal Settings, then run ${remedy}`,
    refuse: (value) => {
      if (/^bearer\s/i.test(value)) {
        return 'must be the raw token: leave out the "Bearer " in front. CometAPI takes that prefix only with API keys';
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

type Config = (key: string) => string | undefined;
type Environment = Record<string, string | undefined>;

/** What a setting is called in the stack's configuration: for the stack itself, or for one of its accounts. */
export function settingName(name: SettingName, account: string | undefined): string {
  return account === undefined ? `cometapi:${name}` : `${accountPath(account)}.${name}`;
}

/** Whether model ids that the catalogue does not have are failures, or warnings, or not looked for. */
export type ModelCheck = (typeof modelChecks)[number];
const modelChecks = ["error", "warn", "off"] as const;

/** Reads `cometapi:checkModels`, config before environment: what it says, or why that cannot be used. */
export function readModelCheck(
  config: Config,
  environment: Environment,
): { mode: ModelCheck; refused?: never } | { mode: "off"; refused: string } {
  const [label, variable] = ["cometapi:checkModels", "COMETAPI_CHECK_MODELS"];
  const configured = config(label);
  const value = configured ?? (environment[variable] || "off");
  const mode = modelChecks.find((known) => known === value);
  if (mode !== undefined) return { mode };
  const source = configured === undefined ? ` (from ${variable})` : "";
  return { mode: "off", refused: `${label}${source} must be "error", "warn" or "off".` };
}

/** The accounts a stack can use besides its own. */
export interface Accounts {
  /** The one its keys are in, if they do not say: `cometapi:account`. */
  fallback: string | undefined;
  /** Nothing if `cometapi:accounts` cannot be read. */
  names: string[] | undefined;
}

export function readAccounts(config: Config): Accounts {
  const byName = accountSettings(config);
  return { fallback: config("cometapi:account") || undefined, names: byName && Object.keys(byName) };
}

/** Every access token there is, whoever uses it. */
export function readTokens(config: Config, environment: Environment): string[] {
  const { accessToken } = settings;
  const byName = Object.values(accountSettings(config) ?? {});
  const tokens = [
    config(settingName("accessToken", undefined)),
    environment[accessToken.environment],
    ...byName.map((own) => (isRecord(own) ? asText(own["accessToken"]) : undefined)),
  ];
  return tokens.filter((token): token is string => token !== undefined && token !== "");
}

/**
 * Reads the settings, config before environment.
 *
 * @param account one of `cometapi:accounts`. Of what it lacks, only the base URL is taken from the stack's own: a token
 * and a user id belong to one account.
 * @param tokenNeeded whether it is a fault that there is no token
 * @returns the settings, or every reason why there are none, each naming the setting and the remedy
 */
export function readSettings(
  config: Config,
  environment: Environment,
  account?: string,
  tokenNeeded = true,
): { settings: Settings; refused?: never } | { settings?: never; refused: string[] } {
  const own = account === undefined ? {} : settingsOf(account, config);
  if (typeof own === "string") return { refused: [own] };

  const refused: string[] = Object.keys(own)
    .filter((name) => !Object.hasOwn(settings, name))
    .map(
      (name) =>
        `${accountPath(account ?? "")}.${name} is not a setting of an account, which are ${Object.keys(settings).join(", ")}.`,
    );
  const read = (name: SettingName): string | undefined => {
    const setting: Setting = settings[name];
    const shared = account === undefined || (name === "baseUrl" && own[name] === undefined);
    const label = settingName(name, shared ? undefined : account);
    const configured = shared ? config(label) : asText(own[name]);
    // An empty variable is how shells and CI systems say "not set".
    const value = configured ?? ((shared && environment[setting.environment]) || undefined);
    const reason =
      value === undefined
        ? tokenNeeded &&
          setting.required?.(
            shared
              ? `\`pulumi config set --secret ${label}\`, or set ${setting.environment}`
              : `\`pulumi config set --secret --path ${quoted(label)}\``,
          )
        : setting.refuse(value);
    if (!reason) return value;
    const source = configured === undefined && value !== undefined ? ` (from ${setting.environment})` : "";
    refused.push(`${label}${source} ${reason}.`);
    return undefined;
  };

  const accessToken = read("accessToken");
  const baseUrl = read("baseUrl") ?? defaultBaseUrl;
  const userId = read("userId");
  if (refused.length > 0) return { refused };
  const { origin, pathname } = new URL(baseUrl);
  return { settings: { account, accessToken, baseUrl: origin + pathname.replace(/\/+$/, ""), userId } };
}

/** What to do about an account that has no settings. */
export function accountRemedy(account: string): string {
  return `Set its token by \`pulumi config set --secret --path ${quoted(settingName("accessToken", account))}\``;
}

/** The settings of every account as they are given; nothing if they cannot be read. */
function accountSettings(config: Config): Record<string, unknown> | undefined {
  return parseRecord(config("cometapi:accounts") ?? "{}");
}

/** The settings of one account, or why there are none. */
function settingsOf(account: string, config: Config): Record<string, unknown> | string {
  const byName = accountSettings(config);
  if (byName === undefined)
    return `cometapi:accounts must hold the settings of each account by its name. ${accountRemedy(account)}.`;
  // A name such as "constructor" must not find what every object has.
  const own = Object.hasOwn(byName, account) ? byName[account] : undefined;
  if (isRecord(own)) return own;
  const reason =
    own === undefined
      ? `is not set: there are no settings of account "${account}"`
      : "must hold settings by their names";
  return `${accountPath(account)} ${reason}. ${accountRemedy(account)}.`;
}

/** As `pulumi config set --path` wants it. */
function accountPath(account: string): string {
  return `cometapi:accounts${/^[\w-]+$/.test(account) ? `.${account}` : `[${JSON.stringify(account)}]`}`;
}

/** Fit for a shell. */
function quoted(path: string): string {
  return /^[\w:.-]+$/.test(path) ? path : `'${path}'`;
}

/** Pulumi makes a number of what looks like one, unless it is a secret. What cannot be a setting is told as one refused. */
function asText(value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  return Number.isSafeInteger(value) ? String(value) : "";
}

function parseRecord(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    // What the parser says quotes the text, and there are tokens in it.
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether an address is of this machine, so that nothing sent there crosses a network. */
export function isLoopback(url: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
}

function refuseBaseUrl(value: string): string | undefined {
  if (!URL.canParse(value)) return `must be an address such as ${defaultBaseUrl}`;
  const url = new URL(value);
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  if (/[?#\s]/.test(value))
    return `must be a plain address such as ${defaultBaseUrl}, without ?, # or spaces`;
  if (/\/(v1|api)\/*$/.test(url.pathname)) return "must not end in /v1 or /api: leave that part out";
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url))) return undefined;
  return "must begin with https://: plain http would send the token in the clear (only loopback addresses may use it)";
}
