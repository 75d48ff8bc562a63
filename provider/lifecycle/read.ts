import type { CometApi } from "../api/client";
import { ProviderError } from "../errors";
import { isKeyId } from "../key/names";
import { same } from "../key/properties";
import { inputsOf, stateOf } from "../key/state";
import type { KeyInputs, KeyState } from "../key/types";
import { assertSameKey } from "../live/identity";
import { rememberGranted } from "../live/renewal";

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
    throw new ProviderError(`"${id}" is no id of a CometAPI key: an id is a whole number, such as 1234`);
  const record = await api.findAmongOthers(id, old.name === undefined ? "own" : old.userId);
  if (record === undefined) return undefined;
  assertSameKey(api, record, old);
  const declared = old.__expiredTime ?? old.expiredTime;
  const { __expiredTime: _, ...known } = old;
  const found = stateOf(await api.inFull(record), known);
  const state: KeyState = {
    ...found,
    ...(declared !== undefined &&
      !same("expiredTime", declared, found.expiredTime) && { __expiredTime: declared }),
    ...(old.__unfinished && { __unfinished: old.__unfinished }),
    ...rememberGranted(api, record, old),
  };
  return { state, inputs: { ...inputsOf(state), ...(old.__adopted !== undefined && { adoptId: id }) } };
}
