import { randomBytes } from "node:crypto";
import type { CometApi } from "./api/client";
import type { KeyRecord } from "./api/wire";
import { diff } from "./diff";
import { Impossible } from "./errors";
import { type KeyInputs, type KeyState, remembered, resolve, stateOf } from "./key";
import type { PropertyName } from "./properties";
import { expectReadable } from "./secret";
import { holdsUnknown, isUnknown } from "./unknown";
import { bringAbout } from "./update";
import { LiveKey, seeThrough } from "./write";

/**
 * Takes over a key that was made elsewhere: no request makes anything, and where nothing differs none changes
 * anything either. As long as nothing was changed, a failure leaves the key to whom it belonged.
 */
export async function adopt(
  api: CometApi,
  id: string,
  inputs: KeyInputs,
): Promise<{ id: string; state: KeyState }> {
  const record = await prospect(api, id);
  const live = new LiveKey(api, record);
  // Random, as the same key can be taken over again: by what replaces the resource that holds it.
  live.adopted = randomBytes(4).toString("hex");
  const was = asFound(record, inputs);
  const state = await seeThrough(live, inputs, was.remainQuota, async () => {
    if (diff(was, inputs).changed) await bringAbout(live, was, was.remainQuota, resolve(inputs));
  });
  return { id, state };
}

/**
 * The key that is to be taken over.
 *
 * @throws {Impossible} when it cannot be
 */
export async function prospect(api: CometApi, id: string): Promise<KeyRecord> {
  const record = await api.find(id, undefined);
  if (record === undefined) {
    throw new Impossible(
      `the account has no key of the id ${id}. Look it up in the CometAPI console; if it was deleted, remove adoptId, ` +
        "and a new key is made",
    );
  }
  expectReadable(record.key);
  return record;
}

/** What taking a key over changes about it, for the person at the terminal. */
export function announce(api: CometApi, record: KeyRecord, inputs: KeyInputs): string {
  const was = asFound(record, inputs);
  const want = resolve(inputs);
  const shown = (value: unknown) => (value === undefined ? "none" : api.quote(JSON.stringify(value)));
  const notKnown = (name: PropertyName) =>
    holdsUnknown(inputs[name]) ||
    (name === "modelLimitsEnabled" && inputs[name] === undefined && isUnknown(inputs.modelLimits));
  const change = (name: PropertyName) =>
    `${name} ${shown(was[name])} => ${notKnown(name) ? "[unknown]" : shown(want[name])}`;
  const quotaStays = was.remainQuota !== undefined;
  const properties = diff(was, inputs).properties.filter((name) => name !== "remainQuota" || !quotaStays);
  const changes = properties.length === 0 ? "nothing changes" : properties.map(change).join(", ");
  const stays = quotaStays ? `; what it has left, ${record.remainQuota}, stays` : "";
  return `takes over the key ${shown(record.name)} (id ${record.id}): ${changes}${stays}`;
}

/**
 * The state of a key as if it had been ours before. A `remainQuota` counts as in force where the key is limited already:
 * what it has left is nobody's to guess, and stays until another number is declared.
 */
function asFound(record: KeyRecord, inputs: KeyInputs): KeyState {
  const { remainQuota, ...want } = resolve(inputs);
  return stateOf(record, { ...want, ...remembered(inputs), ...(!record.unlimitedQuota && { remainQuota }) });
}
