import type { RateLimits } from "./limits";
import type { Language } from "./messages";
import type { KeyFields } from "./records";

/** Endpoints that some backends of the family do not have. */
type OptionalEndpoint =
  | "POST /api/token/{id}/key"
  | "POST /api/token/batch/keys"
  | "GET /api/user/self"
  | "GET /api/user/self/stats"
  | "GET /api/user/self/groups"
  | "GET /api/user/models"
  | "GET /api/log/self/stat"
  | "GET /api/status"
  | "GET /api/usage/token/";

/** How one backend of the family differs from another. The defaults are CometAPI as documented. */
export interface Personality {
  /** Sent with every answer as `X-New-Api-Version`, and reported by `/api/status` (N); undefined: neither. */
  version: string | undefined;
  /** Endpoints that are not there. */
  lacks: readonly OptionalEndpoint[];
  /** Documented fields that are not stored nor shown: `cross_group_retry` before December 2025 (N). */
  lacksFields: readonly (keyof KeyFields)[];
  /** `"bare array"`: `data` is the array alone and `p` counts from 0, as before July 2025 (N). */
  listShape: "paged" | "bare array";
  /** PUT ignores `status` unless the query has `status_only=true`, which changes only the status (N). */
  statusOnly: boolean;
  /** Status 1 is refused while the stored record is expired or exhausted, and is so by its numbers (N). */
  refuseReenable: boolean;
  /** Names are limited to so many bytes (N: 50, 30 before December 2025); undefined: to 50 characters (S). */
  nameBytes: number | undefined;
  /** Every management answer shows the key's first 4 characters, ten `*`, and the last 4 (N7). */
  maskedKeys: boolean;
  /** Management calls must carry `New-Api-User: <numeric user id>`; without it they are HTTP 401 (N). */
  requireUserHeader: boolean;
  /** The language of refusals: `"asked"` follows `Accept-Language` (N), any other is spoken regardless. */
  language: Language | "asked";
  /** The refusal for too many keys is Chinese in any language (N). */
  tooManyKeysInChinese: boolean;
  /** `allow_ips: null` is stored as "" by a create; an update stores null as null (N). */
  allowIpsEmptyString: boolean;
  /** Read-only fields added to every record, unknown to the docs (N: `DeletedAt`). A PUT must not need them. */
  extraFields: Record<string, unknown>;
  /**
   * Editable fields beyond the documented ones, with the value that a PUT without them resets them to:
   * `auto_groups` (upstream, since August 2026), `billing_type`, `remark` (forks).
   */
  editableExtras: Record<string, unknown>;
  /** `cross_group_retry` is stored as false unless the group is `auto` (some N). */
  dropsCrossGroupRetry: boolean;
  /** Any group is stored, and a key of one that the account lacks gets 403 from model requests (N). */
  anyGroup: boolean;
  /** Keys an account may have; the next create is refused softly (N). */
  maxKeys: number;
  /** The largest `remain_quota` that is accepted (N: 500,000,000,000,000). */
  maxQuota: number;
  /** What a key's 48 random characters begin with: `sk-`, or nothing. */
  keyPrefix: string;
  /** `GET /api/models`: rows with what is known of each model (D, V), or an object of ids by channel type (N). */
  catalogue: "rows" | "object";
  /** What a client address may ask of `/api`; `{}`: as much as it likes. */
  limits: RateLimits;
  /** Model requests take this estimate first and give the rest back later (N); undefined: cost at once. */
  hold: Holding | undefined;
  /** Use shows in the records so many ms late (N: `BATCH_UPDATE`). */
  batchMs: number;
}

/** How an ordinary model request holds quota. It is settled once both the time and the requests have passed. */
export interface Holding {
  /** Units taken before the cost is known. */
  estimate: number;
  /** Milliseconds on the server's clock. Default 0: as soon as anybody asks anything more. */
  settleMs?: number;
  /** How many more requests, to any endpoint, arrive before. Default 0. */
  settleRequests?: number;
}
