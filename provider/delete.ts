import type { CometApi } from "./api/client";
import { deleteForGood, expectSame, removeExtras } from "./identity";
import type { KeyState } from "./key";

/** Deletes the key that state knows, and no other that has its id. */
export async function remove(api: CometApi, id: string, old: Partial<KeyState>): Promise<void> {
  const record = await api.find(id, old.userId);
  if (record === undefined) return;
  expectSame(record, old);
  await removeExtras(api, { record, extras: old.__unfinished?.extras ?? [] });
  await deleteForGood(api, record);
}
