import type { Account } from "./api/client";
import { Impossible } from "./errors";
import type { Host } from "./lifecycle";
import { readSettings, readTokens } from "./settings";

/**
 * A client for an account of the stack. Loads what speaks HTTP with the first one: a preview needs none.
 *
 * @param secrets what must never be printed; every token there is joins it
 * @param tokenNeeded whether the account can be of no use without a token
 */
export async function connect(
  { config, environment, clock, tell, limits }: Host,
  account: string | undefined,
  secrets: Set<string>,
  tokenNeeded = true,
): Promise<Account> {
  const { settings, refused } = readSettings(config, environment, account, tokenNeeded);
  if (settings === undefined) throw new Impossible(refused.join(" "));
  for (const token of readTokens(config, environment)) secrets.add(token);
  const { Account } = await import("./api/client.js");
  return new Account(settings, secrets, clock, tell, limits);
}
