import { randomBytes } from "node:crypto";
import type { CometApi } from "../api/client";
import type { KeyRecord } from "../api/wire";
import { ProviderError } from "../errors";
import { describeQuota } from "../key/describeQuota";
import { diff } from "../key/diff";
import type { PropertyName } from "../key/properties";
import { inputsOf, remembered, resolve, stateOf } from "../key/state";
import type { KeyInputs, KeyState } from "../key/types";
import { holdsUnknown, isUnknown } from "../key/unknown";
import { captureState, LiveKey } from "../live/liveKey";
import { chooseGoal } from "../live/quotaGoal";
import { apply, isShownDisabled } from "./update";

/**
 * Adopts a key that was created elsewhere. No request creates anything, and none changes anything where nothing differs.
 * As long as nothing was changed, a failure leaves the key to its former owner.
 */
export async function adopt(
  api: CometApi,
  id: string,
  inputs: KeyInputs,
): Promise<{ id: string; state: KeyState }> {
  const record = await api.inFull(await findAdoptable(api, id));
  const live = new LiveKey(api, record);
  // Random, as the same key can be adopted again: by what replaces the resource that holds it.
  live.adopted = randomBytes(4).toString("hex");
  const was = adoptedState(record, inputs);
  const want = resolve(inputs);
  const { goal, before } = chooseGoal(record, was, want, inputs.quotaPeriod);
  live.goal = goal;
  live.mayEnable = isShownDisabled(was);
  const state = await captureState(live, inputs, before, async () => {
    if (diff(was, inputs).changed) await apply(live, was, want);
  });
  return { id, state };
}

/**
 * The key that is to be adopted.
 *
 * @throws {ProviderError} when it cannot be
 */
export async function findAdoptable(api: CometApi, id: string): Promise<KeyRecord> {
  const record = await api.find(id, "own");
  if (record === undefined) {
    throw new ProviderError(
      `the account has no key of the id ${id}. Look it up in the CometAPI console; if it was deleted, remove adoptId, ` +
        "and a new key is created",
    );
  }
  await api.assertOwn(record);
  await api.assertReadable(record);
  return record;
}

/** What a key is, as if a program had declared it. */
export function heldBy(record: KeyRecord): KeyInputs {
  return inputsOf(stateOf(record, {}));
}

/** What taking a key over changes about it, for the person at the terminal. */
export function describeAdoption(api: CometApi, record: KeyRecord, inputs: KeyInputs): string {
  const was = adoptedState(record, inputs);
  const want = resolve(inputs);
  const amount = (units: number) => describeQuota(units, api.countsInUsualUnit);
  const shown = (value: unknown) => (value === undefined ? "none" : api.redact(JSON.stringify(value)));
  const shownOf = (name: PropertyName, value: unknown) =>
    typeof value === "number" && /Quota$/.test(name) ? amount(value) : shown(value);
  const notKnown = (name: PropertyName) =>
    holdsUnknown(inputs[name]) ||
    (name === "modelLimitsEnabled" && inputs[name] === undefined && isUnknown(inputs.modelLimits));
  const change = (name: PropertyName) =>
    `${name} ${shownOf(name, was[name])} => ${notKnown(name) ? "[unknown]" : shownOf(name, want[name])}`;
  const quotaStays = was.remainQuota !== undefined;
  const properties = diff(was, inputs).properties.filter((name) => name !== "remainQuota" || !quotaStays);
  const changes = properties.length === 0 ? "nothing changes" : properties.map(change).join(", ");
  const stays = quotaStays ? `; what it has left, ${amount(record.remainQuota)}, stays` : "";
  return `adopts the key ${shown(record.name)} (id ${record.id}): ${changes}${stays}`;
}

/**
 * The state of a key as if it had been ours before. A `remainQuota` counts as in force where the key is limited already:
 * what it has left is nobody's to guess, and stays until another number is declared.
 */
function adoptedState(record: KeyRecord, inputs: KeyInputs): KeyState {
  const { remainQuota, ...want } = resolve(inputs);
  return stateOf(record, { ...want, ...remembered(inputs), ...(!record.unlimitedQuota && { remainQuota }) });
}
