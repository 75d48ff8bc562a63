export { CometApiKey, type CometApiKeyArgs, type CometApiKeyStatus } from "./cometApiKey";
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
export { type RotatedKey, RotatingCometApiKey, type RotatingCometApiKeyArgs } from "./rotatingCometApiKey";
export { toUsd, usd } from "./usd";
