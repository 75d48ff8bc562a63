import * as pulumi from "@pulumi/pulumi";
import { CometApiKey, type CometApiKeyArgs } from "./cometApiKey";
import { toRfc3339 } from "./instant";
import { runError } from "./runError";
import { instant, readSchedule, type Slot, slotAt, slotLabel } from "./slots";
import { withoutDependencies } from "./withoutDependencies";

/** The arguments of a {@link RotatingCometApiKey}: those of each of its keys, and when a new one becomes current. */
export interface RotatingCometApiKeyArgs extends Omit<CometApiKeyArgs, "expiredTime" | "adoptId"> {
  /**
   * How long a key is the current one: an ISO 8601 duration in weeks, days, hours, minutes and seconds. A plain text, as
   * the schedule names the keys.
   *
   * Limit: from `"PT1S"` to `"P36500D"`, in whole numbers. Months and years are refused: they are not all of one length.
   *
   * Default: none, it is required. A change begins another schedule: its first key is created before the last one goes.
   *
   * @example "P30D"
   */
  every: string;

  /**
   * How long the previous key keeps working, counted from the `up` that creates its successor: an ISO 8601 duration.
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
   * Default: `false`. Only an `up` takes a key away, when it has created a newer one.
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
 * const key = new RotatingCometApiKey("backend", { every: "P30D", overlap: "P2D", remainQuota: usd(25) });
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
  /** The previous key, as long as it is kept. */
  readonly previous: pulumi.Output<RotatedKey | undefined>;
  /** From when on an `up` makes the next key: RFC 3339 in UTC. */
  readonly rotatesAt: pulumi.Output<string>;

  /**
   * @param name the logical name, unique within the stack
   * @param args what each key is to be, and when a new one becomes current
   * @param opts `dependsOn` and the like. `hooks`, `ignoreChanges` and `retainOnDelete` hold for each key; `protect` for
   * the current one, and for no previous key, which is to be removed
   */
  constructor(name: string, args: RotatingCometApiKeyArgs, opts: pulumi.ComponentResourceOptions = {}) {
    const { every, overlap: _, anchor, hardExpiry, ...keyArgs } = args;
    const { schedule, refused } = readSchedule(args);
    if (schedule === undefined) throw runError(`RotatingCometApiKey "${name}": ${refused.join(" ")}`);
    super("cometapi:index:RotatingCometApiKey", name, {}, opts);

    const { overlap } = schedule;
    const now = clock();
    const newest = slotAt(schedule, now);
    const keys = new Map<string, CometApiKey>();
    const keyOf = (slot: Slot, { isPrevious }: { isPrevious: boolean }) => {
      const key =
        keys.get(slot.start) ??
        new CometApiKey(
          `${name}-${slotLabel(slot)}`,
          {
            ...keyArgs,
            name: pulumi.output(keyArgs.name).apply((given) => given && `${given}-${slotLabel(slot)}`),
            ...(hardExpiry && { expiredTime: toRfc3339(Date.parse(slot.end) + overlap) }),
          },
          // Protected until the end, the `up` that removes it would fail.
          { ...passedOn(opts), parent: this, ...(isPrevious && { protect: false }) },
        );
      keys.set(slot.start, key);
      return key;
    };
    const next = keyOf(newest, { isPrevious: false });
    const rotation = new Rotation(
      name,
      {
        ...newest,
        now: toRfc3339(now),
        overlap,
        hardExpiry: hardExpiry === true,
        protect: isProtected(this),
        created: isCreated(next),
      },
      { parent: this },
    );

    // Not simply `next`: a run that leaves it out, or cannot create it, hands on the key that state says is current.
    const current = pulumi.all([rotation.start, rotation.end]).apply(([start, end]) => {
      // Nothing is remembered by a new rotation that this run leaves out.
      const slot = start === undefined || end === undefined ? newest : { start, end };
      return { slot, key: keyOf(slot, { isPrevious: false }) };
    });
    this.key = current.apply(({ key }) => key.key);
    this.current = current.apply(({ key, slot }) => described(key, slot));
    this.previous = rotation.kept.apply((kept) => {
      // Whoever tests a program with mocks knows nothing of what is remembered.
      const [latest] = (kept ?? []).map((slot) => described(keyOf(slot, { isPrevious: true }), slot));
      return pulumi.output(latest);
    });
    this.rotatesAt = current.apply(({ slot }) => slot.end);
    this.registerOutputs({
      key: this.key,
      current: this.current,
      previous: this.previous,
      rotatesAt: this.rotatesAt,
    });
  }
}

/** The options that mean its keys when they are given to a rotation. The engine passes on none of them. */
function passedOn({
  hooks,
  ignoreChanges,
  retainOnDelete,
}: pulumi.ComponentResourceOptions): pulumi.CustomResourceOptions {
  return {
    ...(hooks !== undefined && { hooks }),
    ...(ignoreChanges !== undefined && { ignoreChanges }),
    ...(retainOnDelete !== undefined && { retainOnDelete }),
  };
}

/** By its own options, its parent's, or a transformation. */
function isProtected(resource: pulumi.Resource): boolean {
  return "__protect" in resource && resource.__protect === true;
}

/**
 * Whether there is a key, as far as a preview can say. An update that leaves it out or fails to create it gives it no
 * id.
 */
async function isCreated({ id }: CometApiKey): Promise<boolean> {
  const known = await withoutDependencies(id);
  return pulumi.runtime.isDryRun() || (known !== pulumi.runtime.unknownValue && known !== undefined);
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

/** What a rotation remembers from one `up` to the next: see `provider/rotation.ts`. */
class Rotation extends pulumi.CustomResource {
  declare readonly start: pulumi.Output<string | undefined>;
  declare readonly end: pulumi.Output<string | undefined>;
  declare readonly kept: pulumi.Output<Slot[] | undefined>;

  constructor(
    name: string,
    inputs: Slot & {
      now: string;
      overlap: number;
      hardExpiry: boolean;
      protect: boolean;
      created: Promise<boolean>;
    },
    opts: pulumi.CustomResourceOptions,
  ) {
    const type = "pulumi-nodejs:dynamic/cometapi:Rotation";
    // As with the provider of CometApiKey, this text is in every state: it may never change, nor what it names.
    const __provider = 'exports.handler=()=>require("pulumi-cometapi/provider/rotation")';
    // A preview does not know when the update will be: what the update remembers must be nothing else than planned.
    const since = pulumi.runtime.isDryRun() ? pulumi.runtime.unknownValue : inputs.now;
    const __urn = withoutDependencies(pulumi.createUrn(name, type, opts.parent));
    super(type, name, { kept: undefined, ...inputs, since, __urn, __provider }, opts);
  }
}
