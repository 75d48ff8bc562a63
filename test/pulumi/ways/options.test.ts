import { beforeAll, describe, expect, it } from "vitest";
import type { CometServer, KeyView } from "../../server/index";
import { failure, newStack, startEmulator, type TestStack } from "../stack";
import { handed, serviceProgram } from "./program";

/** A rotation with the options that resources are given, by itself, by its parent and by a transformation. */

const args = `{ every: "P30D", overlap: "P2D", anchor: "2099-01-05T00:00:00Z", remainQuota: 100 }`;
const plain = `const r = new RotatingCometApiKey("r", ${args});`;
const within = `
  class Backend extends pulumi.ComponentResource {
    constructor(name) { super("acme:index:Backend", name); }
  }
  const r = new RotatingCometApiKey("renamed", ${args}, {
    parent: new Backend("backend"), aliases: [{ name: "r", parent: pulumi.rootStackResource }],
  });`;
const day = (n: number) =>
  new Date(Date.parse("2099-01-05T00:00:00Z") + n * 86_400_000).toISOString().replace(".000Z", "Z");

describe("a rotation", { timeout: 120_000 }, () => {
  let server: CometServer;
  let stack: TestStack;
  let version = 0;
  const living = (): KeyView[] => server.keys().filter(({ deletedAt }) => deletedAt === undefined);
  const rotated = () => living().filter(({ name }) => name.startsWith("r-"));
  const service = () => living().find(({ key }) => key === handed(stack).at(-1)?.key);
  const write = (declared: string, key?: string) => {
    version += 1;
    stack.write("index.js", serviceProgram(declared, version, key));
  };
  const on = (n: number) => {
    stack.stack.workspace.envVars["COMETAPI_NOW"] = day(n);
  };

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({ server, program: "", env: { COMETAPI_NOW: day(1) } });
  });

  it("that is new changes nothing while it is left out", async () => {
    write("", "other");
    await stack.up();
    write(plain, "other");
    // The engine creates nothing of it, and has nothing to say of it.
    await stack.up({ target: ["**CometApiKey::other"] });
    await stack.up({ exclude: ["**RotatingCometApiKey**"] });
    await stack.refresh({ runProgram: true });
    const before = living();
    expect(before).toHaveLength(1);
    write(plain);
    const runs = handed(stack).length;
    await stack.up({ exclude: ["**RotatingCometApiKey**"] }).catch(() => undefined);
    expect(handed(stack).slice(runs)).toEqual([]);
    expect(living()).toEqual(before);
    await stack.up();
    expect(service()).toEqual(rotated()[0]);
  });

  it("calls the hooks it is given for its keys", async () => {
    const hook = `const hook = new pulumi.ResourceHook("note", ({ name }) => console.log("created " + name));
      const r = new RotatingCometApiKey("r", ${args}, { hooks: { afterCreate: [hook] } });`;
    write(hook);
    on(31);
    const { output } = await stack.up();
    expect(output).toContain("created r-20990204");
  });

  it("ignores changes that it is told to ignore in each of its keys", async () => {
    write(`const r = new RotatingCometApiKey("r", { ...${args}, modelLimits: ["gpt-5"] }, { ignoreChanges: ["modelLimits"] });`);
    await stack.up();
    expect(rotated().map(({ model_limits }) => model_limits)).toEqual(["", ""]);
  });

  it("that is protected keeps its current key, and goes on rotating", async () => {
    const before = living();
    const isProtected = `const r = new RotatingCometApiKey("r", ${args}, { protect: true });`;
    write(isProtected);
    on(34);
    await stack.up();
    expect(rotated()).toHaveLength(1);
    write(isProtected.replace("P2D", "PT0S"));
    on(61);
    await stack.up();
    // Its protection must go before it does.
    expect(rotated()).toHaveLength(2);
    on(62);
    await stack.up();
    expect(rotated().map(({ key }) => key)).toEqual([service()?.key]);
    await failure(stack.destroy());
    expect(living()).toContainEqual(service());
    expect(before).not.toContainEqual(service());
  });

  it("keeps its keys under another name, and within another component, by aliases", async () => {
    const keys = living();
    write(within);
    await stack.up();
    expect(living()).toEqual(keys);
    on(91);
    await stack.up();
    expect(living()).toHaveLength(keys.length + 1);
    on(94);
    await stack.up();
    expect(living()).toHaveLength(keys.length);
    expect(service()?.name).toMatch(/^renamed-20990405-/);
  });

  it("leaves previous keys alone that a transformation retains, and hands on the current one", async () => {
    const retain = "({ props, opts }) => ({ props, opts: { ...opts, retainOnDelete: true } })";
    write(`pulumi.runtime.registerStackTransformation(${retain}); ${within}`);
    on(121);
    await stack.up();
    on(124);
    await stack.up();
    expect(service()?.name).toMatch(/^renamed-20990505-/);
    expect(living().filter(({ name }) => name.startsWith("renamed-"))).toHaveLength(2);
    expect(server.violations).toEqual([]);
  });
});
