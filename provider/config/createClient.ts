import type { Account } from "../api/client";
import type { Clock } from "../api/clock";
import type { Limits } from "../api/transport";
import { ProviderError } from "../errors";
import type { Config } from "./config";
import { settingName } from "./settings";

/** What a client needs from whatever hosts it: the plugin of a stack, or a program that looks something up. */
export interface Host {
  config: Config;
  clock: Clock;
  /** Shows the person at the terminal a line while an operation goes on. */
  info(line: string): void;
  /** How long and how large an answer may be; tests are less patient. */
  limits?: Limits;
}

/**
 * A client for an account of the stack. Loads what speaks HTTP with the first one: a preview needs none.
 *
 * @param secrets what must never be printed; every token there is joins it
 * @param tokenNeeded whether the account can be of no use without a token
 */
export async function createClient(
  { config, clock, info, limits }: Host,
  account: string | undefined,
  secrets: Set<string>,
  tokenNeeded = true,
): Promise<Account> {
  const { settings, refused } = config.settingsOf(account, tokenNeeded);
  if (settings === undefined) throw new ProviderError(refused.join(" "));
  for (const token of config.tokens) secrets.add(token);
  if (settings.proxy?.credentials !== undefined) secrets.add(settings.proxy.credentials);
  const { Account } = await import("../api/client.js");
  const endpoint = {
    ...settings,
    settingName: (name: "accessToken" | "baseUrl") => settingName(name, account),
  };
  return new Account(endpoint, secrets, clock, info, limits);
}
