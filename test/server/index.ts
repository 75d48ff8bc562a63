/**
 * A server of CometAPI's family, written from the API's facts alone: S the seeds, D the public docs, V the
 * vendor's own client, N a New API that was seen running (N3 of March 2026, N7 of July 2026).
 *
 * `startServer({ personality })` takes a whole personality or part of one; what is left out is `cometApi`'s.
 * Suites about something else than limits and holds say so: `{ ...newApi, limits: noLimits, hold: undefined }`.
 * Personality, settings and `account.banned` are live: a change counts from the next request on.
 *
 * | personality | the server of |
 * |---|---|
 * | `cometApi` | the documents: no limit, no hold, plain keys |
 * | `newApi` | July 2026: masks, both reveals, 360 in 180 s and the critical bucket, holds |
 * | `newApiMaskedForGood` | the same, without the reveals |
 * | `newApi2026March` | 180 in 180 s, keys in full |
 * | `newApi2025December` | the oldest supported; `cross_group_retry` is kept with `auto` only |
 * | `newApi2025June` | too old: a bare array from page 0, 30 bytes of name |
 *
 * A model request takes the headers `x-test-cost`, `x-test-hold` (the estimate, 0 for none), `x-test-settle-ms`
 * and `x-test-settle-requests`; without them it costs `settings.cost` and holds what `personality.hold` says.
 *
 * To judge: `granted(id)` is remaining + used, which neither use nor a hold nor its give-back changes; `spent(id)`
 * is what settled requests really cost; `held(id)` is what is under way; `changes(id)` has the record before and
 * after each write; `rateLimited` are the requests that got 429. `console.hold(id, estimate).settle(cost)` holds
 * for as long as a test wants, `console.logIn()` takes from the critical bucket, `console.backUp()` returns what
 * puts the server back. `accounts: [{ administrator: true }]` sees everybody's keys.
 */
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
