import type { CometApiAccount, CometApiKeySpend } from "../sdk/lookupTypes";
import { unitsPerUsd as usualUnit } from "../sdk/quotaUnit";
import type { CometApi } from "./api/client";
import { NoAnswerError, RefusedError } from "./api/errors";
import { readBalance, readPredictedDays, readSpend, readUnitsPerUsd } from "./api/money";
import type { Host } from "./config/createClient";
import { ProviderError } from "./errors";
import { canonicalInstant, refuseInstant, toUnixSeconds } from "./key/instant";
import { type Sought, withClient } from "./lookupClient";

/** The account that the access token belongs to. */
export function account(host: Host, { account: name }: Sought): Promise<CometApiAccount> {
  return shared(host, ["account", name], () =>
    withClient(host, "reading the account", name, true, async (api) => {
      const [balance, predictedDays, unitsPerUsd] = await Promise.all([
        readBalance(api),
        readPredictedDays(api),
        unitOf(api),
      ]);
      const availableUsd = balance.availableQuota / unitsPerUsd;
      return {
        ...balance,
        availableUsd,
        usedUsd: balance.usedQuota / unitsPerUsd,
        predictedDays,
        unitsPerUsd,
      };
    }),
  );
}

/** Whose spending is looked up, and when. */
interface SpendSought extends Sought {
  name?: string | null | undefined;
  id?: string | null | undefined;
  from: string | number;
  to?: string | number | null | undefined;
}

/** What a key has spent in a period, by the log of the server, which knows keys by their names alone. */
export function keySpend(
  host: Host,
  { name, id, from, to, account }: SpendSought,
): Promise<CometApiKeySpend> {
  return shared(host, ["keySpend", account, name, id, from, to], () =>
    withClient(host, "reading what a key has spent", account, true, async (api) => {
      const period = readPeriod(from, to ?? Math.floor(host.clock.now() / 1000));
      const nameInLog = await onlyNameOf(api, name ?? undefined, id ?? undefined);
      const [usedQuota, unitsPerUsd] = await Promise.all([
        // The server counts both ends in, so two periods in a row would share a second.
        readSpend(api, { name: nameInLog, from: period.from, to: period.to - 1 }).catch(explainNoLog),
        unitOf(api),
      ]);
      const [start, end] = [canonicalInstant(period.from), canonicalInstant(period.to)];
      return { name: nameInLog, from: start, to: end, usedQuota, usedUsd: usedQuota / unitsPerUsd };
    }),
  );
}

/** CometAPI's own unit, where the server does not say. */
async function unitOf(api: CometApi): Promise<number> {
  return (await readUnitsPerUsd(api)) ?? usualUnit;
}

/** The list of keys was readable, so the usual advice, to check the address, would lead astray. */
function explainNoLog(error: unknown): never {
  const noLog = "this server may keep no log of what keys spend";
  if (error instanceof RefusedError && error.httpStatus === 404)
    throw new ProviderError(`${error.message}: ${noLog}`, { cause: error });
  if (error instanceof NoAnswerError && !error.traits.retry)
    throw error.adding(`(its list of keys was readable: ${noLog})`);
  throw error;
}

function readPeriod(from: unknown, to: unknown): { from: number; to: number } {
  const period = { from: readInstant("from", from), to: readInstant("to", to) };
  if (period.from >= period.to)
    throw new ProviderError(
      `\`from\` is ${canonicalInstant(period.from)}, and must lie before \`to\`, ${canonicalInstant(period.to)}`,
    );
  return period;
}

function readInstant(name: string, value: unknown): number {
  const refused = value === "never" || value === -1 ? `is ${value}. Give an instant` : refuseInstant(value);
  if (refused !== undefined) throw new ProviderError(`\`${name}\` ${refused}`);
  return toUnixSeconds(canonicalInstant(value as string | number));
}

/**
 * The name of the key in the log.
 *
 * @throws {ProviderError} when the log has it for several keys
 */
async function onlyNameOf(api: CometApi, name: string | undefined, id: string | undefined): Promise<string> {
  if ((name === undefined) === (id === undefined) || name === "" || id === "")
    throw new ProviderError("give either the `name` of the key or its `id`");
  const keys = await api.all();
  const found = id === undefined ? name : keys.find((key) => key.id === id)?.name;
  if (found === undefined) throw new ProviderError(`the account has no key of the id ${id}`);
  const sharing = keys.filter((key) => key.name === found);
  if (sharing.length > 1) {
    const ids = sharing.map((key) => key.id).join(", ");
    throw new ProviderError(
      `${sharing.length} keys of the account are called "${found}" (${ids}), and the log cannot tell them apart. Give ` +
        "each key a name of its own; `usedQuota` says what each has used in its whole life",
    );
  }
  return found;
}

/** Lookups that wait, by what they ask. */
const waiting = new Map<string, Promise<unknown>>();

/** Servers allow few lookups of the log, so identical ones that wait at the same time are one. */
function shared<T>({ config }: Host, asked: unknown[], look: () => Promise<T>): Promise<T> {
  const { fallback, byName } = config.accounts;
  const { settings } = config.settingsOf(undefined, false);
  const key = JSON.stringify([settings, fallback, byName, ...asked]);
  const known = waiting.get(key) as Promise<T> | undefined;
  if (known !== undefined) return known;
  const looking = look().finally(() => waiting.delete(key));
  waiting.set(key, looking);
  return looking;
}
