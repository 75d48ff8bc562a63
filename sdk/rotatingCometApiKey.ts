import * as pulumi from "@pulumi/pulumi";
import { CometApiKey, type CometApiKeyArgs } from "./cometApiKey";
import { toRfc3339 } from "./instant";
import { runError } from "./runError";
import { instant, readSchedule, type Slot, slotAt, slotLabel } from "./slots";

/** The arguments of a {@link RotatingCometApiKey}: those of each of its keys, and when a new one becomes current. */
export interface RotatingCometApiKeyArgs extends Omit<CometApiKeyArgs, "expiredTime" | "adoptId"> {
  /**
   * How long a key is the current one: an ISO 8601 duration in weeks, days, hours, minutes and seconds. A plain text, as
   * the schedule names the keys.
   *
   * Limit: from `"PT1S"` to `"P36500D"`, in whole numbers. Months and years are refused: they are not all of one length.
   *
   * Default: none, it is required. A change begins another schedule: its first key is made before the last one goes.
   *
   * @example "P30D"
   */
  every: string;

  /**
   * How long the key before goes on working beside the current one, from the `up` that makes that: an ISO 8601 duration.
   * Give it time for every user of the key to take up the new one.
   *
   * Limit: shorter than `every`. With `"PT0S"` the `up` that makes a key deletes the one before when all else is done.
   *
   * Default: none, it is required.
   *
   * @example "P2D"
   */
  overlap: string;

  /**
   * A moment at which a key becomes current. All others follow from it and `every`, before and after.
   *
   * Limit: RFC 3339 with an offset, in whole seconds, from 1970 on.
   *
   * Default: the Unix epoch, `"1970-01-01T00:00:00Z"`.
   *
   * @example "2026-01-05T09:00:00+01:00"
   */
  anchor?: string | null | undefined;

  /**
   * Whether each key also expires by itself, when its slot and the `overlap` after it are over, even if nobody runs
   * `pulumi up`: then no key works until somebody does.
   *
   * Default: `false`. Only an `up` takes a key away, when it has made a newer one.
   *
   * @example true
   */
  hardExpiry?: boolean | null | undefined;

  /**
   * The display name of the keys in the CometAPI console, to which the start of each one's slot is added: `backend` makes
   * `backend-20260101`.
   *
   * Limit: with that, 1 to 50 Unicode characters.
   *
   * Default: a generated name, as that of a {@link CometApiKey}.
   *
   * @example "backend"
   */
  name?: CometApiKeyArgs["name"];
}

/** One of the keys of a {@link RotatingCometApiKey}. */
export interface RotatedKey {
  /** CometAPI's own id of the key. */
  id: string;
  /** The display name in the CometAPI console. */
  name: string;
  /** From when on it is the current key: RFC 3339 in UTC. */
  start: string;
  /** When the next one becomes current. */
  end: string;
}

/**
 * A CometAPI API key that is renewed on a schedule, the old one staying valid for a while.
 *
 * ```ts
 * const key = new RotatingCometApiKey("backend", { every: "P30D", overlap: "P2D", remainQuota: 100_000 });
 * export const apiKey = key.key; // a secret
 * ```
 *
 * It is `pulumi up` that renews it, so run that on a schedule. Time is cut in slots of `every`, and each slot has a
 * {@link CometApiKey} of its own, with its quota in full. The `up` that makes a key keeps the one before; the first one
 * after the overlap removes it. If no `up` comes, the last key goes on working.
 *
 * @throws {pulumi.RunError} when `every`, `overlap` or `anchor` cannot be used
 */
export class RotatingCometApiKey extends pulumi.ComponentResource {
  /** The current API key, always a secret. */
  readonly key: pulumi.Output<string>;
  /** The current key, without its secret. */
  readonly current: pulumi.Output<RotatedKey>;
  /** The key before, as long as it is kept. */
  readonly previous: pulumi.Output<RotatedKey | undefined>;
  /** From when on an `up` makes the next key: RFC 3339 in UTC. */
  readonly rotatesAt: pulumi.Output<string>;

