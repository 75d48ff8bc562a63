import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { CometServer, KeyView } from "../../server/index";
import { newStack, startEmulator, type TestStack } from "../stack";
import { CometApiKey, RotatingCometApiKey } from "./sdk";

/**
 * A rotation with the options that resources are given, by itself, by its parent and by a transformation. The programs
 * are inline: the language host that the tests can have is too old for hooks, and for taking a protection away.
 */

const args = { every: "P30D", overlap: "P2D", anchor: "2099-01-05T00:00:00Z", remainQuota: 100 };
const day = (n: number) =>
  new Date(Date.parse("2099-01-05T00:00:00Z") + n * 86_400_000).toISOString().replace(".000Z", "Z");

class Backend extends pulumi.ComponentResource {
  constructor() {
    super("acme:index:Backend", "backend");
  }
}

const rotating = (opts?: pulumi.ComponentResourceOptions, more: object = {}) =>
  new RotatingCometApiKey("r", { ...args, ...more }, opts);

describe("a rotation", { timeout: 120_000 }, () => {
  let server: CometServer;
  let stack: TestStack;
  const living = (): KeyView[] => server.keys().filter(({ deletedAt }) => deletedAt === undefined);
  const rotated = () => living().filter(({ name }) => name !== "other");
  /** The living key that the stack's output is. */
  const output = async () => {
    const { rkey } = await stack.stack.outputs();
    return living().find(({ key }) => key === rkey?.value);
  };
  const write = (declare: () => RotatingCometApiKey | undefined) => {
    stack.stack.workspace.program = async () => {
      new CometApiKey("other", { name: "other", remainQuota: 7 });
      return { rkey: declare()?.key };
    };
  };
  const on = (n: number) => vi.stubEnv("COMETAPI_NOW", day(n));

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({ server, program: "" });
  });
  afterEach(() => vi.unstubAllEnvs());

  it("that is new changes nothing while it is left out", async () => {
    on(1);
    write(() => undefined);
    await stack.stack.up();
    write(() => rotating());
    await stack.stack.up({ target: ["**CometApiKey::other"] });
    await stack.stack.up({ exclude: ["**RotatingCometApiKey**"] });
    await stack.stack.refresh({ runProgram: true });
    expect(rotated()).toEqual([]);
    await stack.stack.up();
    expect(await output()).toEqual(rotated()[0]);
  });

  it("calls the hooks it is given for its keys", async () => {
    const created: string[] = [];
    write(() => {
      const hook = new pulumi.ResourceHook("note", ({ name }) => {
        created.push(name);
      });
      return rotating({ hooks: { afterCreate: [hook] } });
    });
    on(31);
    await stack.stack.up();
    expect(created).toEqual(["r-20990204"]);
  });

  it("ignores the changes under ignoreChanges in each of its keys", async () => {
    on(31);
    write(() => rotating({ ignoreChanges: ["modelLimits"] }, { modelLimits: ["gpt-5"] }));
    await stack.stack.up();
    expect(rotated().map(({ model_limits }) => model_limits)).toEqual(["", ""]);
  });

  it("replaces each of its keys when its replacementTrigger changes", async () => {
    on(31);
    write(() => rotating({ replacementTrigger: "one" }));
    await stack.stack.up();
    const before = rotated().map(({ id }) => id);
    write(() => rotating({ replacementTrigger: "two" }));
    await stack.stack.up();
    expect(rotated()).toHaveLength(before.length);
    expect(rotated().filter(({ id }) => before.includes(id))).toEqual([]);
    expect(rotated()).toContainEqual(await output());
  });

  it("that is protected keeps its current key, and goes on rotating", async () => {
    write(() => rotating({ protect: true }, { overlap: "PT0S" }));
    on(34);
    await stack.stack.up();
    expect(rotated()).toHaveLength(1);
    on(61);
    await stack.stack.up();
    // Its protection must go before the key does.
    expect(rotated()).toHaveLength(2);
    on(62);
    await stack.stack.up();
    expect(rotated()).toEqual([await output()]);
    await expect(stack.stack.destroy()).rejects.toThrow("protected");
    expect(rotated()).toEqual([await output()]);
  });

  it("keeps its keys under another name and within another component, by aliases, whatever is retained", async () => {
    const keys = rotated();
    const within = () =>
      new RotatingCometApiKey("renamed", args, {
        parent: new Backend(),
        aliases: [{ name: "r", parent: pulumi.rootStackResource }],
      });
    on(62);
    write(within);
    await stack.stack.up();
    expect(rotated()).toEqual(keys);
    on(91);
    await stack.stack.up();
    expect(rotated()).toHaveLength(keys.length + 1);
    write(() => {
      pulumi.runtime.registerStackTransformation(({ props, opts }) => ({
        props,
        opts: { ...opts, retainOnDelete: true },
      }));
      return within();
    });
    await stack.stack.up();
    on(94);
    await stack.stack.up();
    // What is retained leaves the stack, and lives on.
    expect(rotated()).toHaveLength(keys.length + 1);
    expect(stack.resources().filter(({ type }) => type.endsWith(":CometApiKey"))).toHaveLength(2);
    expect((await output())?.name).toMatch(/^renamed-20990405-/);
    expect(server.violations).toEqual([]);
  });
});
