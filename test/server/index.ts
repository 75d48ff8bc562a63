export type { KeyRecord, KeyView } from "./account";
export { Exchange, type Fault, faults } from "./faults";
export type { Answer } from "./http";
export { cometApi, newApi, type Personality } from "./personality";
export { CometServer, type ServerOptions, startServer } from "./server";
