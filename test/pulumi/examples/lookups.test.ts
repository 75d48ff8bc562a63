import { beforeAll, describe, expect, it } from "vitest";
import { expectNoLeak, secretsOf } from "../../faults/leaks";
import { type CometServer, faults } from "../../server/index";
import { failure, keepPrinted, newStack, startEmulator, type TestStack } from "../stack";

describe("examples/lookups", () => {
  let server: CometServer;
  let stack: TestStack;
  const { printed, told } = keepPrinted();

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({
      example: "lookups",
      config: {
        "cometapi:accessToken": { value: server.account.token, secret: true },
        "cometapi:baseUrl": { value: server.url },
      },
    });
  });

  it("previews with what is known: the catalogue and the account's keys, but no usage of a key to be created", async () => {
    const spent = server.console.create({ name: "old" });
    server.console.update(spent.id, { status: 4 });
    const { changes, output } = told(await stack.preview());
    expect(changes).toEqual([{ name: "backend", op: "create", properties: [] }]);
    expect(output).toContain(`"old (${spent.id})"`);
    expect(output).not.toMatch(/warning/);
    expect(server.requests.map(({ path }) => path).sort()).toEqual([
      "/api/models",
      "/api/token/?p=1&page_size=100",
      "/api/user/self",
    ]);
  });

  it("creates the key for the models that were found, and shows what is left of it", async () => {
    const { outputs } = told(await stack.up());
    expect(server.key(stack.keyId("backend")).model_limits).toBe("gpt-5,gpt-5-mini");
    expect(outputs["left"]).toEqual({ value: 20, secret: false });
  });

  it("shows use as a changed output and no change of the key", async () => {
    server.console.spend(stack.keyId("backend"), 30);
    const { changes, outputs } = told(await stack.up());
    expect(changes).toEqual([]);
    expect(outputs["left"]?.value).toBe(19.99994);
  });

  it("ends in one clear error and no stack trace when CometAPI refuses", async () => {
    server.fault({ path: "/api/usage/token/" }, faults.refuse(`no: ${secretsOf(server).join(" ")}`));
    const report = await newStack({
      server,
      program: `
        import { getCometApiKeyUsage } from "pulumi-cometapi";
        export const usage = await getCometApiKeyUsage({ key: "sk-not-of-this-account" });
      `,
    });
    const { run } = await failure(report.preview());
    told(run);
    expect(run.output).toMatch(
      /error: reading the usage of a key: CometAPI refused: "no: \[secret\].*" ?\. Check that the key still exists/,
    );
    expect(run.output).not.toMatch(/^\s+at |unhandled/m);
  });

  it("has written neither key nor token to any file or terminal, nor done anything CometAPI frowns on", async () => {
    await stack.destroy();
    expectNoLeak([stack.backend.text(), ...printed], secretsOf(server));
    expect(server.violations).toEqual([]);
  });
});
