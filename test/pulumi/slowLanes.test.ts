// @module-tag nightly

import { expect, it } from "vitest";
import { newApi } from "../server/index";
import { newStack, startEmulator } from "./stack";

/**
 * In real time, at the default limits of New API: 360 requests in 180 s. Six minutes, so only by `npm run test:nightly`;
 * `lifecycle/slowLanes.test.ts` shows the same and more on a clock of its own.
 */
const all = (process.env["COMETAPI_TEST_ALL"] ?? "") !== "";
const windowMs = 180_000;

it.runIf(all)(
  "150 keys are created, changed and destroyed in one run each, at New API's default limits",
  async () => {
    const personality = { ...newApi, maskedKeys: false, hold: undefined };
    const server = await startEmulator({ personality });
    const stack = await newStack({
      server,
      env: { COMETAPI_USER_ID: String(server.account.userId) },
      program: `
        import { CometApiKey } from "pulumi-cometapi";
        for (let i = 0; i < 150; i++) new CometApiKey("key-" + i, { name: "name " + i, remainQuota: 100 });
      `,
    });
    const served: number[] = [];
    const refused: number[] = [];
    const step = async (run: () => Promise<{ output: string }>) => {
      const started = Date.now();
      const { output } = await run();
      const ms = Date.now() - started;
      for (const { at, answer } of server.requests) (answer?.status === 429 ? refused : served).push(at);
      server.clearRequests();
      const lines = output.match(/CometAPI is limiting requests: \d+ keys? (is|are) waiting/g) ?? [];
      expect(lines.length).toBeLessThanOrEqual(2 * (ms / 60_000 + 1));
      console.log(`${Math.round(ms / 1000)} s, ${served.length} requests in all, ${lines.length} lines`);
    };
    await step(() => stack.up());
    expect(server.keys()).toHaveLength(150);
    stack.edit("index.js", "remainQuota: 100", "remainQuota: 100, group: 'vip'");
    await step(() => stack.up());
    expect(server.keys().filter(({ group }) => group === "vip")).toHaveLength(150);
    await step(() => stack.destroy());
    expect(server.keys().filter(({ deletedAt }) => deletedAt === undefined)).toEqual([]);
    // How much later than the window allowed a request was let through that had to wait for it. The rest is the engine's.
    const late = served
      .map((at, i) => ({ at, since: served[i - 1] ?? 0, free: (served[i - 360] ?? 0) + windowMs }))
      .filter(({ at, since }) => refused.some((refusal) => refusal >= since && refusal <= at))
      .map(({ at, free }) => at - free);
    expect(late.length).toBeGreaterThan(0);
    expect(Math.max(...late)).toBeLessThanOrEqual(0.2 * windowMs);
  },
  1_200_000,
);
