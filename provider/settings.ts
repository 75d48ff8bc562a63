/** How to reach CometAPI. */
export interface Settings {
  /** The personal access token, sent raw. */
  accessToken: string;
  /** Without a slash at the end. */
  baseUrl: string;
  /** Sent as `New-Api-User`, for self-hosted New API. */
  userId: string | undefined;
}

interface Setting {
  config: string;
  environment: string;
  /** What to say when it is missing, if it may not be. */
  required?: string;
  /** Why a value is refused, continuing a sentence that begins with the setting's name. Never quotes a secret. */
  refuse(value: string): string | undefined;
}

const settings = {
  accessToken: {
    config: "cometapi:accessToken",
    environment: "COMETAPI_ACCESS_TOKEN",
    required:
      "is not set. Create a personal access token in the CometAPI console under Personal Settings, then run " +
      "`pulumi config set --secret cometapi:accessToken`, or set COMETAPI_ACCESS_TOKEN",
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
    config: "cometapi:baseUrl",
    environment: "COMETAPI_BASE_URL",
    refuse: refuseBaseUrl,
  },
  userId: {
    config: "cometapi:userId",
    environment: "COMETAPI_USER_ID",
    refuse: (value) =>
      /^\d{1,19}$/.test(value) ? undefined : "must be the numeric user id of the account, digits only",
  },
} satisfies Record<keyof Settings, Setting>;

const defaultBaseUrl = "https://api.cometapi.com";

/**
 * Reads the settings, config before environment.
 *
 * @returns the settings, or every reason why there are none, each naming the setting and the remedy
 */
export function readSettings(
  config: (key: string) => string | undefined,
  environment: Record<string, string | undefined>,
): { settings: Settings; refused?: never } | { settings?: never; refused: string[] } {
  const refused: string[] = [];
  const read = (setting: Setting): string | undefined => {
    const fromConfig = config(setting.config);
    // An empty variable is how shells and CI systems say "not set".
    const value = fromConfig ?? (environment[setting.environment] || undefined);
    const reason = value === undefined ? setting.required : setting.refuse(value);
    if (reason === undefined) return value;
    const source = fromConfig === undefined && value !== undefined ? ` (from ${setting.environment})` : "";
    refused.push(`${setting.config}${source} ${reason}.`);
    return undefined;
  };

  const accessToken = read(settings.accessToken);
  const baseUrl = read(settings.baseUrl) ?? defaultBaseUrl;
  const userId = read(settings.userId);
  if (accessToken === undefined || refused.length > 0) return { refused };
  const { origin, pathname } = new URL(baseUrl);
  return { settings: { accessToken, baseUrl: origin + pathname.replace(/\/+$/, ""), userId } };
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
