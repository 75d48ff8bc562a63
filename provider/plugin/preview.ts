import { resolve } from "../key/state";
import type { KeyInputs, KeyState, ResolvedKey } from "../key/types";
import { holdsUnknown, unknownValue } from "../key/unknown";
import type { Answer } from "./protocol/plugin";

/** What moves by itself while a key is used. */
const inUse = { accessedTime: unknownValue, usedQuota: unknownValue, availableQuota: unknownValue };

/**
 * The outputs of a key that is to be created, as far as a preview knows them.
 *
 * A generated name is not known. Only the TypeScript class says that it is previewed: for other languages the check draws
 * a name, and the update's own check draws another, unless the update follows a plan. So their inputs in a preview show a
 * name of the right form, but nothing may be computed from it. To generate the name in the create instead would leave it
 * out of the inputs, where the dynamic provider looks for it when a stack moves back.
 */
export function previewCreate(inputs: KeyInputs): Answer {
  const isGenerated = inputs.__autoName !== undefined && inputs.__autoName === inputs.name;
  return {
    ...declared(inputs),
    ...(isGenerated && { name: unknownValue, __autoName: unknownValue }),
    key: unknownValue,
    userId: unknownValue,
    createdTime: unknownValue,
    ...inUse,
  };
}

/** The outputs of a key that is to be updated: its secret and its identity stay, so nothing that uses it changes. */
export function previewUpdate(old: KeyState, inputs: KeyInputs): Answer {
  const { key, userId, createdTime, __adopted } = old;
  const want = declared(inputs);
  return {
    ...want,
    // By its use, its expiry or the console, any other key may have another status than is declared.
    ...(want.status !== "disabled" && { status: unknownValue }),
    // A key whose secret could not be read when it was created.
    key: key ?? unknownValue,
    userId,
    createdTime,
    ...(__adopted !== undefined && { __adopted }),
    ...inUse,
  };
}

function declared(inputs: KeyInputs): ResolvedKey & KeyInputs {
  const { adoptId: _, ...key } = inputs;
  const enabledByModels = inputs.modelLimitsEnabled === undefined && holdsUnknown(inputs.modelLimits);
  return {
    ...key,
    ...resolve(inputs),
    ...(enabledByModels && { modelLimitsEnabled: unknownValue as unknown as boolean }),
  };
}
