import { type PropertyName, propertyNames, same } from "./properties";
import { resolve } from "./state";
import type { KeyInputs, KeyState } from "./types";
import { holdsUnknown } from "./unknown";

export interface KeyDiff {
  /** Whether an update, or a replacement, is due. */
  changed: boolean;
  /** Whether the key moves to another account: a new key is created there. */
  moved: boolean;
  /** The inputs that differ. Empty although an update is due: the last update was left unfinished. */
  properties: PropertyName[];
}

/**
 * Compares what is declared with what is in state. Use is not a change, and neither is a key that has expired or run
 * out: a new declaration ends both.
 */
export function diff(old: KeyState, inputs: KeyInputs): KeyDiff {
  if (inputs.account !== old.account) return { changed: true, moved: true, properties: [] };
  // An unfinished update may still have to write properties that no longer differ.
  if (old.__unfinished !== undefined) return { changed: true, moved: false, properties: [] };
  const want = resolve(inputs);
  const isDisabled = old.status === "disabled" && !old.__leftDisabled;
  const was = resolve({ ...old, status: isDisabled ? "disabled" : "enabled" });
  const properties = propertyNames.filter(
    (name) => holdsUnknown(inputs[name]) || !same(name, want[name], was[name]),
  );
  const hasNewPeriod = inputs.quotaPeriod !== old.quotaPeriod;
  return { changed: properties.length > 0 || hasNewPeriod, moved: false, properties };
}
