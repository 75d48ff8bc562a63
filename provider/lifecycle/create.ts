import type { CometApi } from "../api/client";
import { RefusedError } from "../api/errors";
import type { KeyFields } from "../api/wire";
import { placeholderName } from "../key/names";
import { fieldsOf, resolve } from "../key/state";
import type { KeyInputs, KeyState } from "../key/types";
import { createAndFind, findDuplicates, type PerhapsCreated, removeDuplicates } from "../live/identity";
import { captureState, LiveKey } from "../live/liveKey";
import { writeFields } from "../live/quota";
import { grantedOf, type QuotaInForce } from "../live/quotaGoal";
import { assertPersisted } from "../live/verify";

/**
 * Creates a key under a name that is nobody else's, and then gives it what a create cannot: its own name, a status. Until
 * a key has its own name it has no quota, so that what a killed run leaves behind can spend nothing.
 *
 * @param isUnique whether no other key can have the name: then it is created with it
 * @param before what an unanswered request of an earlier call may have created
 */
export async function create(
  api: CometApi,
  inputs: KeyInputs,
  isUnique: boolean,
  before?: PerhapsCreated,
): Promise<{ id: string; state: KeyState }> {
  const want = resolve(inputs);
  const quota = want.remainQuota ?? want.totalQuota ?? 0;
  const fields = {
    ...fieldsOf(want, quota),
    name: isUnique ? want.name : (before?.name ?? placeholderName()),
  };
  const sent = isUnique ? fields : powerless(fields);

  const found = await createAndFind(api, sent, before?.keys).catch((error: unknown) => {
    throw !isUnique && error instanceof RefusedError ? error.under(sent.name) : error;
  });
  const live = new LiveKey(api, found.record);
  live.touched = true;
  if (!want.unlimitedQuota && live.record.remainQuota !== quota)
    live.goal = { kind: "assign", quota, period: inputs.quotaPeriod, before: grantedOf(live.record) };
  const state = await captureState(live, inputs, nothingInForce, async () => {
    live.extras = await findDuplicates(api, found);
    await removeDuplicates(api, live);
    await ensureReadable(live, sent, quota, inputs.quotaPeriod);
    assertPersisted(live.record, sent, 0, api);
    if (!isUnique || want.status !== live.record.status) await writeFields(live, want);
  });
  return { id: live.record.id, state };
}

const nothingInForce: QuotaInForce = { remainQuota: undefined, quotaPeriod: undefined };

/** A key whose secret nobody can know is kept for the next update, but can spend nothing until then. */
async function ensureReadable(
  live: LiveKey,
  sent: KeyFields,
  quota: number,
  period: string | undefined,
): Promise<void> {
  try {
    live.record = await live.api.inFull(live.record);
  } catch (error) {
    const { status, usedQuota } = live.record;
    if (sent.unlimitedQuota || sent.remainQuota > 0) await live.write(status, powerless(sent));
    live.goal = { kind: "assign", quota, period, before: usedQuota };
    throw error;
  }
}

function powerless(fields: KeyFields): KeyFields {
  return { ...fields, remainQuota: 0, unlimitedQuota: false };
}
