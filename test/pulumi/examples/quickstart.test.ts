import { beforeAll, describe, expect, it } from "vitest";
import type { CometServer, KeyView } from "../../server/index";
import { newStack, startEmulator, type TestStack, type UpRun } from "../stack";

describe("examples/quickstart, run by the Pulumi.yaml at the root", () => {
  let server: CometServer;
  let stack: TestStack;
  let made: UpRun;
  let apiKey: string;
  const live = (): KeyView => server.key(stack.keyId("backend"));

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({ example: "quickstart", server });
    // Years from now its expiry has passed, which is refused for a new key.
    stack.edit("index.ts", "2027-06-30", "2099-06-30");
  });

  it("previews one key, without a request", async () => {
    const { changes } = await stack.preview();
    expect(changes).toEqual([{ name: "backend", op: "create", properties: [] }]);
    expect(server.requests).toEqual([]);
  });

  it("creates one key with its limits", async () => {
    made = await stack.up();
    const { changes, outputs } = made;
    expect(changes).toEqual([{ name: "backend", op: "create", properties: [] }]);
    expect(server.account.living).toHaveLength(1);
    expect(live()).toMatchObject({
      name: outputs["keyName"]?.value,
      status: 1,
      remain_quota: 12_500_000,
      unlimited_quota: false,
      model_limits_enabled: true,
      model_limits: "gpt-5,claude-opus-4-6",
      allow_ips: "127.0.0.0/8\n203.0.113.0/24\n2001:db8::/32",
      expired_time: Date.UTC(2099, 5, 30) / 1000,
    });
  });

  it("exports the key, as a secret", () => {
    const { outputs, output } = made;
    expect(outputs["apiKey"]).toEqual({ value: live().key, secret: true });
    expect(output).toMatch(/apiKey *: \[secret\]/);
    apiKey = outputs["apiKey"]?.value;
  });

  it("gives a key that serves model requests, within its limits", async () => {
    expect(await chat("gpt-5")).toBe(200);
    expect(await chat("gemini-3-pro")).toBe(403);
    expect(live().used_quota).toBe(10);
  });

  it("finds nothing to change, although the key was used", async () => {
    expect((await stack.preview({ expectNoChanges: true })).changes).toEqual([]);
    expect((await stack.refresh({ expectNoChanges: true })).changes).toEqual([]);
  });

  it("previews an edited limit as one update of one property, and applies just that", async () => {
    const before = live();
    stack.edit("index.ts", '"gpt-5", ', "");
    const expected = [{ name: "backend", op: "update", properties: ["modelLimits"] }];
    expect((await stack.preview()).changes).toEqual(expected);
    expect(live()).toEqual(before);

    expect((await stack.up()).changes).toEqual(expected);
    expect(live()).toEqual({ ...before, model_limits: "claude-opus-4-6" });
    expect((await stack.preview({ expectNoChanges: true })).changes).toEqual([]);
  });

  it("destroys the key", async () => {
    const { changes } = await stack.destroy();
    expect(changes).toEqual([{ name: "backend", op: "delete", properties: [] }]);
    expect(server.account.living).toEqual([]);
    expect(server.keys()).toHaveLength(1);
  });

  it("has written neither key nor token to any file, nor done anything CometAPI frowns on", () => {
    expect(apiKey).toMatch(/^sk-/);
    expect(stack.backend.text()).not.toContain(apiKey);
    expect(stack.backend.text()).not.toContain(server.account.token);
    expect(server.violations).toEqual([]);
  });

  async function chat(model: string): Promise<number> {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello?" }] }),
    });
    return response.status;
  }
});
