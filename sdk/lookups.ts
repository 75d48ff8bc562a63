import * as pulumi from "@pulumi/pulumi";
import type { CometApiKey } from "./cometApiKey";
import { lookUp } from "./door";

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

/** What a key was granted, has used and may do, all quota in CometAPI's internal units. */
export interface CometApiKeyUsage {
  /** The display name in the CometAPI console. */
  name: string;
  /** What the key was granted in all: used and available together. */
  totalQuota: number;
  /** What the key has used. */
  usedQuota: number;
  /** What is left. Means nothing for an unlimited key. */
  availableQuota: number;
  /** Whether the key works without looking at its quota. */
  unlimitedQuota: boolean;
  /** The ids of the models the key may use, sorted. */
  modelLimits: string[];
  /** Whether `modelLimits` applies. */
  modelLimitsEnabled: boolean;
  /** When the key stops working: RFC 3339 in UTC, or `"never"`. */
  expiredTime: string;
}

/** The arguments of {@link getCometApiKeys}. Keys that fit all of them are returned. */
export interface GetCometApiKeysArgs extends LookupArgs {
  /** Only keys of exactly this display name. Default: any. */
  name?: string | null | undefined;
  /** Only keys of this status. Default: any. */
  status?: "enabled" | "disabled" | "expired" | "exhausted" | null | undefined;
}

/** A key in the account, without its secret. The properties are those of {@link CometApiKey}. */
export type CometApiKeySummary = { id: string } & pulumi.Unwrap<
  Pick<
    CometApiKey,
    | "name"
    | "status"
    | "expiredTime"
    | "unlimitedQuota"
    | "modelLimits"
    | "modelLimitsEnabled"
    | "allowIps"
    | "group"
    | "crossGroupRetry"
    | "userId"
    | "createdTime"
    | "accessedTime"
    | "usedQuota"
    | "availableQuota"
  >
>;

/** The arguments of {@link getCometApiModels}. */
export interface GetCometApiModelsArgs extends LookupArgs {}

/** A model of CometAPI's catalogue. */
export interface CometApiModel {
  /** What `modelLimits` and model requests call it. */
  id: string;
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
  return lookUp(({ usage }, host) => usage(host, args));
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
  return lookUp(({ keys }, host) => keys(host, args));
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
  return lookUp(({ models }, host) => models(host, args));
}

/** {@link getCometApiModels} with arguments that are outputs. */
export function getCometApiModelsOutput(
  args: Inputs<GetCometApiModelsArgs> = {},
): pulumi.Output<CometApiModel[]> {
  return pulumi.output(args).apply((given) => getCometApiModels(given));
}
