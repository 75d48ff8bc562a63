import type { CometApi } from "./api/client";
import { accountOf } from "./config/accounts";
import type { Host } from "./config/createClient";
import { ProviderError } from "./errors";
import { withUserErrors } from "./lifecycle/explain";
import { withSharedClient } from "./sharedClients";

/** What every lookup can be given. */
export interface Sought {
  account?: string | null | undefined;
}

/** Runs one lookup with the client of its account, and reports its foreseeable failures. */
export function withClient<T>(
  host: Host,
  doing: string,
  declared: string | null | undefined,
  tokenNeeded: boolean,
  look: (api: CometApi) => Promise<T>,
): Promise<T> {
  const account = accountOf({ account: declared }, host.config.accounts);
  const name = typeof account === "object" ? undefined : account;
  return withUserErrors(
    name === undefined ? doing : `${doing} in account "${name}"`,
    host.config,
    name,
    async () => {
      if (typeof account === "object") throw new ProviderError(account.reason);
      return withSharedClient(host, account, tokenNeeded, (client) =>
        client.run(look, { wantsSecret: false }),
      );
    },
  );
}
