import type { CometApi } from "../api/client";
import { placeholderName } from "../key/names";
import { fieldsOf, resolve } from "../key/state";
import type { KeyInputs, KeyState } from "../key/types";
import { createAndFind, findDuplicates, removeDuplicates } from "../live/identity";
import { captureState, LiveKey } from "../live/liveKey";
import { writeFields } from "../live/quota";
import { grantedOf } from "../live/quotaGoal";
import { assertPersisted } from "../live/verify";

/** Makes a key under a name that is nobody else's, and then gives it what a create cannot: its own name, a status. */
export async function create(api: CometApi, inputs: KeyInputs): Promise<{ id: string; state: KeyState }> {
  const want = resolve(inputs);
  const quota = want.remainQuota ?? want.totalQuota ?? 0;
  const generated = inputs.__autoName === inputs.name;
  const sent = { ...fieldsOf(want, quota), name: generated ? want.name : placeholderName() };

  const found = await createAndFind(api, sent);
  const live = new LiveKey(api, found.record);
  live.touched = true;
  if (!want.unlimitedQuota && live.record.remainQuota !== quota)
    live.goal = { kind: "assign", quota, before: grantedOf(live.record) };
  const state = await captureState(live, inputs, undefined, async () => {
    live.extras = await findDuplicates(api, found);
    await removeDuplicates(api, live);
    live.record = await api.inFull(live.record);
    assertPersisted(live.record, sent, 0, (text) => api.redact(text));
    if (!generated || want.status !== live.record.status) await writeFields(live, want);
  });
  return { id: live.record.id, state };
}
