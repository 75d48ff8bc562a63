import type { CometApi } from "./api/client";
import { Refused } from "./api/errors";
import { expectSame } from "./identity";
import { fieldsOf, type KeyInputs, type KeyState, type ResolvedKey, resolve } from "./key";
import { same } from "./properties";
import { holdQuota } from "./quota";
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
  const want = resolve(inputs);
  return seeThrough(live, inputs, old.remainQuota, async () => {
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
  const { record: before, total } = live;
  const { assign, granted = total } = quotaPlan(live, old, want);
  live.granted = granted;
  live.assigning = assign;
  const left = assign ?? before.remainQuota - Math.max(0, total - granted);
  const write = (quota: number) => live.write(live.statusFor(want.status), fieldsOf(want, quota));
  await write(left).catch((error: unknown) => {
    // The last request of a key may overdraw it, and some servers take no number below 0 back. It is used up either way.
    if (!(error instanceof Refused) || left >= 0) throw error;
    return write(0);
  });

  if (assign !== undefined) live.granted = live.total;
  // Only an enabled key can have been used between the look and the write.
  else if (!want.unlimitedQuota && before.status === "enabled") {
    await holdQuota(live, before.usedQuota, want);
  }
  const renewed =
    assign !== undefined ||
    want.unlimitedQuota !== old.unlimitedQuota ||
    !same("expiredTime", want.expiredTime, old.expiredTime) ||
    old.__unfinished !== undefined;
  if (want.status === "enabled" && renewed && live.isSpent() && live.couldServe()) {
    await live.write("enabled", fieldsOf(want, live.record.remainQuota));
  }
}

/** Either the quota to assign, as the declared number changed, or what must remain granted in all, if not what is. */
function quotaPlan(
  { record, total }: LiveKey,
  old: KeyState,
  want: ResolvedKey,
): { assign?: number; granted?: number | undefined } {
  const failed = old.__unfinished;
  const { remainQuota: quota } = want;
  if (quota === undefined || quota === old.remainQuota) return { granted: failed?.granted };
  // The update that failed did write it after all: to write it again would give back what was used since.
  const done = failed?.quota === quota && total !== failed.granted && quotaStored(record, quota, 0);
  return done ? {} : { assign: quota };
}
