import type { CometApi } from "./api/client";
import { Refused } from "./api/errors";
import { fieldsOf, type KeyInputs, type KeyState, type ResolvedKey, resolve } from "./key";
import { same } from "./properties";
import { holdQuota } from "./quota";
import { expectReadable } from "./secret";
import { gone, LiveKey, seeThrough } from "./write";

/** Brings a live key to what is declared, in place, by full updates only. */
export async function update(api: CometApi, id: string, old: KeyState, inputs: KeyInputs): Promise<KeyState> {
  const record = await api.find(id, old.userId);
  if (record === undefined) throw gone();
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
  const { granted, record: before } = live;
  const assigned = want.remainQuota === old.remainQuota ? undefined : want.remainQuota;
  const write = (quota: number) => live.write(live.statusFor(want.status), fieldsOf(want, quota));
  await write(assigned ?? before.remainQuota).catch((error: unknown) => {
    // The last request of a key may overdraw it, and some servers take no number below 0 back. It is used up either way.
    if (!(error instanceof Refused) || assigned !== undefined || before.remainQuota >= 0) throw error;
    return write(0);
  });

  // Only an enabled key can have been used between the look and the write.
  if (assigned === undefined && !want.unlimitedQuota && before.status === "enabled") {
    await holdQuota(live, granted, want);
  }
  const renewed =
    assigned !== undefined ||
    want.unlimitedQuota !== old.unlimitedQuota ||
    !same("expiredTime", want.expiredTime, old.expiredTime) ||
    old.__unfinished === true;
  if (want.status === "enabled" && renewed && live.isSpent() && live.couldServe()) {
    await live.write("enabled", fieldsOf(want, live.record.remainQuota));
  }
}
