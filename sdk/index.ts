export { CometApiKey, type CometApiKeyArgs, type CometApiKeyStatus } from "./cometApiKey";
export {
  type CometApiKeySummary,
  type CometApiKeyUsage,
  type CometApiModel,
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
export { type RotatedKey, RotatingCometApiKey, type RotatingCometApiKeyArgs } from "./rotatingCometApiKey";
