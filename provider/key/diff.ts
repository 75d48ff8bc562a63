import { type PropertyName, propertyNames, same } from "./properties";
import { resolve } from "./state";
import type { KeyInputs, KeyState } from "./types";
import { holdsUnknown } from "./unknown";

export interface KeyDiff {
  /** Whether an update, or a replacement, is due. */
  changed: boolean;
  /** Whether the key goes to another account: a new one is made there. */
  moved: boolean;
  /** The inputs that say something else than before. None, and an update is due: one was left unfinished. */
  properties: PropertyName[];
}

/**
 * Compares what is declared with what is in state. Use is no change, and neither is having expired or run out:
 * both end with a new declaration.
 */
export function diff(old: KeyState, inputs: KeyInputs): KeyDiff {
  if (inputs.account !== old.account) return { changed: true, moved: true, properties: [] };
  // What was left unfinished may need an update of properties that no longer differ.
  if (old.__unfinished !== undefined) return { changed: true, moved: false, properties: [] };
  const want = resolve(inputs);
  const was = resolve({ ...old, status: old.status === "disabled" ? "disabled" : "enabled" });
  const properties = propertyNames.filter(
    (name) => holdsUnknown(inputs[name]) || !same(name, want[name], was[name]),
  );
  return { changed: properties.length > 0, moved: false, properties };
}
