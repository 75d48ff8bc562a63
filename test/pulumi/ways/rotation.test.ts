// @module-tag nightly

import { beforeAll, describe, expect, it } from "vitest";
import { type CometServer, faults, type KeyView } from "../../server/index";
import { host } from "../host";
import { failure, newStack, startEmulator, type TestStack } from "../stack";
import { handed, serviceProgram } from "./program";

/**
 * The ways in which Pulumi can be run while rotations are due. Each run gets a slot of its own on one stack, and may do
 * another thing to each of the rotations, which are called after it. Whatever a run leaves out, what a rotation hands on
 * lives, and the next whole `up` finishes what was left.
 *
 * On the plugin those runs are tried in which the provider has a part: what a run leaves out, no provider notices. The
 * others are tried there by `npm run test:nightly`.
 */
const all = host === "dynamic" || (process.env["COMETAPI_TEST_ALL"] ?? "") !== "";

const rotations = ["whole", "newKey", "allKeys", "previousKey", "memory", "beside"] as const;
type Rotation = (typeof rotations)[number];
const declared = rotations
  .map((name) => `const ${name} = new RotatingCometApiKey("${name}", args);`)
  .join("\n    ");
const program = (version: number) =>
  serviceProgram(
    `const args = { every: "P30D", overlap: "P2D", anchor: "2099-01-05T00:00:00Z", remainQuota: 100 };
    ${declared}`,
    version,
    Object.fromEntries(rotations.map((name) => [name, `${name}.key`])),
  );
const first = Date.parse("2099-01-05T00:00:00Z");
const instant = (slot: number, days = 0) => new Date(first + (slot * 30 + days) * 86_400_000).toISOString();
const label = (name: Rotation, slot: number) => `${name}-${instant(slot).slice(0, 10).replaceAll("-", "")}`;
const rfc3339 = (slot: number, days = 0) => instant(slot, days).replace(".000Z", "Z");

interface Way {
  way: string;
  /** Runs it in the slot. What it throws fails the test. */
  run: (stack: TestStack, slot: number, server: CometServer) => Promise<unknown>;
  /** The rotations that go on with the previous slot's key. The others hand on the new one. */
  old: readonly Rotation[];
  /** The rotation whose previous key is not there any more, as the run asked for. */
  forgets?: Rotation;
  /** Whether the provider is asked for something else than in any `up`. */
  asksProvider?: true;
}

const up = (options: Parameters<TestStack["up"]>[0]) => (stack: TestStack) => stack.up(options);
/** What the preview said is what the up does. */
const previewedUp = async (stack: TestStack, options: Parameters<TestStack["preview"]>[0]) => {
  const said = await stack.preview(options);
  const done = await stack.up(options);
  const steps = ({ changes }: typeof said) => changes.map(({ op, name }) => `${op} ${name}`).sort();
  expect(steps(done)).toEqual(steps(said));
};
const child = (name: Rotation, slot: number) => `**CometApiKey::${label(name, slot)}`;
const memory = "**:Rotation::memory";

