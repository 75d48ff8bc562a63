// @module-tag nightly

import type { OutputMap } from "@pulumi/pulumi/automation/index.js";
import { beforeAll, describe, expect, it } from "vitest";
import { type CometServer, faults, type KeyView } from "../../server/index";
import { host } from "../host";
import { failure, newStack, startEmulator, type TestStack } from "../stack";
import { handed, serviceProgram } from "./program";

/**
 * The ways in which Pulumi can be run while a rotation is due. Each way gets a slot of its own on one stack. Whatever a
 * run leaves out, what the rotation hands on lives, and the next whole `up` finishes what was left.
 *
 * On the plugin those ways run in which the provider has a part: what a run leaves out, no provider notices. The others
 * run there by `npm run test:nightly`.
 */
const all = host === "dynamic" || (process.env["COMETAPI_TEST_ALL"] ?? "") !== "";

const rotation = `
  const args = { every: "P30D", overlap: "P2D", anchor: "2099-01-05T00:00:00Z", remainQuota: 100 };
  const r = new RotatingCometApiKey("r", args);
  export const beside = new RotatingCometApiKey("beside", args).key;`;
const first = Date.parse("2099-01-05T00:00:00Z");
const instant = (slot: number, days = 0) => new Date(first + (slot * 30 + days) * 86_400_000).toISOString();
const label = (slot: number, name = "r") => `${name}-${instant(slot).slice(0, 10).replaceAll("-", "")}`;
const rfc3339 = (slot: number, days = 0) => instant(slot, days).replace(".000Z", "Z");

