import type { CometApiKeySummary, CometApiKeyUsage, CometApiModel } from "../sdk/lookups";
import type { CometApi } from "./api/client";
import { Refused } from "./api/errors";
import { accountOf } from "./check";
import { systemClock } from "./clock";
import { connect, type Host } from "./connect";
import { Impossible } from "./errors";
import { explaining, Told } from "./explain";
import { fromUnixSeconds } from "./instant";
import { stateOf } from "./key";
import { readAccounts } from "./settings";

export { systemClock, Told };

/** What a program can look up. Runs in the program's own process, which loads this file with the first look-up. */
export interface Sought {
  account?: string | null | undefined;
}

/** What a key is told of itself. The account's token takes no part in it. */
export function usage(host: Host, { key, account }: Sought & { key: string }): Promise<CometApiKeyUsage> {
  return lookUp(host, "reading the usage of a key", account, false, async (api) => {
    // A program without types, or a variable of the environment that is not set.
    if (typeof key !== "string" || !/^[\x21-\x7e]+$/.test(key) || /^bearer/i.test(key))
      throw new Impossible("`key` must be an API key as it is, such as the `key` of a CometApiKey");
    try {
      const { expiredTime, ...told } = await api.usage(key);
      return { ...told, expiredTime: fromUnixSeconds(expiredTime) };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // The refusal is about this key: what to check of the token is no advice.
      throw new Impossible(
        `${error.message}. Check that the key still exists, in an account of that server`,
        {
          cause: error,
        },
      );
    }
  });
}

const statuses = ["enabled", "disabled", "expired", "exhausted"];

/** The account's keys, oldest first, without their secrets. */
export function keys(
  host: Host,
  {
    name,
    status,
    account,
  }: Sought & { name?: string | null | undefined; status?: string | null | undefined },
): Promise<CometApiKeySummary[]> {
  return lookUp(host, "listing the keys", account, true, async (api) => {
    if (status && !statuses.includes(status))
      throw new Impossible(`\`status\` must be one of ${statuses.map((text) => `"${text}"`).join(", ")}`);
    return (await api.all())
      .filter(
        (record) => (name ?? record.name) === record.name && (status ?? record.status) === record.status,
      )
      .reverse()
      .map((record) => {
        const { key: _, remainQuota: __, ...summary } = stateOf(record, {});
        return { id: record.id, ...summary };
      });
  });
}

/** The catalogue, which some servers show to anyone and some to accounts only. */
export function models(host: Host, { account }: Sought): Promise<CometApiModel[]> {
  return lookUp(host, "reading the model catalogue", account, false, async (api) =>
    (await api.models()).map((id) => ({ id })),
  );
}

function lookUp<T>(
  host: Host,
  doing: string,
  declared: string | null | undefined,
  tokenNeeded: boolean,
  look: (api: CometApi) => Promise<T>,
): Promise<T> {
  const account = accountOf({ account: declared }, readAccounts(host.config));
  const name = typeof account === "object" ? undefined : account;
  return explaining(name === undefined ? doing : `${doing} in account "${name}"`, name, async () => {
    if (typeof account === "object") throw new Impossible(account.reason);
    const client = await connect(host, account, new Set(), tokenNeeded);
    try {
      return await look(client.operation());
    } finally {
      // Open connections would keep the program from ending.
      await client.close();
    }
  });
}
