/** What both doors of the package export: the types of arguments and results, and dollars. */

export type { CometApiKeyArgs, CometApiKeyStatus } from "./cometApiKeyArgs";
export type {
  GetCometApiAccountArgs,
  GetCometApiKeySpendArgs,
  GetCometApiKeysArgs,
  GetCometApiKeyUsageArgs,
  GetCometApiModelsArgs,
} from "./lookups";
export type {
  CometApiAccount,
  CometApiKeySpend,
  CometApiKeySummary,
  CometApiKeyUsage,
  CometApiModel,
  CometApiModelPricing,
} from "./lookupTypes";
export type { RotatedKey, RotatingCometApiKeyArgs } from "./rotatingCometApiKeyArgs";
export { toUsd, usd } from "./usd";
