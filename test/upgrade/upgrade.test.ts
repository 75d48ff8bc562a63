import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Deployment } from "@pulumi/pulumi/automation/index.js";
import { describe, expect, test } from "vitest";
import { Backend, newStack, startEmulator } from "../pulumi/stack";
import type { KeyRecord } from "../server/index";
import { files, names, passphrase, recordings } from "./recorded";

/**
 * Stacks that released versions have left, in the hands of this code. One that fails here fails for everybody who
 * upgrades: mend the code, never the recording.
 */

const versions = readdirSync(recordings);

describe.each(versions)("a stack of version %s", (version) => {
  const read = (file: keyof typeof files) => readFileSync(join(recordings, version, files[file]), "utf8");
  const records = JSON.parse(read("keys")) as KeyRecord[];
  const record = (name: string) => {
    const found = records.find((key) => key.name.startsWith(name));
    if (found === undefined) throw new Error(`version ${version} left no key "${name}"`);
    return found;
  };

  test("is as it was, can be changed, and goes away as a whole", { timeout: 180_000 }, async () => {
    const server = await startEmulator({ accounts: [{ userId: record("generated").user_id }] });
    for (const key of records) server.console.restore(key);
    const backend = new Backend(passphrase);
    const stack = await newStack({ server, backend, name: names.stack, program: read("program") });
    await stack.stack.importStack(JSON.parse(read("state")) as Deployment);

    // What it left half-made is still to be finished, and nothing else is to be done.
    const unfinished = [expect.objectContaining({ name: "halfMade", op: "update" })];
    expect((await stack.preview()).changes).toEqual(unfinished);
    expect((await stack.refresh()).changes).toEqual(unfinished);
    expect((await stack.preview()).changes).toEqual(unfinished);
    expect(server.violations).toEqual([]);
    expect(server.requests.filter(({ method }) => method !== "GET")).toEqual([]);

    stack.edit("index.js", '"a name of its own"', '"another name"');
    stack.edit("index.js", '"generated", {', '"generated", { modelLimits: ["gpt-5"],');
    stack.edit("index.js", "remainQuota: 10 }", "remainQuota: 20 }");
    expect((await stack.up()).changes.map(({ name }) => name).sort()).toEqual([
      "declared",
      "exhausted",
      "generated",
      "halfMade",
    ]);
    const now = (name: string) => server.key(record(name).id);
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

    await stack.destroy();
    expect(server.keys().filter(({ deletedAt }) => deletedAt === undefined)).toEqual([]);
    expect(server.violations).toEqual([]);
  });
});

test("a version has been recorded, and nothing of the machine that did it", () => {
  expect(versions).toContain("0.1.0");
  for (const version of versions) {
    const state = readFileSync(join(recordings, version, files.state), "utf8");
    // Paths in a state are relative to its project.
    expect(state).not.toMatch(/project:\/\/\/\.\.|file:\/\//);
  }
});
