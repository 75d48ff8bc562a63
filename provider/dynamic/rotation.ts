import type { dynamic } from "@pulumi/pulumi";
import type { Slot } from "../../sdk/slots";

/**
 * What a RotatingCometApiKey remembers from one `up` to the next: which keys came before the current one. A program
 * cannot read state, but a check is given the old inputs, and what it answers is known at preview too. Speaks to
 * nobody. Old state files find it as `require("pulumi-cometapi/provider/rotation")`: that path and the functions this
 * module exports stay.
 */

/** What the program says. */
interface RotationInputs extends Slot {
  now: string;
  /** In milliseconds. */
  overlap: number;
  hardExpiry: boolean;
}

/** A slot whose key is not the current one any more. */
interface PreviousSlot extends Slot {
  /** When an `up` made its successor. */
  since: string;
}

/** What is kept. */
export interface RotationState extends Slot {
  /** The slots before whose keys stay, the newest first: several only after late runs or a changed schedule. */
  kept: PreviousSlot[];
}

/**
 * The overlap of two keys begins with the `up` that makes the newer one, which may be long after its slot began: whoever
 * uses the older one is always given that time. Only a key that has expired by then is not kept.
 */
export function nextState(
  old: Partial<RotationState>,
  { start, end, now, overlap, hardExpiry }: RotationInputs,
): RotationState {
  const isOver = (from: string) => Date.parse(from) + overlap <= Date.parse(now);
  const before = old.kept ?? [];
  const kept =
    old.start === undefined || old.end === undefined || old.start === start
      ? before
      : [{ start: old.start, end: old.end, since: now }, ...before];
  return {
    start,
    end,
    kept: kept.filter(
      (slot) => slot.start !== start && !isOver(slot.since) && !(hardExpiry && isOver(slot.end)),
    ),
  };
}

export function check(olds: Partial<RotationState>, news: RotationInputs): Promise<dynamic.CheckResult> {
  return Promise.resolve({ inputs: nextState(olds, news) });
}

export function create(inputs: RotationState): Promise<dynamic.CreateResult> {
  return Promise.resolve({ id: "rotation", outs: inputs });
}

export function update(
  _id: string,
  _olds: RotationState,
  news: RotationState,
): Promise<dynamic.UpdateResult> {
  return Promise.resolve({ outs: news });
}
