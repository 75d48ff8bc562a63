import type { CometApi } from "./api/client";
import { Refused } from "./api/errors";
import { expectSame, removeExtras } from "./identity";
import { fromUnixSeconds } from "./instant";
import { fieldsOf, type KeyInputs, type KeyState, type ResolvedKey, resolve } from "./key";
import { same } from "./properties";
import { writeKeepingQuota } from "./quota";
import { expectReadable } from "./secret";
import { quotaStored } from "./stored";
import { gone, LiveKey, seeThrough } from "./write";

/** Brings a live key to what is declared, in place, by full updates only. */
export async function update(api: CometApi, id: string, old: KeyState, inputs: KeyInputs): Promise<KeyState> {
  const record = await api.find(id, old.userId);
  if (record === undefined) throw gone();
  expectSame(record, old);
  expectReadable(record.key);
  const live = new LiveKey(api, record);
  live.extras = old.__unfinished?.extras ?? [];
  const want = resolve(inputs);
  return seeThrough(live, inputs, old.remainQuota, async () => {
    await removeExtras(api, live);
    try {
      await bring(live, old, want);
    } catch (error) {
      // A key that ran out between the look and the write may not be sent as enabled any more.
      if (!(error instanceof Refused) || live.isSpent()) throw error;
      await live.look();
      if (!live.isSpent()) throw error;
      await bring(live, old, want);
    }
  });
}

async function bring(live: LiveKey, old: KeyState, want: ResolvedKey): Promise<void> {
  const { record: before } = live;
  const plan = quotaPlan(live, old, want);
  if ("assign" in plan) {
    live.assigning = plan.assign;
    await live.write(live.statusFor(want.status), fieldsOf(want, plan.assign));
    live.granted = live.total;
  } else {
    live.granted = plan.granted;
    await writeKeepingQuota(live, want);
  }
  const renewed =
    old.__unfinished !== undefined ||
    want.remainQuota !== old.remainQuota ||
    [old.unlimitedQuota, before.unlimitedQuota].some((was) => was !== want.unlimitedQuota) ||
    [old.expiredTime, fromUnixSeconds(before.expiredTime)].some(
      (was) => !same("expiredTime", was, want.expiredTime),
    );
  if (want.status === "enabled" && renewed && live.isSpent() && live.couldServe()) {
    await live.write("enabled", fieldsOf(want, live.record.remainQuota));
  }
}

/** Either the quota to assign, as the declared number changed, or what is to remain granted in all. */
function quotaPlan(
  { record, total }: LiveKey,
  old: KeyState,
  { remainQuota: declared }: ResolvedKey,
): { assign: number } | { granted: number } {
  const failed = old.__unfinished;
  // An update that failed may have written its quota all the same, which then is the one in force.
  const took =
    failed?.quota !== undefined && total !== failed.granted && quotaStored(record, failed.quota, 0);
  const inForce = took ? failed.quota : old.remainQuota;
  if (declared !== undefined && declared !== inForce) return { assign: declared };
  return { granted: took ? total : (failed?.granted ?? total) };
}
