import * as pulumi from "@pulumi/pulumi";
import type {
  GetCometApiAccountArgs,
  GetCometApiKeySpendArgs,
  GetCometApiKeysArgs,
  GetCometApiKeyUsageArgs,
  GetCometApiModelsArgs,
  Inputs,
} from "../lookups";
import type {
  CometApiAccount,
  CometApiKeySpend,
  CometApiKeySummary,
  CometApiKeyUsage,
  CometApiModel,
} from "../lookupTypes";
import { runError } from "../runError";
import { pluginOptions } from "./pluginOptions";

/** The lookups of `../lookups.ts`, done by the plugin with the settings of the provider that is given. */

/**
 * What a key has used and what it has left, now: read at every preview and update, with the key's own secret.
 *
 * ```ts
 * const { availableQuota } = await getCometApiKeyUsage({ key: config.require("apiKey") });
 * ```
 *
 * @throws {pulumi.RunError} when CometAPI cannot be reached or does not know the key
 */
export function getCometApiKeyUsage(
  args: GetCometApiKeyUsageArgs,
  opts?: pulumi.InvokeOptions,
): Promise<CometApiKeyUsage> {
  return look("getCometApiKeyUsage", args, opts);
}

/** {@link getCometApiKeyUsage} of a key that is an output. The result is as secret as the key. */
export function getCometApiKeyUsageOutput(
  args: Inputs<GetCometApiKeyUsageArgs>,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<CometApiKeyUsage> {
  return lookOutput("getCometApiKeyUsage", args, opts);
}

/**
 * Every key of the account, oldest first, those too that no stack manages. No secrets: to read one, use
 * `CometApiKey.get`.
 *
 * ```ts
 * const spent = await getCometApiKeys({ status: "exhausted" }, { provider: billing });
 * ```
 *
 * @throws {pulumi.RunError} when a setting is missing, or CometAPI cannot be reached or refuses
 */
export async function getCometApiKeys(
  args: GetCometApiKeysArgs = {},
  opts?: pulumi.InvokeOptions,
): Promise<CometApiKeySummary[]> {
  const { keys } = await look<{ keys: CometApiKeySummary[] }>("getCometApiKeys", args, opts);
  return keys;
}

/** {@link getCometApiKeys} with arguments that are outputs. */
export function getCometApiKeysOutput(
  args: Inputs<GetCometApiKeysArgs> = {},
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<CometApiKeySummary[]> {
  return lookOutput<{ keys: CometApiKeySummary[] }>("getCometApiKeys", args, opts).keys;
}

/**
 * The models of CometAPI's catalogue, sorted by id.
 *
 * ```ts
 * const models = await getCometApiModels();
 * const modelLimits = models.map(({ id }) => id).filter((id) => id.startsWith("gpt-5"));
 * ```
 *
 * @throws {pulumi.RunError} when CometAPI cannot be reached or refuses
 */
export async function getCometApiModels(
  args: GetCometApiModelsArgs = {},
  opts?: pulumi.InvokeOptions,
): Promise<CometApiModel[]> {
  const { models } = await look<{ models: CometApiModel[] }>("getCometApiModels", args, opts);
  return models;
}

/** {@link getCometApiModels} with arguments that are outputs. */
export function getCometApiModelsOutput(
  args: Inputs<GetCometApiModelsArgs> = {},
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<CometApiModel[]> {
  return lookOutput<{ models: CometApiModel[] }>("getCometApiModels", args, opts).models;
}

/**
 * The account that the access token belongs to, with what it has left and has used, now, in units and US dollars.
 *
 * ```ts
 * const { availableUsd, predictedDays } = await getCometApiAccount({}, { provider: billing });
 * ```
 *
 * @throws {pulumi.RunError} when a setting is missing, or CometAPI cannot be reached or refuses
 */
export async function getCometApiAccount(
  args: GetCometApiAccountArgs = {},
  opts?: pulumi.InvokeOptions,
): Promise<CometApiAccount> {
  return look("getCometApiAccount", args, opts);
}

/** {@link getCometApiAccount} with arguments that are outputs. */
export function getCometApiAccountOutput(
  args: Inputs<GetCometApiAccountArgs> = {},
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<CometApiAccount> {
  return lookOutput("getCometApiAccount", args, opts);
}

/**
 * What a key has spent in a period, by the server's own log of requests, which knows keys by their names alone.
 *
 * ```ts
 * const { usedUsd } = await getCometApiKeySpend({ name: "backend", from: "2026-11-01T00:00:00Z" });
 * ```
 *
 * Limit: a New API server answers 20 such lookups in 20 minutes, and counts lookups of usage and of masked keys among
 * them. Further ones wait.
 *
 * @throws {pulumi.RunError} when an argument cannot be used, several keys have the name, the account has no key of the
 * id, the server keeps no log, or CometAPI cannot be reached or refuses
 */
export function getCometApiKeySpend(
  args: GetCometApiKeySpendArgs,
  opts?: pulumi.InvokeOptions,
): Promise<CometApiKeySpend> {
  return look("getCometApiKeySpend", args, opts);
}

/** {@link getCometApiKeySpend} with arguments that are outputs. */
export function getCometApiKeySpendOutput(
  args: Inputs<GetCometApiKeySpendArgs>,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<CometApiKeySpend> {
  return lookOutput("getCometApiKeySpend", args, opts);
}

async function look<Found>(name: string, args: object, opts: pulumi.InvokeOptions = {}): Promise<Found> {
  try {
    return await pulumi.runtime.invoke(
      `cometapi:index:${name}`,
      { ...args },
      { ...pluginOptions(opts), ...opts },
    );
  } catch (error) {
    throw error instanceof Error ? runError(error.message) : error;
  }
}

function lookOutput<Found>(
  name: string,
  args: object,
  opts: pulumi.InvokeOutputOptions = {},
): pulumi.Output<Found> {
  return pulumi.runtime.invokeOutput<Found>(
    `cometapi:index:${name}`,
    { ...args },
    { ...pluginOptions(opts), ...opts },
  );
}
