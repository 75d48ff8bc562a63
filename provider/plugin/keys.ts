import { dynamicProvider } from "../../sdk/dynamicProvider";
import { ResourceInitFailedError, unfinishedReason } from "../errors";
import { describeQuota } from "../key/describeQuota";
import { canonicalInstant, refuseInstant, toUnixSeconds } from "../key/instant";
import type { KeyInputs, KeyState } from "../key/types";
import { isUnknown, unknownValue } from "../key/unknown";
import type { KeyLifecycle } from "../lifecycle/lifecycle";
import { differences, withSpokenDefaults } from "./keyDiff";
import { previewCreate, previewUpdate } from "./preview";
import { HalfDoneError, type Properties, type ResourceType } from "./protocol/plugin";

/**
 * `cometapi:index:CometApiKey`: from the plain objects of the protocol to the lifecycle and back.
 *
 * @param knownOwner whose an account is, as far as that is known without a request
 */
export function keyResource(
  lifecycle: KeyLifecycle,
  knownOwner: (account: string | undefined) => number | undefined,
): ResourceType {
  return {
    secret: ["key"],
    givesAway: {
      name: ["__autoName"],
      expiredTime: ["__expiredTime"],
      remainQuota: ["availableQuota", "__granted", "__unfinished"],
      totalQuota: ["availableQuota", "__granted", "__unfinished"],
      quotaReset: ["quotaPeriod", "__unfinished"],
      modelLimits: ["modelLimitsEnabled"],
      status: ["__leftDisabled"],
    },

    spellings(name, value) {
      if (isUnknown(value)) return [];
      if (name === "expiredTime" && refuseInstant(value) === undefined) {
        const canonical = canonicalInstant(value as string | number);
        return [canonical, toUnixSeconds(canonical)];
      }
      return typeof value === "number" && /Quota$/.test(name) ? [describeQuota(value, true)] : [];
    },

    async check({ urn, name, olds, news, seed, autonaming }) {
      const { inputs, failures } = await lifecycle.check({
        declared: news,
        old: olds,
        // The TypeScript class knows whether this is a preview, which the engine does not say.
        logicalName: isUnknown(news["__logicalName"]) ? unknownValue : name,
        urn,
        seed,
        autonaming,
      });
      // Of the property itself the engine would print the name a second time, and its value in the way of Go.
      return {
        inputs: withSpokenDefaults(inputs, olds),
        failures: failures.map(({ reason }) => ({ property: "", reason })),
      };
    },

    async diff({ id, olds, oldInputs, news, ownerChanged }) {
      const [old, inputs] = [asState(olds), asInputs(news)];
      const { changed, moved, properties } = lifecycle.diff(id, old, inputs);
      // The provider of the resource may be another one, or have another token, than it was.
      const owner = knownOwner(old.account);
      if (ownerChanged || owner !== undefined) await lifecycle.expectOwnAccount(id, old, owner);
      return { changed, properties: differences(old, oldInputs, inputs, { moved, properties }) };
    },

    previewCreate: (inputs) => stored(previewCreate(asInputs(inputs))),

    async create(inputs, timeoutMs) {
      const { id, state } = await halfDone(() => lifecycle.create(asInputs(inputs), timeoutMs));
      return { id, properties: stored(state) };
    },

    discard: ({ id, properties }) => lifecycle.discard(id, properties as KeyState),

    async read({ id, olds }, timeoutMs) {
      const live = await lifecycle.read(id, olds, timeoutMs);
      return live && { id, properties: stored(live.state), inputs: live.inputs };
    },

    previewUpdate: ({ olds, news }) => stored(previewUpdate(asState(olds), asInputs(news))),

    async update({ id, olds, news }, timeoutMs) {
      return stored(await halfDone(() => lifecycle.update(id, asState(olds), asInputs(news), timeoutMs)));
    },

    delete: ({ id, olds }, timeoutMs) => lifecycle.delete(id, olds, timeoutMs),
  };
}

/** What the check has answered earlier. */
function asInputs(properties: Properties): KeyInputs {
  return properties as unknown as KeyInputs;
}

/** What a create, a read or an update has answered earlier. */
function asState(properties: Properties): KeyState {
  return properties as unknown as KeyState;
}

/** With the text by which the dynamic host finds its provider: it could not delete a key whose stack has moved back. */
function stored<Outputs extends object>(state: Outputs): Outputs & { __provider: string } {
  return { ...state, __provider: dynamicProvider };
}

async function halfDone<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ResourceInitFailedError)) throw error;
    throw new HalfDoneError({ id: error.id, properties: stored(error.state) }, unfinishedReason, error);
  }
}
