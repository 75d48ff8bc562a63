import { beforeAll, describe, expect, it } from "vitest";
import { expectNoLeak, secretsOf } from "../../faults/leaks";
import { type CometServer, faults } from "../../server/index";
import { failure, keepPrinted, newStack, startEmulator, type TestStack } from "../stack";

describe("examples/check-models", () => {
  let server: CometServer;
  let stack: TestStack;
  const { printed, told } = keepPrinted();
  const warnings = (run: Awaited<ReturnType<TestStack["preview"]>>) =>
    run.events
      .map(({ diagnosticEvent }) => diagnosticEvent)
      .filter((event) => event?.severity === "warning")
      .map((event) => ({ name: event?.urn?.split("::").at(-1), message: event?.message.trim() }));

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({ example: "check-models", server });
  });

  it("previews known models in silence, by one request to the catalogue", async () => {
    const run = told(await stack.preview());
    expect(run.changes).toEqual([{ name: "chat", op: "create", properties: [] }]);
    expect(run.output).not.toContain("Diagnostics");
    expect(server.requests).toMatchObject([{ method: "GET", path: "/api/models" }]);
  });

  it("stops at an unknown model before anything is created, and says what may have been meant", async () => {
    stack.edit("index.ts", '"gpt-5", "claude-opus-4-6"', '"gpt-55", "claude-opus-4.6"');
    const { run } = await failure(stack.preview());
    told(run);
    for (const [model, meant] of [
      ["gpt-55", "gpt-5"],
      ["claude-opus-4.6", "claude-opus-4-6"],
    ])
      expect(run.output).toContain(
        `modelLimits names "${model}", which is not in CometAPI's model catalogue; did you mean "${meant}"?`,
      );
    expect(run.output).not.toContain("    at ");
  });

  it("warns of the resource instead, and goes on, where the stack says so", async () => {
    await stack.stack.setConfig("cometapi:checkModels", { value: "warn" });
    expect(warnings(told(await stack.preview()))).toEqual([
      { name: "chat", message: expect.stringContaining('did you mean "gpt-5"?') },
      { name: "chat", message: expect.stringContaining('did you mean "claude-opus-4-6"?') },
    ]);
  });

  it("creates the key though the catalogue cannot be read, and reports that and nothing that it said of the token", async () => {
    server.fault(
      { path: "/api/models" },
      faults.answer({ status: 401, body: { success: false, message: `no: ${server.account.token}` } }),
    );
    const run = told(await stack.up());
    expect(warnings(run)).toEqual([{ name: undefined, message: expect.stringContaining("no: [secret]") }]);
    expect(server.key(stack.keyId("chat")).model_limits).toBe("gpt-55,claude-opus-4.6");
  });

  it("asks nothing for what is declared as it was", async () => {
    await stack.stack.setConfig("cometapi:checkModels", { value: "error" });
    server.clearRequests();
    told(await stack.preview({ expectNoChanges: true }));
    expect(server.requests).toEqual([]);
  });

  it("has written neither key nor token to any file or terminal, nor done anything CometAPI frowns on", () => {
    expectNoLeak([stack.backend.text(), ...printed], secretsOf(server));
    expect(server.violations).toEqual([]);
  });
});