const ways: Way[] = [
  {
    way: "up --exclude a rotation, its new key, all its keys, its previous key, what it remembers",
    run: (stack, slot) =>
      previewedUp(stack, {
        exclude: [
          "**RotatingCometApiKey**::whole*",
          child("newKey", slot),
          "**CometApiKey::allKeys-*",
          child("previousKey", slot - 1),
          memory,
        ],
      }),
    old: ["whole", "newKey", "allKeys", "memory"],
    asksProvider: true,
  },
  {
    way: "up --exclude a rotation, its new key --exclude-dependents",
    run: (stack, slot) =>
      stack.up({
        exclude: ["**RotatingCometApiKey**::whole*", child("newKey", slot)],
        excludeDependents: true,
      }),
    old: ["whole", "newKey"],
  },
  {
    way: "up --target another key, a new key, what is remembered, a service",
    run: (stack, slot) =>
      stack.up({ target: ["**CometApiKey::other", child("newKey", slot), memory, "**Service::beside"] }),
    old: rotations,
  },
  {
    way: "up --target a rotation --target-dependents",
    run: up({ target: ["**RotatingCometApiKey::whole"], targetDependents: true }),
    old: rotations.filter((name) => name !== "whole"),
  },
  {
    way: "refresh --run-program",
    run: (stack) => stack.refresh({ runProgram: true }),
    old: rotations,
    asksProvider: true,
  },
  { way: "up --refresh", run: up({ refresh: true }), old: [], asksProvider: true },
  {
    way: "up --replace the previous key, what is remembered",
    run: (stack, slot) => stack.up({ replace: [child("previousKey", slot - 1), memory] }),
    old: [],
    forgets: "memory",
    asksProvider: true,
  },
  {
    way: "up --target-replace what is remembered, which is refused",
    run: async (stack) => {
      const run = stack.command("up", "--yes", "--skip-preview", "--target-replace", memory);
      await expect(run).rejects.toThrow("The rotation has no current key: this run left its new key out");
    },
    old: rotations,
  },
  {
    way: "up --continue-on-error, and no new key can be created",
    run: async (stack, _slot, server) => {
      const fault = server.fault({ method: "POST" }, faults.refuse("not today"), { times: 50 });
      await failure(stack.up({ continueOnError: true }));
      fault.remove();
    },
    old: rotations,
    asksProvider: true,
  },
  {
    way: "preview --save-plan, and later up --plan",
    run: async (stack, slot) => {
      const plan = stack.path("plan.json");
      await stack.preview({ plan });
      stack.stack.workspace.envVars["COMETAPI_NOW"] = rfc3339(slot, 1.25);
      await stack.up({ plan });
    },
    old: [],
    asksProvider: true,
  },
  {
    way: "up --strict",
    run: (stack) => stack.command("up", "--yes", "--strict"),
    old: [],
    asksProvider: true,
  },
  {
    way: "destroy --target the current key, which is refused, and then another key",
    run: async (stack, slot) => {
      await failure(stack.destroy({ target: [child("whole", slot - 1)] }));
      await stack.destroy({ target: ["**CometApiKey::other"] });
    },
    old: rotations,
    asksProvider: true,
  },
];

describe("rotations that are due", { timeout: 180_000 }, () => {
  let server: CometServer;
  let stack: TestStack;
  let version = 1;
  let slot = 0;
  const living = (): KeyView[] => server.keys().filter(({ deletedAt }) => deletedAt === undefined);
  /** The logical name of the living key that has this secret. */
  const named = (key: unknown) =>
    living()
      .find((one) => one.key === key)
      ?.name.replace(/-[0-9a-f]{7}$/, "");
  const livingNames = () => living().map(({ key }) => named(key));
  const services = () => ofEach((name) => named(handed(stack, name).at(-1)?.key));
  const outputs = () => {
    const { handedOn } = stack.outputs();
    return ofEach((name) => named(handedOn?.value[name]));
  };
  const edit = () => {
    version += 1;
    stack.write("index.js", program(version));
  };
  const on = (days: number) => {
    stack.stack.workspace.envVars["COMETAPI_NOW"] = rfc3339(slot, days);
  };

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({
      server,
      program: program(version),
      env: { COMETAPI_NOW: rfc3339(0, 1), PULUMI_EXPERIMENTAL: "true" },
    });
    await stack.up();
    expect(services()).toEqual(ofEach((name) => label(name, 0)));
  });

  it.each(ways.filter(({ asksProvider = all }) => asksProvider))(
    "hand on keys that live: $way",
    async ({ run, old, forgets }) => {
      slot += 1;
      const previous = ofEach((name) => label(name, slot - 1));
      const current = ofEach((name) => label(name, slot));
      on(1);
      edit();
      await run(stack, slot, server);
      const expected = ofEach((name) => (old.includes(name) ? previous : current)[name]);
      expect(services()).toEqual(expected);
      expect(outputs()).toEqual(expected);
      const kept = rotations.filter((name) => name !== forgets).map((name) => previous[name]);
      expect(livingNames()).toEqual(expect.arrayContaining(kept));

      edit();
      on(1.5);
      await stack.up();
      expect(services()).toEqual(current);
      expect(outputs()).toEqual(current);
      expect(livingNames().sort()).toEqual(["other", ...kept, ...Object.values(current)].sort());
    },
  );

  it("changes nothing more, and goes away whole", async () => {
    expect((await stack.preview()).changes).toEqual([]);
    await stack.destroy();
    expect(living()).toEqual([]);
    expect(server.violations).toEqual([]);
  });
});

function ofEach<T>(value: (name: Rotation) => T): Record<Rotation, T> {
  return Object.fromEntries(rotations.map((name) => [name, value(name)])) as Record<Rotation, T>;
}
