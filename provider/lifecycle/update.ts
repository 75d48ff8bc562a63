import type { CometApi } from "../api/client";
import { RefusedError } from "../api/errors";
import { fromUnixSeconds } from "../key/instant";
import { same } from "../key/properties";
import { fieldsOf, keepsTotal, resolve } from "../key/state";
import type { KeyInputs, KeyState, ResolvedKey } from "../key/types";
import { assertSameKey, removeDuplicates } from "../live/identity";
import { captureState, gone, LiveKey } from "../live/liveKey";
import { revokeDoubleGrants, writeKeepingQuota } from "../live/quota";
import { quotaPersisted } from "../live/verify";

/** Brings a live key to what is declared, in place, by full updates only. */
export async function update(api: CometApi, id: string, old: KeyState, inputs: KeyInputs): Promise<KeyState> {
  const record = await api.find(id, old.userId);
  if (record === undefined) throw gone();
  assertSameKey(record, old);
  const live = new LiveKey(api, await api.inFull(record));
  live.adopted = old.__adopted;
  live.extras = old.__unfinished?.extras ?? [];
  const want = resolve(inputs);
  const quotaBefore = quotaInForce(live, old);
  return captureState(live, inputs, quotaBefore, async () => {
    await removeDuplicates(api, live);
    await apply(live, old, quotaBefore, want);
  });
}

/**
 * Writes what is declared to a live key.
 *
 * @param quotaBefore the declared `remainQuota` in force until then
 */
export async function apply(
  live: LiveKey,
  old: KeyState,
  quotaBefore: number | undefined,
  want: ResolvedKey,
): Promise<void> {
  try {
    await applyOnce(live, old, quotaBefore, want);
  } catch (error) {
    // A key that ran out between the look and the write may not be sent as enabled any more.
    if (!(error instanceof RefusedError) || live.isSpent()) throw error;
    await live.refresh();
    if (!live.isSpent()) throw error;
    await applyOnce(live, old, quotaBefore, want);
  }
}

async function applyOnce(
  live: LiveKey,
  old: KeyState,
  quotaBefore: number | undefined,
  want: ResolvedKey,
): Promise<void> {
  const { record: before } = live;
  const { remainQuota: quota, totalQuota: total } = want;
  const assigned = live.assigning !== undefined && live.written;
  if (quota !== undefined && quota !== quotaBefore && !assigned) {
    live.assigning = quota;
    live.granted = live.total;
    await live.write(live.statusFor(want.status), fieldsOf(want, quota));
    live.granted = live.total;
  } else {
    live.totalQuota = total;
    await writeKeepingQuota(live, want);
  }
  const renewed =
    old.__unfinished !== undefined ||
    quota !== old.remainQuota ||
    total !== old.totalQuota ||
    (total !== undefined && !keepsTotal(before, total)) ||
    [old.unlimitedQuota, before.unlimitedQuota].some((was) => was !== want.unlimitedQuota) ||
    [old.expiredTime, fromUnixSeconds(before.expiredTime)].some(
      (was) => !same("expiredTime", was, want.expiredTime),
    );
  if (want.status === "enabled" && renewed && live.isSpent() && live.couldServe()) {
    const { usedQuota } = live.record;
    await live.write("enabled", fieldsOf(want, live.record.remainQuota));
    // Requests that were under way when the key ran out may have been counted only now.
    if (total !== undefined) await revokeDoubleGrants(live, usedQuota, want);
  }
}

/**
 * The declared `remainQuota` that the key lives by, if it does, and with it what is to remain granted in all. An update
 * that failed may have written its quota all the same, which then is the one in force.
 */
function quotaInForce(live: LiveKey, { remainQuota, __unfinished: failed }: KeyState): number | undefined {
  if (failed === undefined) return remainQuota;
  const { record, total } = live;
  const { granted, quota, totalQuota } = failed;
  const tookQuota = quota !== undefined && quotaPersisted(record, quota, 0);
  const tookTotal = totalQuota !== undefined && keepsTotal(record, totalQuota);
  if (total !== granted && (tookQuota || tookTotal)) return quota;
  live.granted = granted;
  return remainQuota;
}
