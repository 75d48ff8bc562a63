import { beforeAll, describe, expect, it } from "vitest";
import type { CometServer, KeyView } from "../../server/index";
import { newStack, startEmulator, type TestStack } from "../stack";

describe("examples/adopt", () => {
  let server: CometServer;
  let stack: TestStack;
  let legacy: KeyView;
  const live = (): KeyView => server.key(legacy.id);

  beforeAll(async () => {
    server = await startEmulator();
    const { id } = server.console.create({ name: "legacy" });
    legacy = server.console.spend(id, 30_000);
    stack = await newStack({ example: "adopt", server });
    stack.edit("index.ts", '"1234"', `"${id}"`);
  });

  it("previews what would change about the key, without changing it", async () => {
    const { output, changes } = await stack.preview();
    expect(output).toContain(
      `adopts the key "legacy" (id ${legacy.id}): modelLimits [] => ["gpt-5","claude-opus-4-6"], ` +
        "modelLimitsEnabled false => true; what it has left, 70000 ($0.14), stays",
    );
    expect(changes).toEqual([{ name: "backend", op: "create", properties: [] }]);
    expect(live()).toEqual(legacy);
  });

  it("adopts the key with its secret, and creates none", async () => {
    const { outputs, output } = await stack.up();
    expect(outputs["apiKey"]).toEqual({ value: legacy.key, secret: true });
    expect(stack.keyId("backend")).toBe(legacy.id);
    expect(server.keys()).toHaveLength(1);
    expect(live()).toEqual({
      ...legacy,
      model_limits: "gpt-5,claude-opus-4-6",
      model_limits_enabled: true,
    });
    expect(output + stack.backend.text()).not.toContain(legacy.key);
  });

  it("finds nothing to change once adoptId is gone, nor after a refresh", async () => {
    await stack.refresh({ expectNoChanges: true });
    stack.edit("index.ts", `    adoptId: "${legacy.id}",\n`, "");
    expect((await stack.up({ expectNoChanges: true })).changes).toEqual([]);
  });

  it("leaves the key where it is when the stack is destroyed, as retainOnDelete says", async () => {
    await stack.destroy();
    expect(live().deletedAt).toBeUndefined();
    expect(server.violations).toEqual([]);
  });
});
