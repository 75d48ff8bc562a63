import type { CometApi } from "../api/client";
import { RefusedError } from "../api/errors";
import type { KeyRecord } from "../api/wire";
import { fromUnixSeconds } from "../key/instant";
import { same } from "../key/properties";
import { keepsTotal, resolve } from "../key/state";
import type { KeyInputs, KeyState, ResolvedKey } from "../key/types";
import { assertSameKey, removeDuplicates } from "../live/identity";
import { captureState, gone, LiveKey } from "../live/liveKey";
import { enable, writeFields } from "../live/quota";
import { chooseGoal, keepGranted } from "../live/quotaGoal";
import { isWrittenAlready } from "../live/renewal";

/** Brings a live key to what is declared, in place, by full updates only. */
export async function update(api: CometApi, id: string, old: KeyState, inputs: KeyInputs): Promise<KeyState> {
  const record = await api.find(id, old.userId);
  if (record === undefined) throw gone();
  assertSameKey(api, record, old);
  const live = new LiveKey(api, await api.inFull(record));
  live.adopted = old.__adopted;
  live.extras = old.__unfinished?.extras ?? [];
  const want = resolve(inputs);
  const { goal, before, renews } = chooseGoal(record, old, want, inputs.quotaPeriod);
  Object.assign(live, { goal, renews });
  if (renews && (await isRenewedAlready(api, record, old, inputs))) {
    live.goal = keepGranted(record);
    api.budget.info(
      `the key "${want.name}" has its quota for ${inputs.quotaPeriod} already: an update that was cut short has written it`,
    );
  }
  live.mayEnable = isShownDisabled(old);
  return captureState(live, inputs, before, async () => {
    await removeDuplicates(api, live);
    await apply(live, old, want);
    if (want.status === "enabled" && live.staysDisabled()) {
      api.budget.info(
        `the key "${want.name}" was disabled outside Pulumi, and stays disabled. To enable it, run \`pulumi refresh\`, ` +
          "and then `pulumi up`",
      );
    }
  });
}

function isRenewedAlready(
  api: CometApi,
  record: KeyRecord,
  old: KeyState,
  { remainQuota, quotaPeriod }: KeyInputs,
): Promise<boolean> | false {
  // A failed update has left word of what it did, and a new number is to be written whatever was.
  if (old.__unfinished !== undefined || remainQuota !== old.remainQuota) return false;
  if (remainQuota === undefined || quotaPeriod === undefined) return false;
  return isWrittenAlready(api, record, old, remainQuota, quotaPeriod);
}

/** Whether the last preview knew that the key is disabled, and so said that an update enables it. */
export function isShownDisabled({ status, __leftDisabled }: KeyState): boolean {
  return status === "disabled" && __leftDisabled !== true;
}

/** Writes what is declared to a live key, whose goal is chosen. */
export async function apply(live: LiveKey, old: KeyState, want: ResolvedKey): Promise<void> {
  try {
    await applyOnce(live, old, want);
  } catch (error) {
    // A key that ran out between the look and the write may not be sent as enabled any more.
    if (!(error instanceof RefusedError) || live.isSpent()) throw error;
    await live.refresh();
    if (!live.isSpent()) throw error;
    await applyOnce(live, old, want);
  }
}

async function applyOnce(live: LiveKey, old: KeyState, want: ResolvedKey): Promise<void> {
  const { record: before } = live;
  await writeFields(live, want);
  const isRenewed = live.renews || declaresNewQuotaOrExpiry(before, old, want);
  if (want.status === "enabled" && isRenewed && live.isSpent() && live.couldServe()) await enable(live, want);
}

/** Whether a key that has expired or run out is given what it lacks, so that it is to be enabled again. */
function declaresNewQuotaOrExpiry(before: KeyRecord, old: KeyState, want: ResolvedKey): boolean {
  const { remainQuota, totalQuota, unlimitedQuota, expiredTime } = want;
  // An update that failed may have written them, and not have come to enabling the key.
  if (old.__unfinished !== undefined) return true;
  const quota = remainQuota !== old.remainQuota || totalQuota !== old.totalQuota;
  const lacksTotal = totalQuota !== undefined && !keepsTotal(before, totalQuota);
  const unlimited = [old.unlimitedQuota, before.unlimitedQuota].some((was) => was !== unlimitedQuota);
  const expiry = [old.expiredTime, fromUnixSeconds(before.expiredTime)].some(
    (was) => !same("expiredTime", was, expiredTime),
  );
  return quota || lacksTotal || unlimited || expiry;
}
