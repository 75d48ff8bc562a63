export { Exchange, type Fault, faults } from "./faults";
export type { Answer } from "./http";
export {
  cometApi,
  newApi,
  newApi2025December,
  newApi2025June,
  newApi2026March,
  newApiMaskedForGood,
  noLimits,
} from "./personalities";
export type { Personality } from "./personality";
export type { KeyRecord, KeyView } from "./records";
export { CometServer, type ServerOptions, startServer } from "./server";