interface Way {
  way: string;
  /** Runs it in the slot. What it throws fails the test. */
  run: (stack: TestStack, slot: number, server: CometServer) => Promise<unknown>;
  /** Which of the two slots' keys the service has after it, and which the stack's output is. */
  service: "old" | "new";
  /** The same for the rotation beside it. Default: as `service`. */
  beside?: "old" | "new";
  /** Whether the previous key is not there any more, as this way asked for. */
  forgets?: true;
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
const child = (slot: number) => `**CometApiKey::${label(slot)}`;
const memory = "**:Rotation::r";

const ways: Way[] = [
  {
    way: "up --exclude the rotation",
    run: up({ exclude: ["**RotatingCometApiKey**"] }),
    service: "old",
  },
  {
    way: "up --exclude the rotation --exclude-dependents",
    run: up({ exclude: ["**RotatingCometApiKey**"], excludeDependents: true }),
    service: "old",
  },
  {
    way: "up --exclude the new key",
    run: (stack, slot) => previewedUp(stack, { exclude: [child(slot)] }),
    service: "old",
    beside: "new",
  },
  {
    way: "up --exclude the new key --exclude-dependents",
    run: (stack, slot) => stack.up({ exclude: [child(slot)], excludeDependents: true }),
    service: "old",
    beside: "new",
  },
  {
    way: "up --exclude all keys",
    run: (stack) => previewedUp(stack, { exclude: ["**CometApiKey::r-*"] }),
    service: "old",
    beside: "new",
  },
  {
    way: "up --exclude the previous key",
    run: (stack, slot) => previewedUp(stack, { exclude: [child(slot - 1)] }),
    service: "new",
  },
  {
    way: "up --exclude what is remembered",
    run: (stack) => previewedUp(stack, { exclude: [memory] }),
    service: "old",
    asksProvider: true,
    beside: "new",
  },
  { way: "up --target another key", run: up({ target: ["**CometApiKey::other"] }), service: "old" },
  {
    way: "up --target the new key",
    run: (stack, slot) => stack.up({ target: [child(slot)] }),
    service: "old",
  },
  { way: "up --target what is remembered", run: up({ target: [memory] }), service: "old" },
  { way: "up --target the service", run: up({ target: ["**::service"] }), service: "old" },
  {
    way: "up --target the rotation --target-dependents",
    run: up({ target: ["**RotatingCometApiKey::r"], targetDependents: true }),
    service: "new",
    beside: "old",
  },
  {
    way: "refresh --run-program",
    run: (stack) => stack.refresh({ runProgram: true }),
    service: "old",
    asksProvider: true,
  },
  { way: "up --refresh", run: up({ refresh: true }), service: "new", asksProvider: true },
  {
    way: "up --replace the previous key",
    run: (stack, slot) => stack.up({ replace: [child(slot - 1)] }),
    service: "new",
    asksProvider: true,
  },
  {
    way: "up --replace what is remembered",
    run: up({ replace: [memory] }),
    service: "new",
    asksProvider: true,
    forgets: true,
  },
  {
    way: "up --target-replace what is remembered, which is refused",
    run: async (stack) => {
      const run = stack.command("up", "--yes", "--skip-preview", "--target-replace", memory);
      await expect(run).rejects.toThrow("The rotation has no current key: this run left its new key out");
    },
    service: "old",
  },
  {
    way: "up --continue-on-error, and the new key cannot be created",
    run: async (stack, _slot, server) => {
      const fault = server.fault({ method: "POST" }, faults.refuse("not today"), { times: 10 });
      await failure(stack.up({ continueOnError: true }));
      fault.remove();
    },
    service: "old",
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
    service: "new",
    asksProvider: true,
  },
  {
    way: "up --strict",
    run: (stack) => stack.command("up", "--yes", "--strict"),
    service: "new",
    asksProvider: true,
  },
  {
    way: "destroy --target the current key, which is refused, and then another key",
    run: async (stack, slot) => {
      await failure(stack.destroy({ target: [child(slot - 1)] }));
      await stack.destroy({ target: ["**CometApiKey::other"] });
    },
    service: "old",
    asksProvider: true,
  },
];

describe("a rotation that is due", { timeout: 180_000 }, () => {
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
  const service = () => named(handed(stack).at(-1)?.key);
  const edit = () => {
    version += 1;
    stack.write("index.js", serviceProgram(rotation, version));
  };
  const on = (days: number) => {
    stack.stack.workspace.envVars["COMETAPI_NOW"] = rfc3339(slot, days);
  };
  const handedOn = ({ rkey, beside }: OutputMap) => ({
    service: named(rkey?.value),
    beside: named(beside?.value),
  });

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({
      server,
      program: serviceProgram(rotation, version),
      env: { COMETAPI_NOW: rfc3339(0, 1), PULUMI_EXPERIMENTAL: "true" },
    });
    await stack.up();
    expect(service()).toBe(label(0));
  });

  it.each(ways.filter(({ asksProvider = all }) => asksProvider))(
    "hands on a key that lives: $way",
    async ({ run, service: which, beside, forgets }) => {
      slot += 1;
      on(1);
      edit();
      const before = service();
      await run(stack, slot, server);
      const of = (age: "old" | "new", name?: string) => label(age === "new" ? slot : slot - 1, name);
      expect(service() ?? before).toBe(of(which));
      expect(handedOn(stack.outputs())).toEqual({
        service: of(which),
        beside: of(beside ?? which, "beside"),
      });
      const kept = [...(forgets ? [] : [of("old")]), of("old", "beside")];
      expect(living().map(({ key }) => named(key))).toEqual(expect.arrayContaining(kept));

      edit();
      on(1.5);
      const { outputs } = await stack.up();
      expect(service()).toBe(of("new"));
      expect(handedOn(outputs)).toEqual({ service: of("new"), beside: of("new", "beside") });
      expect(
        living()
          .map(({ key }) => named(key))
          .sort(),
      ).toEqual(["other", ...kept, of("new"), of("new", "beside")].sort());
    },
  );

  it("changes nothing more, and goes away whole", async () => {
    expect((await stack.preview()).changes).toEqual([]);
    await stack.destroy();
    expect(living()).toEqual([]);
    expect(server.violations).toEqual([]);
  });
});
