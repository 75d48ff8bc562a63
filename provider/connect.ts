import type { Account } from "./api/client";
import type { Limits } from "./api/transport";
import type { Clock } from "./clock";
import { Impossible } from "./errors";
import { readSettings, readTokens } from "./settings";

/** What a client needs from whatever hosts it: the plugin of a stack, or a program that looks something up. */
export interface Host {
  /** A value of the stack's configuration, by its full name. */
  config(key: string): string | undefined;
  environment: Record<string, string | undefined>;
  clock: Clock;
  /** Shows the person at the terminal a line while an operation goes on. */
  tell(line: string): void;
  /** How long and how large an answer may be; tests are less patient. */
  limits?: Limits;
}

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
