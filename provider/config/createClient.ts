import type { Account } from "../api/account";
import type { Clock } from "../api/clock";
import type { Limits } from "../api/transport";
import { ProviderError } from "../errors";
import type { Config } from "./config";
import type { SettingName } from "./settings";

/** What a client needs from its host: the provider process of a stack, or a program that does a lookup. */
export interface Host {
  config: Config;
  clock: Clock;
  /** Shows the person at the terminal a line while an operation goes on. */
  info(line: string): void;
  /** How long and how large an answer may be. Tests are less patient. */
  limits?: Limits;
  /** The run is cancelled: operations end waiting. */
  cancelled?: AbortSignal;
}

/**
 * A client for an account of the stack. The first one loads the HTTP code: most previews need none.
 *
 * @param secrets what must never be printed; every token in the configuration is added
 * @param tokenNeeded whether a missing token is an error
 */
export async function createClient(
  { config, clock, info, limits, cancelled }: Host,
  account: string | undefined,
  secrets: Set<string>,
  tokenNeeded = true,
): Promise<Account> {
  const { settings, refused } = config.settingsOf(account, tokenNeeded);
  if (settings === undefined) throw new ProviderError(refused.join(" "));
  for (const token of config.tokens) secrets.add(token);
  if (settings.proxy?.credentials !== undefined) secrets.add(settings.proxy.credentials);
  const { Account } = await import("../api/account.js");
  const endpoint = {
    ...settings,
    settingLabel: (name: SettingName) => config.labelOf(name, account),
    accountsLabel: config.names.nameOf("accounts"),
  };
  return new Account(endpoint, secrets, clock, info, limits, cancelled);
}
