import { beforeAll, describe, expect, test } from "vitest";
import type { CometServer } from "../../server/index";
import { newStack, startEmulator, type TestStack } from "../stack";
import { back, moveBack, moveToPlugin, typesOf } from "./moves";

/** A stack goes from the dynamic provider to the plugin and back, and not one key is touched. */

const program = (from: string, { quota = 500, before = "" } = {}) => `
  import * as pulumi from "@pulumi/pulumi";
  import { CometApiKey, RotatingCometApiKey } from "${from}";
  ${before}
  export const key = new CometApiKey("plain", { remainQuota: ${quota} }).key;
  new CometApiKey("total", { totalQuota: 700, name: "total", modelLimits: ["gpt-5"] });
  new CometApiKey("adopted", { adoptId: process.env.ADOPTED, remainQuota: 5 });
  const rotation = new RotatingCometApiKey("r", { every: "P30D", overlap: "P2D", anchor: "2099-01-05T00:00:00Z", remainQuota: 9 });
  export const current = rotation.key;
`;
const plugin = "pulumi-cometapi/plugin";
const dynamic = "pulumi-cometapi";

describe("a stack with keys of every kind", () => {
  let server: CometServer;
  let stack: TestStack;
  const living = () => server.keys().filter(({ deletedAt }) => deletedAt === undefined);

  beforeAll(async () => {
    server = await startEmulator();
    const adopted = server.console.create({ name: "by hand", remain_quota: 5 });
    stack = await newStack({
      server,
      program: program(dynamic),
      env: { ADOPTED: String(adopted.id), COMETAPI_NOW: "2099-01-06T00:00:00Z" },
    });
    await stack.up();
    // The next slot: the rotation has two keys.
    stack.stack.workspace.envVars["COMETAPI_NOW"] = "2099-02-05T00:00:00Z";
    await stack.up();
    expect(living()).toHaveLength(5);
  });

  test("goes over to the plugin without a change, though a key has drifted, and then repairs it", async () => {
    const before = living();
    const outputs = stack.outputs();
    moveToPlugin(stack, program(plugin));
    expect((await stack.preview()).changes).toEqual([]);
    expect((await stack.up()).outputs).toEqual(outputs);
    expect(living()).toEqual(before);
    expect(typesOf(stack)).toEqual([
      "cometapi:index:CometApiKey",
      "cometapi:index:RotatingCometApiKey",
      "cometapi:index:Rotation",
    ]);
    server.console.update(stack.keyId("total"), { name: "drifted" });
    expect((await stack.refresh()).changes).toMatchObject([{ name: "total", op: "update" }]);
    expect((await stack.up()).changes).toMatchObject([{ name: "total", op: "update" }]);
    expect((await stack.preview()).changes).toEqual([]);
  });

  test("goes back by an alias, is changed there, rotates on, and goes away as a whole", async () => {
    const before = living();
    moveBack(stack, program(dynamic, { before: back }));
    // What the rotation remembers is written with the text by which the dynamic host finds it. No key is.
    expect((await stack.preview()).changes).toMatchObject([{ name: "r", op: "update", properties: [] }]);
    await stack.up();
    expect(living()).toEqual(before);
    expect(typesOf(stack)).toContain("pulumi-nodejs:dynamic/cometapi:CometApiKey");
    stack.write("index.js", program(dynamic, { quota: 600 }));
    stack.stack.workspace.envVars["COMETAPI_NOW"] = "2099-02-10T00:00:00Z";
    await stack.up();
    expect(server.key(stack.keyId("plain")).remain_quota).toBe(600);
    expect(living()).toHaveLength(4);
    await stack.destroy();
    expect(living()).toEqual([]);
  });
});
