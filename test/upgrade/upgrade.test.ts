import { readdirSync } from "node:fs";
import type { OutputMap } from "@pulumi/pulumi/automation/index.js";
import { describe, expect, test } from "vitest";
import { host } from "../pulumi/host";
import type { TestStack } from "../pulumi/stack";
import type { CometServer } from "../server/index";
import { inherit, living, read } from "./inherit";
import { recordings, rotatedAt, suffixes } from "./recorded";

/**
 * Stacks that released versions have left, in the hands of this code. One that fails here fails for everybody who
 * upgrades: fix the code, never the recording.
 */

const ofPlugin = (folder: string) => folder.includes(suffixes.plugin.keys);
const folders = readdirSync(recordings).filter((folder) => ofPlugin(folder) === (host === "plugin"));
const isRotation = (folder: string) => folder.endsWith(suffixes.dynamic.rotation);

/** What the first preview, a refresh and a second preview are to show; none of them may write. */
async function expectAsItWas(server: CometServer, stack: TestStack, changes: unknown[]): Promise<void> {
  expect((await stack.preview()).changes).toEqual(changes);
  expect((await stack.refresh()).changes).toEqual(changes);
  expect((await stack.preview()).changes).toEqual(changes);
  expect(server.violations).toEqual([]);
  expect(server.requests.filter(({ method }) => method !== "GET")).toEqual([]);
}

async function expectToGoAway(server: CometServer, stack: TestStack): Promise<void> {
  await stack.destroy();
  expect(living(server)).toEqual([]);
  expect(server.violations).toEqual([]);
}

describe.each(folders.filter((folder) => !isRotation(folder)))("a stack of version %s", (folder) => {
  test("is as it was, can be changed, and goes away as a whole", { timeout: 300_000 }, async () => {
    const { server, stack, records, record, now } = await inherit(folder);
    // What it left half-made is still to be finished, and nothing else is to be done.
    await expectAsItWas(server, stack, [expect.objectContaining({ name: "halfMade", op: "update" })]);

    stack.edit("index.js", '"a name of its own"', '"another name"');
    stack.edit("index.js", '"generated", {', '"generated", { modelLimits: ["gpt-5"],');
    stack.edit("index.js", "remainQuota: 10 }", "remainQuota: 20 }");
    expect((await stack.up()).changes.map(({ name }) => name).sort()).toEqual([
      "declared",
      "exhausted",
      "generated",
      "halfMade",
    ]);
    expect(now("a name of its own")).toMatchObject({ name: "another name", remain_quota: 5_000 });
    expect(now("exhausted")).toMatchObject({ status: 1, remain_quota: 20 });
    expect(now("pulumi-pending-")).toMatchObject({ name: "half-made", remain_quota: 5_000 });
    expect(now("generated")).toMatchObject({
      name: record("generated").name,
      model_limits: "gpt-5",
      remain_quota: record("generated").remain_quota,
    });
    expect(server.keys().map(({ id, key }) => [id, key])).toEqual(records.map(({ id, key }) => [id, key]));
    await stack.refresh({ expectNoChanges: true });
    expect((await stack.preview()).changes).toEqual([]);
    await expectToGoAway(server, stack);
  });
});

describe.each(folders.filter(isRotation))("rotations of version %s", (folder) => {
  test("are as they were, rotate on, and go away as a whole", { timeout: 300_000 }, async () => {
    const [, inSecondSlot] = rotatedAt;
    const { server, stack, records, record, now } = await inherit(folder, { COMETAPI_NOW: inSecondSlot });
    await expectAsItWas(server, stack, []);

    // A change of their arguments reaches the current key and the previous one, and costs neither what it has left.
    stack.edit("index.js", 'modelLimits: ["gpt-5"]', 'modelLimits: ["gpt-5-mini"]');
    const { changes, outputs } = await stack.up();
    const slots = ["backend-20990105T0900Z", "backend-20990204T0900Z"];
    expect(changes.map(({ name, op }) => `${op} ${name}`).sort()).toEqual(slots.map((s) => `update ${s}`));
    for (const slot of slots)
      expect(now(slot)).toMatchObject({
        model_limits: "gpt-5-mini",
        remain_quota: record(slot).remain_quota,
        used_quota: record(slot).used_quota,
      });
    expect(outputs["backendKey"]).toEqual({ value: record("backend-20990204").key, secret: true });
    expect(outputs["backendPrevious"]?.value).toMatchObject({ id: String(record("backend-20990105").id) });
    expect(outputs["batchKey"]).toEqual({ value: record("batch job-20990204").key, secret: true });
    expect(server.keys().map(({ id, key }) => [id, key])).toEqual(records.map(({ id, key }) => [id, key]));

    // The overlap that the older version began ends when it said it would.
    stack.stack.workspace.envVars["COMETAPI_NOW"] = "2099-02-07T09:00:00Z";
    await stack.up();
    expect(
      living(server)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["backend-20990204", "batch job-20990204"].map((name) => record(name).name));
    // The next slot creates keys beside those that the older version left.
    stack.stack.workspace.envVars["COMETAPI_NOW"] = "2099-03-06T09:00:00Z";
    await stack.up();
    expect(
      living(server)
        .map(({ name }) => name.replace(/(Z)-[0-9a-f]{7}$/, "$1"))
        .sort(),
    ).toEqual([
      "backend-20990204T0900Z",
      "backend-20990306T0900Z",
      "batch job-20990204T0900Z",
      "batch job-20990306T0900Z",
    ]);
    await expectToGoAway(server, stack);
  });

  test("are as they were after first runs in a new slot that leave them out, and then rotate on", async () => {
    const { server, stack, record } = await inherit(folder, { COMETAPI_NOW: "2099-03-06T09:00:00Z" });
    // Version 0.1.0 stored a dependency on the current key, for which the engine refuses such a run as a whole.
    for (const options of [{ exclude: ["**RotatingCometApiKey**"] }, { target: ["**Service::batch"] }])
      await stack.up(options).catch((error) => expect(error.run?.output).toContain("Duplicate resource URN"));
    expect(server.requests.filter(({ method }) => method !== "GET")).toEqual([]);
    const handedOn = ({ backendKey, batchKey }: OutputMap) => [backendKey?.value, batchKey?.value].sort();
    const old = ["backend-20990204", "batch job-20990204"].map((name) => record(name).key);
    expect(handedOn(stack.outputs())).toEqual(old.sort());

    const { outputs } = await stack.up();
    const ofNewSlot = living(server).filter(({ name }) => name.includes("-20990306T0900Z"));
    expect(handedOn(outputs)).toEqual(ofNewSlot.map(({ key }) => key).sort());
    expect(living(server).map(({ key }) => key)).toEqual(expect.arrayContaining(old));
    expect(server.violations).toEqual([]);
  });
});

test("each story of a version has been recorded, and nothing of the machine that did it", () => {
  for (const suffix of Object.values(suffixes[host])) expect(folders).toContain(`0.1.0${suffix}`);
  for (const folder of folders) {
    // Paths in a state are relative to its project.
    expect(read(folder, "state")).not.toMatch(/project:\/\/\/\.\.|file:\//);
  }
});