  /**
   * @param name the logical name, unique within the stack
   * @param args what each key is to be, and when a new one becomes current
   * @param opts `dependsOn` and the like. With `protect` no key would ever be removed, and the `up` fails
   */
  constructor(name: string, args: RotatingCometApiKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    const { every, overlap: _, anchor, hardExpiry, ...keyArgs } = args;
    const { schedule, refused } = readSchedule(args);
    if (schedule === undefined) throw runError(`RotatingCometApiKey "${name}": ${refused.join(" ")}`);
    super("cometapi:index:RotatingCometApiKey", name, {}, opts);

    const { overlap } = schedule;
    const now = clock();
    const slot = slotAt(schedule, now);
    const keyOf = (slot: Slot) =>
      new CometApiKey(
        `${name}-${slotLabel(slot)}`,
        {
          ...keyArgs,
          name: pulumi.output(keyArgs.name).apply((given) => given && `${given}-${slotLabel(slot)}`),
          ...(hardExpiry && { expiredTime: toRfc3339(Date.parse(slot.end) + overlap) }),
        },
        { parent: this },
      );
    const current = keyOf(slot);
    const rotation = new Rotation(
      name,
      { ...slot, now: toRfc3339(now), overlap, hardExpiry: hardExpiry === true },
      // What was not made must not be remembered as if it had been.
      { parent: this, dependsOn: current },
    );

    this.key = current.key;
    this.current = described(current, slot);
    this.previous = rotation.kept.apply((kept) => {
      // Whoever tests a program with mocks knows nothing of what is remembered.
      const [newest] = (kept ?? []).map((slot) => described(keyOf(slot), slot));
      return pulumi.output(newest);
    });
    this.rotatesAt = pulumi.output(slot.end);
    void expectRemembered(name, rotation);
    this.registerOutputs({
      key: this.key,
      current: this.current,
      previous: this.previous,
      rotatesAt: this.rotatesAt,
    });
  }
}

/**
 * Ends the program when the current key could not be made or updated. The engine does by itself, but for
 * `--continue-on-error`: then it would go on to delete every key that the program did not declare, and those before
 * can be declared only with what is remembered. To log an error is no help: the deletes come before the program's end.
 */
async function expectRemembered(name: string, { kept }: Rotation): Promise<void> {
  const { serializeProperty, unknownValue, isDryRun } = pulumi.runtime;
  if ((await serializeProperty("kept", kept)) !== unknownValue || isDryRun()) return;
  throw runError(
    `RotatingCometApiKey "${name}": the current key could not be made or updated, so no key is taken away.`,
  );
}

function described({ id, name }: CometApiKey, { start, end }: Slot): pulumi.Output<RotatedKey> {
  return pulumi.output({ id, name, start, end });
}

/** The only source of time in a program: the clock, or the moment a preview is to show. */
function clock(): number {
  const { COMETAPI_NOW } = process.env;
  if (!COMETAPI_NOW) return Math.floor(Date.now() / 1000) * 1000;
  const now = instant(COMETAPI_NOW);
  if (typeof now === "string") throw runError(`COMETAPI_NOW ${now}.`);
  void pulumi.log.warn(`COMETAPI_NOW is set: keys rotate as if it were ${COMETAPI_NOW}`);
  return now;
}

/** What a rotation remembers from one `up` to the next: see `provider/dynamic/rotation.ts`. */
class Rotation extends pulumi.CustomResource {
  declare readonly kept: pulumi.Output<Slot[] | undefined>;

  constructor(
    name: string,
    inputs: Slot & { now: string; overlap: number; hardExpiry: boolean },
    opts: pulumi.CustomResourceOptions,
  ) {
    // As with the provider of CometApiKey, this text is in every state: it may never change, nor what it names.
    const __provider = 'exports.handler=()=>require("pulumi-cometapi/provider/rotation")';
    super("pulumi-nodejs:dynamic/cometapi:Rotation", name, { kept: undefined, ...inputs, __provider }, opts);
  }
}
