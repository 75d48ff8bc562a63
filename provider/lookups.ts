import type { CometApiKeySummary, CometApiKeyUsage, CometApiModel } from "../sdk/lookupTypes";
import { systemClock } from "./api/clock";
import { RefusedError } from "./api/errors";
import { readConfig } from "./config/config";
import type { Host } from "./config/createClient";
import { ProviderError } from "./errors";
import { fromUnixSeconds } from "./key/instant";
import { stateOf } from "./key/state";
import { OperationError } from "./lifecycle/explain";
import { type Sought, withClient } from "./lookupClient";

/** What a program can look up. Runs in the program's own process, which loads this file with the first lookup. */
export { account, keySpend } from "./moneyLookups";
export { OperationError, readConfig, systemClock };

/** What a key was granted and has used: read by its own secret, or for many keys from the list of the account. */
export function usage(host: Host, { key, account }: Sought & { key: string }): Promise<CometApiKeyUsage> {
  return withClient(host, `reading the usage of ${mention(key)}`, account, false, async (api) => {
    // A program without types, or a variable of the environment that is not set.
    if (typeof key !== "string" || !/^[\x21-\x7e]+$/.test(key) || /^bearer/i.test(key))
      throw new ProviderError("`key` must be an API key as it is, such as the `key` of a CometApiKey");
    try {
      const { expiredTime, ...usage } = await api.usage(key);
      return { ...usage, expiredTime: fromUnixSeconds(expiredTime) };
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      // The refusal is about this key: what to check of the token is no advice.
      throw new ProviderError(
        `${error.message}. Check that the key still exists, in an account of that server`,
        {
          cause: error,
        },
      );
    }
  });
}

/**
 * Says which of several keys a failure is about. The secret is all that the lookup knows of the key: four characters of
 * a secret as long as CometAPI's distinguish keys, and give nothing away.
 */
function mention(key: unknown): string {
  return typeof key === "string" && key.length > 40 ? `the key that ends in ${key.slice(-4)}` : "a key";
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
  return withClient(host, "listing the keys", account, true, async (api) => {
    if (status && !statuses.includes(status))
      throw new ProviderError(`\`status\` must be one of ${statuses.map((text) => `"${text}"`).join(", ")}`);
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
  return withClient(host, "reading the model catalogue", account, false, async (api) => {
    const models = await api.models();
    if (models === undefined) throw new ProviderError("this server does not list the models of an account");
    return models;
  });
}
