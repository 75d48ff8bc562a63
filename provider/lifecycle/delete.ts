import type { CometApi } from "../api/client";
import type { KeyState } from "../key/types";
import { assertSameKey, deleteForGood, removeDuplicates } from "../live/identity";

/** Deletes the key that state knows, and no other that has its id. */
export async function remove(api: CometApi, id: string, old: Partial<KeyState>): Promise<void> {
  const record = await api.identify(id, old.userId);
  if (record === undefined) return;
  assertSameKey(api, record, old);
  await removeDuplicates(api, { record, extras: old.__unfinished?.extras ?? [] });
  await deleteForGood(api, record);
}

/** Deletes a key that was just created, unless it is used already. Whether it is gone. */
export async function discard(api: CometApi, id: string, state: KeyState): Promise<boolean> {
  const record = await api.find(id, state.userId);
  if (record !== undefined && record.usedQuota > 0) return false;
  await remove(api, id, state);
  return true;
}
