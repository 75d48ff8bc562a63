import type { RateLimits } from "./limits";
import type { Personality } from "./personality";

/** No rate limit at all, for suites that are about something else. */
export const noLimits: RateLimits = {};

const critical = { requests: 20, windowMs: 1_200_000 };
const reveals = ["POST /api/token/{id}/key", "POST /api/token/batch/keys"] as const;

/** CometAPI as its documents and its own command line client describe it (S, D, V). */
export const cometApi: Readonly<Personality> = {
  version: undefined,
  lacks: [...reveals, "GET /api/user/models", "GET /api/user/self/groups", "GET /api/status"],
  lacksFields: [],
  listShape: "paged",
  statusOnly: false,
  refuseReenable: false,
  nameBytes: undefined,
  maskedKeys: false,
  requireUserHeader: false,
  language: "en",
  tooManyKeysInChinese: false,
  allowIpsEmptyString: false,
  extraFields: {},
  editableExtras: {},
  dropsCrossGroupRetry: false,
  anyGroup: false,
  maxKeys: 1000,
  maxQuota: Number.MAX_SAFE_INTEGER,
  keyPrefix: "sk-",
  catalogue: "rows",
  limits: noLimits,
  hold: undefined,
  batchMs: 0,
};

/** New API of July 2026 (N7), with its default limits. */
export const newApi: Readonly<Personality> = {
  version: "emulated-2026-07",
  lacks: ["GET /api/user/self/stats"],
  lacksFields: [],
  listShape: "paged",
  statusOnly: true,
  refuseReenable: true,
  nameBytes: 50,
  maskedKeys: true,
  requireUserHeader: true,
  language: "asked",
  tooManyKeysInChinese: true,
  allowIpsEmptyString: true,
  extraFields: { DeletedAt: null },
  editableExtras: {},
  dropsCrossGroupRetry: false,
  anyGroup: true,
  maxKeys: 1000,
  maxQuota: 500_000_000_000_000,
  keyPrefix: "",
  catalogue: "object",
  limits: { global: { requests: 360, windowMs: 180_000 }, critical },
  hold: { estimate: 5_000, settleMs: 1_000 },
  batchMs: 0,
};

/** New API of July 2026 whose keys cannot be read in full: masks, and neither of the endpoints that reveal. */
export const newApiMaskedForGood: Readonly<Personality> = { ...newApi, lacks: [...newApi.lacks, ...reveals] };

/** New API of March 2026 (N3): half the requests, keys in full. */
export const newApi2026March: Readonly<Personality> = {
  ...newApi,
  version: "emulated-2026-03",
  lacks: newApiMaskedForGood.lacks,
  maskedKeys: false,
  limits: { global: { requests: 180, windowMs: 180_000 }, critical },
};

/** New API of December 2025, the oldest supported: `cross_group_retry` is new, and kept with `auto` only. */
export const newApi2025December: Readonly<Personality> = {
  ...newApi2026March,
  version: "emulated-2025-12",
  dropsCrossGroupRetry: true,
};

/** New API before July 2025: the list is a bare array, names have 30 bytes, `cross_group_retry` is unknown. */
export const newApi2025June: Readonly<Personality> = {
  ...newApi2025December,
  version: "emulated-2025-06",
  lacksFields: ["cross_group_retry"],
  listShape: "bare array",
  nameBytes: 30,
};
