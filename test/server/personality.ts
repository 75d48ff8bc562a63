import type { Language } from "./messages";

/** How one backend of the family differs from another. The defaults are CometAPI as documented. */
export interface Personality {
  /** PUT ignores `status` unless the query has `status_only=true`, which changes only the status (B). */
  statusOnly: boolean;
  /** Status 1 is refused while the stored record is expired or exhausted, and is so by its numbers (B). */
  refuseReenable: boolean;
  /** Names are limited to 50 bytes (B) rather than 50 Unicode characters (S). */
  byteNames: boolean;
  /** Every management answer shows `abcd**********wxyz` for the key (B). */
  maskedKeys: boolean;
  /** Management calls must carry `New-Api-User: <numeric user id>` (B). */
  requireUserHeader: boolean;
  /** The language of refusals: `"asked"` follows `Accept-Language` (B), any other is spoken regardless. */
  language: Language | "asked";
  /** `allow_ips: null` is stored as "" by a create; an update stores null as null (B). */
  allowIpsEmptyString: boolean;
  /** Fields added to every record, unknown to the docs (B: `DeletedAt`). */
  extraFields: Record<string, unknown>;
  /** `cross_group_retry` is stored as false unless the group is `auto` (B). */
  dropsCrossGroupRetry: boolean;
  /** Keys an account may have; the next create is refused softly (B). */
  maxKeys: number;
  /** What a key's 48 random characters begin with: `sk-`, or nothing. */
  keyPrefix: string;
}

/** CometAPI as its documents describe it (S, D). */
export const cometApi: Readonly<Personality> = {
  statusOnly: false,
  refuseReenable: false,
  byteNames: false,
  maskedKeys: false,
  requireUserHeader: false,
  language: "en",
  allowIpsEmptyString: false,
  extraFields: {},
  dropsCrossGroupRetry: false,
  maxKeys: 1000,
  keyPrefix: "sk-",
};

/** Self-hosted New API, with everything seen on that family at once (B). */
export const newApi: Readonly<Personality> = {
  statusOnly: true,
  refuseReenable: true,
  byteNames: true,
  maskedKeys: true,
  requireUserHeader: true,
  language: "asked",
  allowIpsEmptyString: true,
  extraFields: { DeletedAt: null },
  dropsCrossGroupRetry: true,
  maxKeys: 1000,
  keyPrefix: "",
};
