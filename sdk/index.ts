export { CometApiKey } from "./cometApiKey";
export type { CometApiKeyArgs, CometApiKeyStatus } from "./cometApiKeyArgs";
export {
  type GetCometApiAccountArgs,
  type GetCometApiKeySpendArgs,
  type GetCometApiKeysArgs,
  type GetCometApiKeyUsageArgs,
  type GetCometApiModelsArgs,
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
export type {
  CometApiAccount,
  CometApiKeySpend,
  CometApiKeySummary,
  CometApiKeyUsage,
  CometApiModel,
  CometApiModelPricing,
} from "./lookupTypes";
export { RotatingCometApiKey } from "./rotatingCometApiKey";
export type { RotatedKey, RotatingCometApiKeyArgs } from "./rotatingCometApiKeyArgs";
export { toUsd, usd } from "./usd";
