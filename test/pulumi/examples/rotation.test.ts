import { beforeAll, describe, expect, it } from "vitest";
import { expectNoLeak, secretsOf } from "../../faults/leaks";
import type { CometServer } from "../../server/index";
import { newStack, startEmulator, type TestStack } from "../stack";

describe("examples/rotation", () => {
  let server: CometServer;
  let stack: TestStack;

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({ example: "rotation", server });
  });

  it("creates the key of today, and exports it as a secret, with its bounds", async () => {
    const { outputs } = await stack.up();
    const [key] = server.keys();
    expect(server.keys()).toHaveLength(1);
    expect(outputs["apiKey"]).toEqual({ value: key?.key, secret: true });
    expect(outputs["current"]?.value).toMatchObject({
      id: String(key?.id),
      end: outputs["rotatesAt"]?.value,
    });
    expect(Date.parse(outputs["current"]?.value.start)).toBeLessThanOrEqual(Date.now());
    expect(Date.parse(outputs["rotatesAt"]?.value)).toBeGreaterThan(Date.now());
  });

  it("finds no drift", async () => {
    expect((await stack.refresh({ expectNoChanges: true })).changes).toEqual([]);
  });

  it("destroys the key, and has written no secret, nor done anything CometAPI frowns on", async () => {
    await stack.destroy();
    expect(server.account.living).toEqual([]);
    expectNoLeak([stack.backend.text()], secretsOf(server));
    expect(server.violations).toEqual([]);
  });
});
