import type { CometApi } from "../api/client";
import { readSpend } from "../api/money";
import type { KeyRecord } from "../api/wire";
import { beginsAfter, boundsOf, periodAt } from "../key/period";
import type { KeyState } from "../key/types";
import { grantedOf } from "./quotaGoal";

/**
 * Whether the quota of a period is written already, by an update that was killed before it could say so: state then knows
 * nothing of it, and a second write would give back what was used since. Only a write changes what was granted in all. Quota
 * that somebody granted in the console does so too, and is told apart by the server's log: what is missing of the quota
 * must have been used in this period.
 *
 * @param quota what the period's quota is
 */
export async function isWrittenAlready(
  api: CometApi,
  record: KeyRecord,
  old: KeyState,
  quota: number,
  period: string,
): Promise<boolean> {
  const missing = quota - record.remainQuota;
  if (grantedOf(record) === grantedAtLast(old) || missing < 0) return false;
  if (missing === 0) return true;
  const sought = {
    name: record.name,
    from: boundsOf(period).start / 1000,
    to: Math.ceil(api.budget.clock.now() / 1000),
  };
  // A server without a log cannot be asked. Then the key rather has less than its quota than two of them.
  const spent = await readSpend(api, sought).catch(() => missing);
  return spent >= missing;
}

/** What had been granted in all when state last knew the key to have the quota of its period. */
function grantedAtLast({ __granted, usedQuota, availableQuota }: KeyState): number {
  return __granted ?? usedQuota + availableQuota;
}

/**
 * What a refresh must remember. It sees what a killed update has written in a new period, and the next update could not
 * tell that from what was granted before.
 */
export function rememberGranted(
  api: CometApi,
  record: KeyRecord,
  old: Partial<KeyState>,
): Pick<KeyState, "__granted"> {
  const { quotaReset, quotaPeriod, usedQuota, availableQuota } = old;
  if (quotaReset === undefined || quotaPeriod === undefined) return {};
  if (usedQuota === undefined || availableQuota === undefined) return {};
  const isOver = beginsAfter(periodAt(quotaReset, api.budget.clock.now()), quotaPeriod);
  const granted = old.__granted ?? usedQuota + availableQuota;
  return isOver && granted !== grantedOf(record) ? { __granted: granted } : {};
}
