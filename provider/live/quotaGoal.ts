import type { KeyRecord } from "../api/wire";
import { beginsAfter } from "../key/period";
import { keepsTotal, leftOf } from "../key/state";
import type { KeyState, ResolvedKey, Unfinished } from "../key/types";

/**
 * What is to become of a key's quota in one update. Use moves quota between what is left and what is used, in both
 * directions: a gateway holds an estimate of each request and gives the rest back. Only their sum, what was granted in
 * all, is the same before and after, so every goal is judged by the sum.
 */
export type QuotaGoal =
  /**
   * What is left becomes `quota`, whatever was granted `before`: the quota of a `period`, with `quotaReset`. Once that is
   * done, the goal is to keep it.
   */
  | { kind: "assign"; quota: number; period: string | undefined; before: number }
  /** What was granted in all stays as it is. */
  | { kind: "keep"; granted: number }
  /** What is granted in all becomes `total`, whatever was granted `before`. */
  | { kind: "total"; total: number; before: number };

/** What was granted in all. */
export function grantedOf({ remainQuota, usedQuota }: KeyRecord): number {
  return remainQuota + usedQuota;
}

export function keepGranted(record: KeyRecord): QuotaGoal {
  return { kind: "keep", granted: grantedOf(record) };
}

/** Whether a key, as it was last seen, has what it is to have. */
export function isReached(goal: QuotaGoal, record: KeyRecord): boolean {
  switch (goal.kind) {
    case "assign":
      return false;
    case "keep":
      return keepsTotal(record, goal.granted);
    case "total":
      return keepsTotal(record, goal.total);
  }
}

/** Whether a key has used more than it is to have in all. */
export function isOverdrawn(goal: QuotaGoal, { usedQuota }: KeyRecord): boolean {
  switch (goal.kind) {
    case "assign":
      return false;
    case "keep":
      return usedQuota > goal.granted;
    case "total":
      return usedQuota > goal.total;
  }
}

/** What to send as left. An update cannot leave it alone, only set it. */
export function remainingToWrite(goal: QuotaGoal, { usedQuota }: KeyRecord): number {
  switch (goal.kind) {
    case "assign":
      return goal.quota;
    case "keep":
      return goal.granted - usedQuota;
    case "total":
      return leftOf(goal.total, usedQuota);
  }
}

/** What the next update must know of the quota, if this one ends here. */
export function unfinishedQuota(goal: QuotaGoal, record: KeyRecord): Unfinished {
  switch (goal.kind) {
    case "assign":
      return {
        granted: goal.before,
        quota: goal.quota,
        ...(goal.period !== undefined && { period: goal.period }),
      };
    case "keep":
      return { granted: goal.granted };
    case "total":
      return isReached(goal, record)
        ? { granted: grantedOf(record) }
        : { granted: goal.before, totalQuota: goal.total };
  }
}

/** What was declared and written before an update: it stands in state as long as the update has not written more. */
export interface QuotaInForce {
  remainQuota: number | undefined;
  quotaPeriod: string | undefined;
}

interface ChosenGoal {
  goal: QuotaGoal;
  before: QuotaInForce;
  /** Whether the key gets its quota anew because a period has begun. */
  renews: boolean;
}

/**
 * The goal of an update, and the quota that is in force until it is reached.
 *
 * @param old the outputs in state
 * @param period the period that is now, with `quotaReset`
 */
export function chooseGoal(
  record: KeyRecord,
  { remainQuota: declaredBefore, quotaPeriod: periodBefore, __unfinished: failed }: KeyState,
  { remainQuota, totalQuota }: ResolvedKey,
  period: string | undefined,
): ChosenGoal {
  const seen = grantedOf(record);
  const tookEffect = failed !== undefined && hasTakenEffect(failed, record);
  const before = {
    remainQuota: tookEffect ? failed.quota : declaredBefore,
    quotaPeriod: (tookEffect ? failed.period : undefined) ?? periodBefore,
  };
  const renews =
    period !== undefined && before.quotaPeriod !== undefined && beginsAfter(period, before.quotaPeriod);
  // What a failed update granted twice, or lost, is corrected.
  const granted = failed === undefined || tookEffect ? seen : failed.granted;
  const chosen = (goal: QuotaGoal) => ({ goal, before, renews });
  if (remainQuota !== undefined && (renews || remainQuota !== before.remainQuota)) {
    // A write would not show in what was granted. Without an answer, nobody could know whether it is still due.
    if (renews && record.remainQuota === remainQuota) return chosen(keepGranted(record));
    return chosen({ kind: "assign", quota: remainQuota, period, before: seen });
  }
  if (totalQuota !== undefined) return chosen({ kind: "total", total: totalQuota, before: granted });
  return chosen({ kind: "keep", granted });
}

/** Whether an update that failed has written its quota all the same: only a write changes what was granted in all. */
function hasTakenEffect({ granted, quota, totalQuota }: Unfinished, record: KeyRecord): boolean {
  const seen = grantedOf(record);
  if (seen === granted) return false;
  return (
    (quota !== undefined && seen >= quota) || (totalQuota !== undefined && keepsTotal(record, totalQuota))
  );
}
