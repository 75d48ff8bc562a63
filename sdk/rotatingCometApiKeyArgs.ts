import type { CometApiKeyArgs } from "./cometApiKeyArgs";

/** The arguments of a `RotatingCometApiKey`: those of each of its keys, and when a new one becomes current. */
export interface RotatingCometApiKeyArgs extends Omit<CometApiKeyArgs, "expiredTime" | "adoptId"> {
  /**
   * How long a key is the current one: an ISO 8601 duration in weeks, days, hours, minutes and seconds. A plain text, as
   * the schedule names the keys.
   *
   * Limit: from `"PT1S"` to `"P36500D"`, in whole numbers. Months and years are refused: they are not all of one length.
   *
   * Default: none, it is required. A change begins another schedule: its first key is created before the last one goes.
   *
   * @example "P30D"
   */
  every: string;

  /**
   * How long the previous key keeps working, counted from the `up` that creates its successor: an ISO 8601 duration.
   * Give it time for every user of the key to take up the new one.
   *
   * Limit: shorter than `every`. With `"PT0S"` the `up` that makes a key deletes the one before when all else is done.
   *
   * Default: none, it is required.
   *
   * @example "P2D"
   */
  overlap: string;

  /**
   * A moment at which a key becomes current. All others follow from it and `every`, before and after.
   *
   * Limit: RFC 3339 with an offset, in whole seconds, from 1970 on.
   *
   * Default: the Unix epoch, `"1970-01-01T00:00:00Z"`.
   *
   * @example "2026-01-05T09:00:00+01:00"
   */
  anchor?: string | null | undefined;

  /**
   * Whether each key also expires by itself, when its slot and the `overlap` after it are over, even if nobody runs
   * `pulumi up`: then no key works until somebody does.
   *
   * Default: `false`. Only an `up` takes a key away, when it has created a newer one.
   *
   * @example true
   */
  hardExpiry?: boolean | null | undefined;

  /**
   * The display name of the keys in the CometAPI console, to which the start of each one's slot is added: `backend` makes
   * `backend-20260101`.
   *
   * Limit: with that, 1 to 50 Unicode characters.
   *
   * Default: a generated name, as that of a `CometApiKey`.
   *
   * @example "backend"
   */
  name?: CometApiKeyArgs["name"];
}

/** One of the keys of a `RotatingCometApiKey`. */
export interface RotatedKey {
  /** CometAPI's own id of the key. */
  id: string;
  /** The display name in the CometAPI console. */
  name: string;
  /** From when on it is the current key: RFC 3339 in UTC. */
  start: string;
  /** When the next one becomes current. */
  end: string;
}
