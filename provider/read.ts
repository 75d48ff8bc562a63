import type { CometApi } from "./api/client";
import { Impossible } from "./errors";
import { inputsOf, type KeyInputs, type KeyState, stateOf } from "./key";
import { expectReadable } from "./secret";

/**
 * The key as it is now, or nothing once it is proved gone.
 *
 * @param old the outputs in state; empty when a key is only looked up
 */
export async function read(
  api: CometApi,
  id: string,
  old: Partial<KeyState>,
): Promise<{ state: KeyState; inputs: KeyInputs } | undefined> {
  if (!/^[1-9]\d{0,15}$/.test(id))
    throw new Impossible(`"${id}" is no id of a CometAPI key: an id is a whole number, such as 1234`);
  const record = await api.find(id, old.userId);
  if (record === undefined) return undefined;
  expectReadable(record.key);
  const state: KeyState = {
    ...stateOf(record, old),
    ...(old.__unfinished && { __unfinished: old.__unfinished }),
  };
  return { state, inputs: inputsOf(state) };
}
