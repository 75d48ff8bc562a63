import { beforeAll, describe, expect, it } from "vitest";
import type { CometServer, KeyView } from "../../server/index";
import { newStack, startEmulator, type TestStack } from "../stack";

describe("examples/lifetime-total", () => {
  let server: CometServer;
  let stack: TestStack;
  const live = (): KeyView => server.key(stack.keyId("contractor"));
  const update = [{ name: "contractor", op: "update", properties: ["totalQuota"] }];

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({ example: "lifetime-total", server });
  });

  it("creates a key with all of its total left", async () => {
    const { outputs } = await stack.up();
    expect(outputs["left"]?.value).toBe(10_000_000);
    expect(live()).toMatchObject({ remain_quota: 10_000_000, unlimited_quota: false });
  });

  it("finds nothing to change while the key is used up, and previews a raise as one number", async () => {
    server.console.spend(stack.keyId("contractor"), 10_000_000);
    expect(await chat()).toBe(403);
    await stack.refresh({ expectNoChanges: true });
    stack.edit("index.ts", "usd(20)", "usd(30)");
    const { output, changes } = await stack.preview({ diff: true });
    expect(output).toMatch(/~ totalQuota *: 10000000 => 15000000/);
    expect(changes).toEqual(update);
  });

  it("tops the exhausted key up by the difference, once, and it serves again", async () => {
    expect((await stack.up()).outputs["left"]?.value).toBe(5_000_000);
    expect(live()).toMatchObject({ remain_quota: 5_000_000, used_quota: 10_000_000, status: 1 });
    expect(await chat()).toBe(200);
  });

  it("shows a top-up in the console as drift, and takes it back", async () => {
    const { remain_quota } = live();
    server.console.update(stack.keyId("contractor"), { remain_quota: remain_quota + 7 });
    expect((await stack.refresh()).changes).toEqual([expect.objectContaining({ op: "update" })]);
    const { output } = await stack.preview({ diff: true });
    expect(output).toMatch(/~ totalQuota *: 15000007 => 15000000/);
    expect((await stack.up()).changes).toEqual(update);
    expect(live().remain_quota).toBe(remain_quota);
  });

  it("destroys the key, having done nothing that CometAPI frowns on", async () => {
    await stack.destroy();
    expect(server.account.living).toEqual([]);
    expect(server.violations).toEqual([]);
  });

  async function chat(): Promise<number> {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${live().key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Hello?" }] }),
    });
    return response.status;
  }
});
