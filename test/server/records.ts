/** 1 enabled, 2 disabled, 3 expired, 4 exhausted; only 1 serves model requests (S). 0 is an omitted one. */
export const Status = { enabled: 1, disabled: 2, expired: 3, exhausted: 4 } as const;

/** What an author of a key decides, `status` apart: the body of a create (S). */
export interface KeyFields {
  name: string;
  /** Unix seconds, -1 never (S). */
  expired_time: number;
  /** What is left, in CometAPI's internal units (S). */
  remain_quota: number;
  unlimited_quota: boolean;
  model_limits_enabled: boolean;
  /** Comma-joined model ids (S). */
  model_limits: string;
  /** Addresses and CIDRs split by newlines; null or "" is no restriction (S). */
  allow_ips: string | null;
  group: string;
  cross_group_retry: boolean;
  /** Only where `editableExtras` has it: an ordered list of groups (upstream, since August 2026). */
  auto_groups?: unknown;
  /** Only where `editableExtras` has it (forks). */
  billing_type?: unknown;
  /** Only where `editableExtras` has it (forks). */
  remark?: unknown;
}

/** A key's record as the API knows it (S), always with the key in the clear. */
export interface KeyRecord extends KeyFields {
  id: number;
  user_id: number;
  key: string;
  status: number;
  created_time: number;
  accessed_time: number;
  used_quota: number;
}

/**
 * A change of a key's quota. A grant is what setting `remain_quota` added to remain + used, negative when it
 * took away; setting it to what was left grants nothing and is not booked. A spend is what a request really
 * cost, booked once that is known: neither the estimate held until then nor what is given back of it.
 */
export interface LedgerEntry {
  readonly kind: "grant" | "spend";
  readonly amount: number;
  /** Server time, Unix milliseconds. */
  readonly at: number;
  /** The request that did it; absent for the console. */
  readonly request?: number;
}

/** The request a key came from: which POST, and its body as received. */
export interface Origin {
  readonly request: number;
  readonly body: unknown;
}

/** Everything the server knows of one key; tests may trust it. */
export interface KeyView extends Readonly<KeyRecord> {
  readonly ledger: readonly LedgerEntry[];
  /** Absent for a key made on the console. */
  readonly createdBy?: Origin;
  /** Server time in Unix milliseconds; absent while the key lives. */
  readonly deletedAt?: number;
}

export interface AccountOptions {
  /** The personal access token, sent raw in `Authorization` (S). */
  token?: string;
  userId?: number;
  /** Groups its keys may name (S). */
  groups?: string[];
  /** What the account had before any key was used, in units. Default 50,000,000. */
  balance?: number;
  /** Lists, reads and edits everybody's keys, as in one stored version of N. Default false. */
  administrator?: boolean;
  /** Neither its token nor its keys are served (N). Default false. Live. */
  banned?: boolean;
}

/** A moment of a key: its record before and after something changed a field of it, use apart. */
export interface Change {
  /** The request that did it; absent for the console. */
  readonly request?: number;
  readonly before: Readonly<KeyRecord>;
  readonly after: Readonly<KeyRecord>;
}

/** A key in the store. Its record is replaced on every change, never edited, so older ones stay true. */
export interface StoredKey {
  record: KeyRecord;
  readonly account: Account;
  readonly ledger: LedgerEntry[];
  readonly changes: Change[];
  /** The estimates of requests under way: part of `used_quota` until they are settled. */
  held: number;
  readonly versions: { at: number; record: KeyRecord | undefined }[];
  readonly createdBy?: Origin;
  deletedAt?: number;
}

export interface Account extends Readonly<Required<Omit<AccountOptions, "banned" | "token">>> {
  banned: boolean;
  /** The one that is valid now. */
  token: string;
  /** Model requests served so far. */
  requestCount: number;
  /** The server's own log of use, for `GET /api/log/self/stat`. */
  readonly uses: Use[];
  /** Oldest first; a list reads it from the end (S: newest first). */
  readonly living: StoredKey[];
  readonly ever: StoredKey[];
}

/** One line of the server's log of use: what a request really cost, under the name the key had then. */
export interface Use {
  readonly name: string;
  readonly cost: number;
  /** Unix seconds. */
  readonly at: number;
}

/** A snapshot of a stored key for tests to look at. */
export function view(key: StoredKey): KeyView {
  return {
    ...key.record,
    ledger: [...key.ledger],
    ...(key.createdBy && { createdBy: key.createdBy }),
    ...(key.deletedAt !== undefined && { deletedAt: key.deletedAt }),
  };
}
