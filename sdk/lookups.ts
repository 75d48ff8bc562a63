import * as pulumi from "@pulumi/pulumi";
import { withLookups } from "./loadLookups";
import type {
  CometApiAccount,
  CometApiKeySpend,
  CometApiKeySummary,
  CometApiKeyUsage,
  CometApiModel,
} from "./lookupTypes";

/** The arguments of a lookup as its `…Output` form takes them. */
export type Inputs<Args> = { [Name in keyof Args]: pulumi.Input<Args[Name]> };

interface LookupArgs {
  /**
   * The account to look in: a name under `cometapi:accounts`, or `""` for the default account.
   *
   * Default: `cometapi:account`; without that, the default account.
   */
  account?: string | null | undefined;
}

/** The arguments of {@link getCometApiKeyUsage}. */
export interface GetCometApiKeyUsageArgs extends LookupArgs {
  /** The API key itself: the `key` of a {@link CometApiKey}. The account's access token takes no part. */
  key: string;
}

/** The arguments of {@link getCometApiKeys}. Keys that fit all of them are returned. */
export interface GetCometApiKeysArgs extends LookupArgs {
  /** Only keys of exactly this display name. Default: any. */
  name?: string | null | undefined;
  /** Only keys of this status. Default: any. */
  status?: "enabled" | "disabled" | "expired" | "exhausted" | null | undefined;
}

/** The arguments of {@link getCometApiModels}. */
export interface GetCometApiModelsArgs extends LookupArgs {}

/** The arguments of {@link getCometApiAccount}. */
export interface GetCometApiAccountArgs extends LookupArgs {}

/** The arguments of {@link getCometApiKeySpend}: either `name` or `id`, and a period. */
export interface GetCometApiKeySpendArgs extends LookupArgs {
  /**
   * The display name of the key. The key itself may be gone: the log keeps what it spent.
   *
   * Default: none. Exactly one of `name` and `id` is required.
   */
  name?: string | null | undefined;
  /**
   * The id of a key that the account has. The log is searched for the name that the key has now.
   *
   * Default: none. Exactly one of `name` and `id` is required.
   */
  id?: pulumi.ID | null | undefined;
  /** The start of the period: RFC 3339 with an offset, or whole Unix seconds. */
  from: string | number;
  /** The first second after the period, in the same form. Default: now. */
  to?: string | number | null | undefined;
}

/**
 * What a key has used and what it has left, now: read at every preview and update, with the key's own secret.
 *
 * ```ts
 * const { availableQuota } = await getCometApiKeyUsage({ key: config.require("apiKey") });
 * ```
 *
 * @throws {pulumi.RunError} when CometAPI cannot be reached or does not know the key
 */
export function getCometApiKeyUsage(args: GetCometApiKeyUsageArgs): Promise<CometApiKeyUsage> {
  return withLookups(({ usage }, host) => usage(host, args));
}

/**
 * {@link getCometApiKeyUsage} of a key that is an output. The result is as secret as the key that is given, as Pulumi
 * has it; the numbers themselves give nothing away, so `pulumi.unsecret` may show them. Not known at the preview that
 * makes the key.
 *
 * ```ts
 * export const left = pulumi.unsecret(getCometApiKeyUsageOutput({ key: key.key }).availableQuota);
 * ```
 */
export function getCometApiKeyUsageOutput(
  args: Inputs<GetCometApiKeyUsageArgs>,
): pulumi.Output<CometApiKeyUsage> {
  return pulumi.output(args).apply((given) => getCometApiKeyUsage(given));
}

/**
 * Every key of the account, oldest first, all pages of the list, those too that no stack manages. No secrets: to
 * read one, use `CometApiKey.get`.
 *
 * ```ts
 * const spent = await getCometApiKeys({ status: "exhausted" });
 * ```
 *
 * @throws {pulumi.RunError} when a setting is missing, or CometAPI cannot be reached or says no
 */
export function getCometApiKeys(args: GetCometApiKeysArgs = {}): Promise<CometApiKeySummary[]> {
  return withLookups(({ keys }, host) => keys(host, args));
}

/** {@link getCometApiKeys} with arguments that are outputs. */
export function getCometApiKeysOutput(
  args: Inputs<GetCometApiKeysArgs> = {},
): pulumi.Output<CometApiKeySummary[]> {
  return pulumi.output(args).apply((given) => getCometApiKeys(given));
}

/**
 * The models of CometAPI's catalogue, sorted by id. Needs no access token, but sends it where there is one.
 *
 * ```ts
 * const models = await getCometApiModels();
 * const modelLimits = models.map(({ id }) => id).filter((id) => id.startsWith("gpt-5"));
 * ```
 *
 * @throws {pulumi.RunError} when CometAPI cannot be reached or says no
 */
export function getCometApiModels(args: GetCometApiModelsArgs = {}): Promise<CometApiModel[]> {
  return withLookups(({ models }, host) => models(host, args));
}

/** {@link getCometApiModels} with arguments that are outputs. */
export function getCometApiModelsOutput(
  args: Inputs<GetCometApiModelsArgs> = {},
): pulumi.Output<CometApiModel[]> {
  return pulumi.output(args).apply((given) => getCometApiModels(given));
}

/**
 * The account that the access token belongs to, with what it has left and has used, now, in units and US dollars.
 *
 * ```ts
 * const { availableUsd, predictedDays } = await getCometApiAccount();
 * ```
 *
 * @throws {pulumi.RunError} when a setting is missing, or CometAPI cannot be reached or refuses
 */
export function getCometApiAccount(args: GetCometApiAccountArgs = {}): Promise<CometApiAccount> {
  return withLookups(({ account }, host) => account(host, args));
}

/** {@link getCometApiAccount} with arguments that are outputs. */
export function getCometApiAccountOutput(
  args: Inputs<GetCometApiAccountArgs> = {},
): pulumi.Output<CometApiAccount> {
  return pulumi.output(args).apply((given) => getCometApiAccount(given));
}

/**
 * What a key has spent in a period, by the server's own log of requests.
 *
 * ```ts
 * const { usedUsd } = await getCometApiKeySpend({ name: "backend", from: "2026-11-01T00:00:00Z" });
 * ```
 *
 * The log knows keys by their names alone. So it is an error when several keys of the account have the name. What a key
 * spent under an earlier name is not counted, and what a deleted key of the same name spent is.
 *
 * Limit: a New API server answers 20 such lookups in 20 minutes, and counts lookups of usage and of masked keys among
 * them. Further ones wait. Identical ones that wait at the same time share one request. For what many keys have used in
 * their whole lives, {@link getCometApiKeys} needs one request for a hundred keys.
 *
 * @throws {pulumi.RunError} when an argument cannot be used, several keys have the name, the account has no key of the
 * id, the server keeps no log, or CometAPI cannot be reached or refuses
 */
export function getCometApiKeySpend(args: GetCometApiKeySpendArgs): Promise<CometApiKeySpend> {
  return withLookups(({ keySpend }, host) => keySpend(host, args));
}

/** {@link getCometApiKeySpend} with arguments that are outputs. */
export function getCometApiKeySpendOutput(
  args: Inputs<GetCometApiKeySpendArgs>,
): pulumi.Output<CometApiKeySpend> {
  return pulumi.output(args).apply((given) => getCometApiKeySpend(given));
}
