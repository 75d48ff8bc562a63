import { beforeAll, describe, expect, it } from "vitest";
import type { CometServer, KeyView } from "../server/index";
import { newStack, startEmulator, type TestStack } from "./stack";

const program = `
  import { CometApiKey, RotatingCometApiKey, usd } from "pulumi-cometapi";
  const key = new CometApiKey("backend", { remainQuota: usd(25), quotaReset: "monthly" });
  export const { quotaPeriod } = key;
  new RotatingCometApiKey("rotated", {
    every: "P365D", overlap: "P2D", anchor: "2026-01-01T00:00:00Z", remainQuota: usd(5), quotaReset: "monthly",
  });
  new CometApiKey("plain", { remainQuota: usd(1) });
`;

describe("quotaReset, seen by the person at the terminal", () => {
  let server: CometServer;
  let stack: TestStack;

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({ program, server, env: { COMETAPI_NOW: "2026-11-25T12:00:00Z" } });
  });

  const at = (moment: string) => Object.assign(stack.stack.workspace.envVars ?? {}, { COMETAPI_NOW: moment });
  const named = (start: string): KeyView =>
    server.keys().find(({ name }) => name.startsWith(start)) ?? expect.fail(`no key ${start}`);

  it("creates the key with the quota of this month, and leaves it alone until the month is over", async () => {
    const { outputs, output } = await stack.up();
    expect(outputs["quotaPeriod"]).toEqual({ value: "2026-11", secret: false });
    expect(output).toContain("COMETAPI_NOW is set: quota is reset as if it were 2026-11-25T12:00:00Z");
    for (const start of ["backend", "rotated"]) server.console.spend(named(start).id, 1_000_000);
    at("2026-11-30T23:59:59Z");
    expect((await stack.preview()).changes).toEqual([]);
  });

  it("shows in a new month the period as the only change, and writes nothing by that", async () => {
    at("2026-12-01T00:00:00Z");
    server.clearRequests();
    const { changes, output } = await stack.preview({ diff: true });
    expect(changes).toEqual([
      { name: "backend", op: "update", properties: ["quotaPeriod"] },
      { name: "rotated-20260101", op: "update", properties: ["quotaPeriod"] },
    ]);
    // Of each key, and as the output of the stack.
    const drawn = output.match(/^ +~ .*=>.*$/gm)?.map((line) => line.trim());
    expect(drawn).toEqual(Array(3).fill('~ quotaPeriod: "2026-11" => "2026-12"'));
    expect(server.requests).toEqual([]);
  });

  it("gives by the next up what the month may use, once", async () => {
    server.console.update(named("backend").id, { status: 4, remain_quota: 0 });
    const { outputs } = await stack.up();
    expect(outputs["quotaPeriod"]?.value).toBe("2026-12");
    expect(named("backend")).toMatchObject({ remain_quota: 12_500_000, status: 1 });
    expect(named("rotated")).toMatchObject({ remain_quota: 2_500_000 });
    server.console.spend(named("backend").id, 5);
    expect((await stack.up()).changes).toEqual([]);
    expect(named("backend").remain_quota).toBe(12_499_995);
    expect(server.violations).toEqual([]);
  });
});
