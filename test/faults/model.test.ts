// @module-tag nightly

import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { perHost } from "../lifecycle/host";
import { backends } from "../lifecycle/rig";
import { type Action, type Ambush, History } from "./history";
import { Scene } from "./scene";
import { type Kind, troubles } from "./troubles";

/**
 * Random histories against a small model of the contract. `npm run test:nightly` plays thousands, or
 * `FC_RUNS=5000 npx vitest run test/faults/model.test.ts`; a failure prints its seed and path, and `FC_SEED` and `FC_PATH` play it again.
 */
const { FC_RUNS = perHost({ dynamic: 400, plugin: 60 }), FC_SEED = "20260101", FC_PATH } = process.env;
const runs = Number(FC_RUNS);

const nowhere = { other: "http://127.0.0.1:1", speechless: "", selfSigned: "" };
const table = troubles(nowhere).filter(
  ({ fault, impatient, name }) => fault !== undefined && !impatient && !name.includes("100 MB"),
);
// A counterexample is read by a person.
for (const trouble of table) Object.assign(trouble, { [fc.toStringMethod]: () => trouble.name });

const ambush: fc.Arbitrary<Ambush | undefined> = fc.option(
  fc.record({
    kind: fc.constantFrom<Kind[]>("POST", "list", "PUT", "get", "DELETE"),
    nth: fc.constantFrom(1, 1, 2, 3),
    trouble: fc.constantFrom(...table),
    times: fc.constantFrom(1, 1, 2, Number.POSITIVE_INFINITY),
  }),
  { nil: undefined },
);

const quota = fc.constantFrom(0, 100, 1000, 5000);
const change = fc.oneof(
  fc.record({ name: fc.constantFrom("one", "two", "mine", undefined) }),
  quota.map((remainQuota) => ({ remainQuota, totalQuota: undefined, unlimitedQuota: false })),
  fc.record({
    remainQuota: quota,
    totalQuota: fc.constant(undefined),
    unlimitedQuota: fc.constant(false),
    quotaReset: fc.constantFrom("daily", "weekly", "monthly", undefined),
  }),
  quota.map((totalQuota) => ({
    remainQuota: undefined,
    totalQuota,
    unlimitedQuota: false,
    quotaReset: undefined,
  })),
  fc.constant({ remainQuota: undefined, totalQuota: undefined, unlimitedQuota: true, quotaReset: undefined }),
  fc.record({ status: fc.constantFrom("enabled", "disabled") }),
  fc.record({ expiredTime: fc.constantFrom("never", "2026-03-01T00:00:00Z", "2031-06-30T00:00:00Z") }),
  fc.record({ modelLimits: fc.constantFrom([], ["gpt-5"], ["gpt-5", "claude-opus-4-6"]) }),
  fc.record({ allowIps: fc.constantFrom([], ["127.0.0.1"], ["203.0.113.0/24", "2001:db8::/32"]) }),
  fc.constantFrom(
    { group: "", crossGroupRetry: false },
    { group: "vip", crossGroupRetry: false },
    { group: "auto", crossGroupRetry: true },
  ),
  fc.constant({}),
);
const edit = fc.constantFrom(
  { name: "renamed on the console" },
  { group: "vip" },
  { model_limits: "gpt-5-mini", model_limits_enabled: true },
  { allow_ips: "198.51.100.1" },
  { expired_time: Date.UTC(2026, 1) / 1000 },
  { unlimited_quota: true },
  { unlimited_quota: false },
  { remain_quota: 0 },
  { remain_quota: 3000 },
  { status: 1 },
  { status: 2 },
);

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("declare" as const), change, uses: fc.nat(3), ambush }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("adopt" as const), unlimited: fc.boolean(), ambush }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("refresh" as const), ambush }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("destroy" as const), ambush }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("edit on the console" as const), change: edit }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete on the console" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("spend" as const), share: fc.constantFrom(0.1, 0.5, 1) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("request" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pass time" as const), hours: fc.constantFrom(1, 100, 3000) }),
  },
);

let [histories, actions] = [0, 0];
afterAll(() => console.log(`model: ${histories} histories of ${actions} actions, seed ${FC_SEED}`));

test("whatever happens, live equals declared in the end, nothing is refunded and nobody else's key is touched", {
  timeout: 60_000 + runs * 1000,
}, async () => {
  const backend = fc.constantFrom(...backends);
  const lag = fc.constantFrom(0, 0, 1000, 3000);
  const property = fc.asyncProperty(
    backend,
    lag,
    fc.array(action, { maxLength: 25, size: "max" }),
    async ([, personality], listLagMs, steps) => {
      const scene = await Scene.open(personality);
      scene.rig.server.settings.listLagMs = listLagMs;
      try {
        const history = new History(scene);
        for (const step of steps) await history.play(step);
        await history.end();
        histories++;
        actions += steps.length;
      } finally {
        await scene.close();
      }
    },
  );
  await fc.assert(property, {
    numRuns: runs,
    seed: Number(FC_SEED),
    ...(FC_PATH !== undefined && { path: FC_PATH }),
  });
  if (FC_PATH === undefined) expect(histories).toBe(runs);
});
