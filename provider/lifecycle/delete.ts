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
