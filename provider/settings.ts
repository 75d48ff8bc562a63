/** How to reach CometAPI. */
export interface Settings {
  /** The personal access token, sent raw. */
  accessToken: string;
  /** Without a slash at the end. */
  baseUrl: string;
  /** Sent as `New-Api-User`, for self-hosted New API. */
  userId: string | undefined;
}

/** Why an input or a setting cannot be used, and what to do about it. */
export interface Failure {
  property: string;
  reason: string;
}

interface Setting {
  config: string;
  environment: string;
  secret?: boolean;
  /** The reason a value is refused. It never quotes the value of a secret. */
  refuse(value: string): string | undefined;
}

const settings = {
  accessToken: {
    config: "cometapi:accessToken",
    environment: "COMETAPI_ACCESS_TOKEN",
    secret: true,
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
} satisfies Record<string, Setting>;

const defaultBaseUrl = "https://api.cometapi.com";

/**
 * Reads the settings, config before environment.
 *
 * @returns the settings, or every reason why there are none
 */
export function readSettings(
  config: (key: string) => string | undefined,
  environment: Record<string, string | undefined>,
): { settings: Settings; failures?: never } | { settings?: never; failures: Failure[] } {
  const failures: Failure[] = [];
  const read = (setting: Setting): string | undefined => {
    const fromConfig = config(setting.config);
    // An empty variable is how shells and CI systems say "not set".
    const value = fromConfig ?? (environment[setting.environment] || undefined);
    if (value === undefined) return undefined;
    const reason = setting.refuse(value);
    if (reason === undefined) return value;
    const source = fromConfig === undefined ? setting.environment : setting.config;
    failures.push({ property: setting.config, reason: `${source} ${reason}.` });
    return undefined;
  };

  const accessToken = read(settings.accessToken);
  const baseUrl = read(settings.baseUrl) ?? defaultBaseUrl;
  const userId = read(settings.userId);
  if (
    accessToken === undefined &&
    failures.every((failure) => failure.property !== settings.accessToken.config)
  ) {
    failures.push({
      property: settings.accessToken.config,
      reason:
        "no access token is set. Create a personal access token in the CometAPI console under Personal Settings, then run " +
        "`pulumi config set --secret cometapi:accessToken` or set COMETAPI_ACCESS_TOKEN.",
    });
  }
  if (accessToken === undefined || failures.length > 0) return { failures };
  return { settings: { accessToken, baseUrl: baseUrl.replace(/\/+$/, ""), userId } };
}

function refuseBaseUrl(value: string): string | undefined {
  if (!URL.canParse(value)) return `must be an address such as ${defaultBaseUrl}`;
  const url = new URL(value);
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  if (url.search !== "" || url.hash !== "")
    return `must be a plain address such as ${defaultBaseUrl}, without ? or #`;
  if (/\/(v1|api)\/?$/.test(url.pathname)) return "must not end in /v1 or /api: leave that part out";
  if (url.protocol === "https:") return undefined;
  if (url.protocol !== "http:") return "must begin with https://";
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return loopback
    ? undefined
    : "must begin with https://: plain http would send the token in the clear (only loopback addresses may use it)";
}
