export type { Account, AccountOptions, KeyFields, KeyRecord, KeyView, LedgerEntry, Origin } from "./account";
export type { Settings } from "./backend";
export { Exchange, type Fault, faults, type LoggedRequest, type Matcher } from "./faults";
export type { Answer, ApiRequest } from "./http";
export type { Language } from "./messages";
export { cometApi, newApi, type Personality } from "./personality";
export { CometServer, type HungFault, type ServerOptions, startServer, type Violation } from "./server";
