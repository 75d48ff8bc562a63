import type { Account } from "./api/account";
import { createClient, type Host } from "./config/createClient";

/** How long a client without lookups stays open for the next one. Programs await one lookup after the other. */
const idleMs = 1_000;

interface Shared {
  client: Promise<Account>;
  underWay: number;
  closing?: NodeJS.Timeout;
}

/** By the settings they were created with: one process may run the programs of several stacks. */
const clients = new Map<string, Shared>();

/** Runs lookups that are under way together, or one after the other, with one client: they share its pace and its walks. */
export async function withSharedClient<T>(
  host: Host,
  account: string | undefined,
  tokenNeeded: boolean,
  work: (client: Account) => Promise<T>,
): Promise<T> {
  const settings = JSON.stringify([account, host.config.settingsOf(account, tokenNeeded).settings]);
  const shared = clients.get(settings) ?? {
    client: createClient(host, account, new Set(), tokenNeeded),
    underWay: 0,
  };
  clients.set(settings, shared);
  clearTimeout(shared.closing);
  shared.underWay++;
  try {
    return await work(await shared.client);
  } finally {
    if (--shared.underWay === 0) {
      // Neither the timer nor a connection without a request keeps the program from ending.
      shared.closing = setTimeout(() => {
        clients.delete(settings);
        void shared.client.then((client) => client.close()).catch(() => undefined);
      }, idleMs).unref();
    }
  }
}
