import type { CometApi } from "./api/client";
import { Impossible } from "./errors";
import { expectSame, isKeyId } from "./identity";
import { inputsOf, type KeyInputs, type KeyState, stateOf } from "./key";
import { same } from "./properties";
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
  if (!isKeyId(id))
    throw new Impossible(`"${id}" is no id of a CometAPI key: an id is a whole number, such as 1234`);
  const record = await api.findAmongOthers(id, old.userId);
  if (record === undefined) return undefined;
  expectSame(record, old);
  expectReadable(record.key);
  const declared = old.__expiredTime ?? old.expiredTime;
  const { __expiredTime: _, ...known } = old;
  const found = stateOf(record, known);
  const state: KeyState = {
    ...found,
    ...(declared !== undefined &&
      !same("expiredTime", declared, found.expiredTime) && { __expiredTime: declared }),
    ...(old.__unfinished && { __unfinished: old.__unfinished }),
  };
  return { state, inputs: { ...inputsOf(state), ...(old.__adopted !== undefined && { adoptId: id }) } };
}
