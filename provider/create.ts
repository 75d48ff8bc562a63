import type { CometApi } from "./api/client";
import { createAndFind, findExtras, placeholderName, removeExtras } from "./identity";
import { fieldsOf, type KeyInputs, type KeyState, resolve } from "./key";
import { expectReadable } from "./secret";
import { expectStored, quotaStored } from "./stored";
import { LiveKey, seeThrough } from "./write";

/** Makes a key under a name that is nobody else's, and then gives it what a create cannot: its own name, a status. */
export async function create(api: CometApi, inputs: KeyInputs): Promise<{ id: string; state: KeyState }> {
  const want = resolve(inputs);
  const quota = want.remainQuota ?? want.totalQuota ?? 0;
  const generated = inputs.__autoName === inputs.name;
  const sent = { ...fieldsOf(want, quota), name: generated ? want.name : placeholderName() };

  const found = await createAndFind(api, sent);
  const live = new LiveKey(api, found.record);
  live.touched = true;
  live.assigning = quota;
  live.written = want.unlimitedQuota || quotaStored(live.record, quota, 0);
  const state = await seeThrough(live, inputs, undefined, async () => {
    live.extras = await findExtras(api, found);
    await removeExtras(api, live);
    expectReadable(live.record.key);
    expectStored(live.record, sent, 0, (text) => api.quote(text));
    if (!generated || want.status !== live.record.status)
      await live.write(want.status, fieldsOf(want, quota));
  });
  return { id: live.record.id, state };
}
