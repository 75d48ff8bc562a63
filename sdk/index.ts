export { CometApiKey, type CometApiKeyArgs, type CometApiKeyStatus } from "./cometApiKey";
export {
  type GetCometApiKeysArgs,
  type GetCometApiKeyUsageArgs,
  type GetCometApiModelsArgs,
  getCometApiKeys,
  getCometApiKeysOutput,
  getCometApiKeyUsage,
  getCometApiKeyUsageOutput,
  getCometApiModels,
  getCometApiModelsOutput,
} from "./lookups";
export type {
  CometApiKeySummary,
  CometApiKeyUsage,
  CometApiModel,
  CometApiModelPricing,
} from "./lookupTypes";
export { type RotatedKey, RotatingCometApiKey, type RotatingCometApiKeyArgs } from "./rotatingCometApiKey";
export { toUsd, usd } from "./usd";
