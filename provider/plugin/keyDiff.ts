import type { KeyDiff } from "../key/diff";
import { property, propertyNames } from "../key/properties";
import { resolve } from "../key/state";
import type { KeyInputs, KeyState } from "../key/types";
import { isUnknown, unknownValue } from "../key/unknown";
import type { Difference, Properties } from "./protocol/plugin";

/**
 * Inputs that spell a default out where state has another value. Left out, as defaults are, a key that is enabled again
 * would be shown as `- status: "disabled"`. The next check leaves it out again.
 */
export function withSpokenDefaults(inputs: KeyInputs, olds: Properties): KeyInputs {
  const spoken: Record<string, unknown> = { ...inputs };
  for (const name of propertyNames) {
    if (spoken[name] !== undefined || olds[name] === undefined) continue;
    const follows = name === "modelLimitsEnabled" && isUnknown(inputs.modelLimits);
    const fallback = follows ? unknownValue : property(name).fallback?.(inputs);
    if (fallback !== undefined && !property(name).same(fallback, olds[name])) spoken[name] = fallback;
  }
  return spoken as unknown as KeyInputs;
}

/** What the engine is to show of a difference. */
export function differences(
  old: KeyState,
  oldInputs: Properties,
  inputs: KeyInputs,
  { moved, properties }: Pick<KeyDiff, "moved" | "properties">,
): Difference[] {
  if (moved)
    return [
      {
        name: "account",
        kind: kindOf(old.account !== undefined, inputs.account !== undefined),
        replaces: true,
      },
    ];
  const names: string[] = [...properties];
  if (inputs.quotaPeriod !== old.quotaPeriod) names.push("quotaPeriod");
  const olds: object = old;
  const news: object = { ...inputs, ...resolve(inputs) };
  return (
    names
      // What only follows from another property is in no inputs, and would be shown as null.
      .filter((name) => name in oldInputs || name in inputs)
      .map((name) => ({ name, kind: kindOf(name in olds, name in news), replaces: false }))
  );
}

export function kindOf(isOld: boolean, isNew: boolean): Difference["kind"] {
  if (!isOld) return "add";
  return isNew ? "update" : "delete";
}
