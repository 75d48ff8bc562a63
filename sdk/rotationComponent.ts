import * as pulumi from "@pulumi/pulumi";
import type { CometApiKeyArgs } from "./cometApiKeyArgs";
import { toRfc3339 } from "./instant";
import type { KeyResource } from "./keyResource";
import type { RotatedKey, RotatingCometApiKeyArgs } from "./rotatingCometApiKeyArgs";
import { runError } from "./runError";
import { instant, readSchedule, type Slot, slotAt, slotLabel } from "./slots";
import { withoutDependencies } from "./withoutDependencies";

/** The resources that a rotation consists of, as one host provides them. */
interface RotationHost {
  Key: new (name: string, args: CometApiKeyArgs, opts: pulumi.CustomResourceOptions) => KeyResource;
  createRotation(inputs: RotationInputs, opts: pulumi.CustomResourceOptions): Rotation;
}

/** A key that is renewed on a schedule, whichever host provides its keys. */
export abstract class RotationComponent extends pulumi.ComponentResource {
  /** The current API key, always a secret. */
  readonly key: pulumi.Output<string>;
  /** The current key, without its secret. */
  readonly current: pulumi.Output<RotatedKey>;
  /** The previous key, as long as it is kept. */
  readonly previous: pulumi.Output<RotatedKey | undefined>;
  /** From when on an `up` makes the next key: RFC 3339 in UTC. */
  readonly rotatesAt: pulumi.Output<string>;

  protected constructor(
    name: string,
    args: RotatingCometApiKeyArgs,
    opts: pulumi.ComponentResourceOptions,
    { Key, createRotation }: RotationHost,
  ) {
    const { every, overlap: _, anchor, hardExpiry, ...keyArgs } = args;
    const { schedule, refused } = readSchedule(args);
    if (schedule === undefined) throw runError(`RotatingCometApiKey "${name}": ${refused.join(" ")}`);
    super("cometapi:index:RotatingCometApiKey", name, {}, opts);

    const { overlap } = schedule;
    const now = clock();
    const newest = slotAt(schedule, now);
    const keys = new Map<string, KeyResource>();
    const keyOf = (slot: Slot, { isPrevious }: { isPrevious: boolean }) => {
      const key =
        keys.get(slot.start) ??
        new Key(
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
    const rotation = createRotation(
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

/**
 * The options that mean its keys when they are given to a rotation. The engine hands on `protect`, `retainOnDelete` and
 * `deletedWith` alone, and leaves the others to the component.
 */
const passedOnNames = [
  "customTimeouts",
  "hooks",
  "ignoreChanges",
  "replaceOnChanges",
  "replaceWith",
  "replacementTrigger",
] as const;

function passedOn(opts: pulumi.ComponentResourceOptions): pulumi.CustomResourceOptions {
  const given = passedOnNames.filter((name) => opts[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, opts[name]]));
}

/** By its own options, its parent's, or a transformation. */
function isProtected(resource: pulumi.Resource): boolean {
  return "__protect" in resource && resource.__protect === true;
}

/**
 * Whether there is a key after this run. The engine gives no id to a key that an update leaves out or fails to create.
 * In a preview no new key has an id, but of one that is left out nothing is known at all.
 */
async function isCreated({ urn: _, ...key }: KeyResource): Promise<boolean> {
  if (await isKnown(key.id)) return true;
  if (!pulumi.runtime.isDryRun()) return false;
  const outputs = Object.values(key).filter((value) => pulumi.Output.isInstance(value));
  return (await Promise.all(outputs.map(isKnown))).includes(true);
}

async function isKnown(output: pulumi.Output<unknown>): Promise<boolean> {
  const value = await withoutDependencies(output);
  return value !== pulumi.runtime.unknownValue && value !== undefined;
}

function described({ id, name }: KeyResource, { start, end }: Slot): pulumi.Output<RotatedKey> {
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

/** What a program says to what its rotation remembers. */
interface RotationInputs extends Slot {
  now: string;
  overlap: number;
  hardExpiry: boolean;
  protect: boolean;
  created: Promise<boolean>;
}

/** What a rotation remembers from one `up` to the next: see `provider/rotation.ts`. */
export class Rotation extends pulumi.CustomResource {
  declare readonly start: pulumi.Output<string | undefined>;
  declare readonly end: pulumi.Output<string | undefined>;
  declare readonly kept: pulumi.Output<Slot[] | undefined>;

  /** @param hostInputs what one host alone is given beside the inputs */
  constructor(
    type: string,
    name: string,
    inputs: RotationInputs,
    opts: pulumi.CustomResourceOptions,
    hostInputs: Record<string, unknown> = {},
  ) {
    // A preview does not know when the update will be: what the update remembers must be nothing else than planned.
    const since = pulumi.runtime.isDryRun() ? pulumi.runtime.unknownValue : inputs.now;
    super(type, name, { kept: undefined, ...inputs, since, ...hostInputs }, opts);
  }
}
