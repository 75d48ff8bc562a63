import { beforeAll, describe, expect, it } from "vitest";
import type { CometServer } from "../../server/index";
import { Backend, newStack, startEmulator, type TestStack } from "../stack";

describe("examples/shared-key", () => {
  const backend = new Backend();
  let server: CometServer;
  let owner: TestStack;
  let reader: TestStack;
  let apiKey: string;

  beforeAll(async () => {
    server = await startEmulator();
    owner = await newStack({ example: "shared-key/owner", server, backend });
    // It sends no request to CometAPI, and needs no account.
    reader = await newStack({ example: "shared-key/reader", backend });
  });

  it("gives the reader the owner's key, still as a secret", async () => {
    const { outputs: owned } = await owner.up();
    const { outputs: read, output } = await reader.up();
    apiKey = server.key(owner.keyId("shared")).key;
    expect(owned["apiKey"]).toEqual({ value: apiKey, secret: true });
    expect(read["apiKey"]).toEqual({ value: apiKey, secret: true });
    expect(output).toContain("apiKey: [secret]");
  });

  it("finds nothing to change in either stack", async () => {
    for (const stack of [owner, reader]) {
      expect((await stack.preview({ expectNoChanges: true })).changes).toEqual([]);
      expect((await stack.refresh({ expectNoChanges: true })).changes).toEqual([]);
    }
  });

  it("changes the owner's key in place, so that the reader's stays good", async () => {
    owner.edit("index.ts", "usd(40)", "usd(60)");
    const expected = [{ name: "shared", op: "update", properties: ["remainQuota"] }];
    expect((await owner.preview()).changes).toEqual(expected);
    expect((await owner.up()).changes).toEqual(expected);
    expect(server.key(owner.keyId("shared"))).toMatchObject({ key: apiKey, remain_quota: 30_000_000 });
    expect((await reader.up({ expectNoChanges: true })).outputs["apiKey"]?.value).toBe(apiKey);
  });

  it("destroys the key with its owner only", async () => {
    await reader.destroy();
    expect(server.account.living).toHaveLength(1);
    await owner.destroy();
    expect(server.account.living).toEqual([]);
  });

  it("has written neither key nor token to any file, nor done anything CometAPI frowns on", () => {
    expect(apiKey).toMatch(/^sk-/);
    expect(backend.text()).not.toContain(apiKey);
    expect(backend.text()).not.toContain(server.account.token);
    expect(server.violations).toEqual([]);
  });
});
