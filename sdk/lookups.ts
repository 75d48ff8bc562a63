import * as pulumi from "@pulumi/pulumi";
import { withLookups } from "./loadLookups";
import type { CometApiKeySummary, CometApiKeyUsage, CometApiModel } from "./lookupTypes";

/** The arguments of a look-up as its `…Output` form takes them. */
type Inputs<Args> = { [Name in keyof Args]: pulumi.Input<Args[Name]> };

interface LookupArgs {
  /**
   * The account to look in: a name under `cometapi:accounts`, or `""` for the stack's own.
   *
   * Default: `cometapi:account`; without that, the stack's own account.
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
