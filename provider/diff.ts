import { type KeyInputs, type KeyState, resolve } from "./key";
import { propertyNames, same } from "./properties";
import { holdsUnknown } from "./unknown";

/**
 * Whether an update is due. Use is no change, and neither is having expired or run out: both end with a new
 * declaration.
 */
export function diff(old: KeyState, inputs: KeyInputs): boolean {
  if (old.__unfinished === true) return true;
  if (propertyNames.some((name) => holdsUnknown(inputs[name]))) return true;
  const want = resolve(inputs);
  if ((want.status === "disabled") !== (old.status === "disabled")) return true;
  const was = resolve({ ...old, status: want.status });
  return propertyNames.some((name) => !same(name, want[name], was[name]));
}
