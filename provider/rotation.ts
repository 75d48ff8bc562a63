import type { Slot } from "../sdk/slots";
import type { Failure } from "./key/types";

/**
 * What a RotatingCometApiKey remembers from one `up` to the next: which keys came before the current one. A program
 * cannot read state, but a check is given the old inputs, and what it answers is known at preview too. Speaks to
 * nobody.
 */

/** What the program says. */
export interface RotationInputs extends Slot {
  now: string;
  /** `now` as the update will remember it: unknown at preview. */
  since: string;
  /** In milliseconds. */
  overlap: number;
  hardExpiry: boolean;
  /** Whether the current key is protected from being deleted. */
  protect: boolean;
  /** False if this run leaves the key of the slot out, or failed to create it. */
  created: boolean;
}

/** A slot whose key is not the current one any more. */
interface PreviousSlot extends Slot {
  /** When an `up` created its successor. Version 0.1.0 kept it here; now it is in `keptSince`. */
  since?: string;
}

/** What is kept. */
export interface RotationState extends Slot {
  /** The slots before whose keys stay, the newest first: several only after late runs or a changed schedule. */
  kept: PreviousSlot[];
  /**
   * By its start, when an `up` created each one's successor. Not within `kept`: the engine hides from a program what
   * is partly unknown, as this is at preview.
   */
  keptSince?: Record<string, string>;
  /** Present where the current key is protected. */
  protect?: boolean;
}

/**
 * The overlap of two keys begins with the `up` that creates the newer one, which may be long after its slot began:
 * whoever uses the older one is always given that time. Only a key that has expired by then is not kept.
 */
export function nextState(
  old: Partial<RotationState>,
  { start, end, now, since, overlap, hardExpiry, protect, created }: RotationInputs,
): Partial<RotationState> {
  // What was current still is: its successor does not exist.
  if (!created) return { ...old };
  const isOver = (from: string) => Date.parse(from) + overlap <= Date.parse(now);
  const isDue = (slot: PreviousSlot) =>
    isOver(slot.since ?? old.keptSince?.[slot.start] ?? now) || (hardExpiry && isOver(slot.end));
  const superseded: PreviousSlot[] =
    old.start === undefined || old.end === undefined || old.start === start
      ? []
      : [{ start: old.start, end: old.end }];
  // One run is to take the protection away before another can delete the key.
  const wasProtected = protect || old.protect === true;
  const kept = [
    ...superseded.filter((slot) => wasProtected || !isDue(slot)),
    ...(old.kept ?? []).filter((slot) => slot.start !== start && !isDue(slot)),
  ];
  const keptSince = kept
    .filter((slot) => slot.since === undefined)
    .map((slot) => [slot.start, old.keptSince?.[slot.start] ?? since]);
  return {
    start,
    end,
    kept,
    ...(keptSince.length > 0 && { keptSince: Object.fromEntries(keptSince) }),
    ...(protect && { protect }),
  };
}

const noCurrentKey =
  "The rotation has no current key: this run left its new key out, or could not create it, and remembers no previous " +
  "one. Run `pulumi up` without --target, --exclude and --target-replace.";

/** What each rotation remembered when this run began, by URN. */
const remembered = new Map<string, Partial<RotationState>>();

/** What a rotation is to remember, or why it cannot go on. */
export function checkRotation(
  urn: string,
  olds: Partial<RotationState>,
  news: RotationInputs,
): { inputs: Partial<RotationState>; failures: Failure[] } {
  // A resource that `replaceOnChanges` replaces is checked a second time, as a new one: it must not forget its keys.
  if (olds.start !== undefined) remembered.set(urn, olds);
  const inputs = nextState(remembered.get(urn) ?? olds, news);
  return {
    inputs,
    failures: inputs.start === undefined ? [{ property: "", reason: noCurrentKey }] : [],
  };
}
