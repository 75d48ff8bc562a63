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
export { RotatingCometApiKey } from "./rotatingCometApiKey";
export * from "./shared";
