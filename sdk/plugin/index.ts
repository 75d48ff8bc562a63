/**
 * `pulumi-cometapi/plugin`: the same resources and lookups, by the provider plugin. A second import and not a setting,
 * as the type of every key in state depends on it.
 */

export * from "../shared";
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
