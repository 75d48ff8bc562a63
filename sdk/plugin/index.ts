/**
 * `pulumi-cometapi/plugin`: the same resources and lookups, by the provider plugin. A second import and not a setting,
 * as the type of every key in state depends on it.
 */

export type { CometApiKeyArgs, CometApiKeyStatus } from "../cometApiKeyArgs";
export type {
  GetCometApiAccountArgs,
  GetCometApiKeySpendArgs,
  GetCometApiKeysArgs,
  GetCometApiKeyUsageArgs,
  GetCometApiModelsArgs,
} from "../lookups";
export type {
  CometApiAccount,
  CometApiKeySpend,
  CometApiKeySummary,
  CometApiKeyUsage,
  CometApiModel,
  CometApiModelPricing,
} from "../lookupTypes";
export type { RotatedKey, RotatingCometApiKeyArgs } from "../rotatingCometApiKeyArgs";
export { toUsd, usd } from "../usd";
export { CometApiKey } from "./cometApiKey";
export {
  getCometApiAccount,
  getCometApiAccountOutput,
  getCometApiKeySpend,
  getCometApiKeySpendOutput,
  getCometApiKeys,
  getCometApiKeysOutput,
  getCometApiKeyUsage,
  getCometApiKeyUsageOutput,
  getCometApiModels,
  getCometApiModelsOutput,
} from "./lookups";
export { Provider, type ProviderAccount, type ProviderArgs } from "./provider";
export { RotatingCometApiKey } from "./rotatingCometApiKey";
