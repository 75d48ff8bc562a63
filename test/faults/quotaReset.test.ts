import { describe, expect, test } from "vitest";
import { beginsAfter, periodAt, type QuotaReset, quotaResets } from "../../provider/key/period";
import { backends, lost, type Resource, type Rig, rig } from "../lifecycle/rig";
import { faults, type KeyView } from "../server";
import { grantedOf } from "./scene";

/** A year of simulated days with runs and gaps, judged by the server's ledger. */

const quota = 1000;

/** The same numbers in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

interface Year {
  /** What the key was granted by each run, beside what it had left right before that. */
  grants: { period: string; amount: number; left: number }[];
  failures: number;
}

/** One key through a year: every day it is used, and on some days, at some hour, somebody runs `up`. */
async function live(
  setup: Rig,
  key: Resource,
  reset: QuotaReset,
  seed: number,
  troubles: boolean,
): Promise<Year> {
  const { server } = setup;
  const random = numbers(seed);
  const declared = { remainQuota: quota, quotaReset: reset };
  await key.up(declared);
  const id = Number(key.id);
  const year: Year = { grants: [], failures: 0 };
  const faultsOf = Object.values(lost);
  for (let day = 0; day < 365; day++) {
    const morning = Date.UTC(2026, 0, 2 + day) + random(24) * 3_600_000;
    server.advance(Math.max(0, morning - server.now()));
    const { remain_quota: left } = key.live;
    if (left > 0) server.console.spend(id, random(3) === 0 ? left : random(left));
    if (key.live.remain_quota === 0 && random(2) === 0) server.console.update(id, { status: 4 });
    // Nobody comes at the weekend, nor for some weeks at a time.
    if (day % 7 > 4 || Math.floor(day / 21) % 3 === 2) continue;
    const before = key.live;
    const meetsTrouble = troubles && (await key.preview(declared)) && random(2) === 0;
    const trouble = meetsTrouble ? faultsOf[random(faultsOf.length)] : undefined;
    const [write, blind] = trouble ? [server.fault({ method: "PUT" }, trouble), random(2) === 0] : [];
    let looks = 0;
    const hidden = blind
      ? server.fault({ method: "GET", when: () => ++looks > 1 }, faults.answer({ status: 400, body: {} }), {
          times: 99,
        })
      : undefined;
    await key.up(declared).catch(() => year.failures++);
    write?.remove();
    hidden?.remove();
    const amount = grantedOf(key.live) - grantedOf(before);
    if (amount !== 0)
      year.grants.push({ period: periodAt(reset, server.now()), amount, left: before.remain_quota });
  }
  return year;
}

function expectOneQuotaAPeriod({ grants }: Year): void {
  expect(grants.length).toBeGreaterThan(5);
  for (const [i, { period, amount, left }] of grants.entries()) {
    expect(amount + left, `what the key had left in ${period}`).toBe(quota);
    const before = grants[i - 1];
    if (before !== undefined) expect(beginsAfter(period, before.period)).toBe(true);
  }
}

/** What was used between two grants, which is never more than one of them. */
function usedBetweenGrants({ ledger }: KeyView): number[] {
  const used: number[] = [];
  for (const { kind, amount } of ledger) {
    if (kind === "grant") used.push(0);
    else used.push((used.pop() ?? 0) + amount);
  }
  return used;
}

describe.each(backends)("a year on %s", (_, personality) => {
  test.each(quotaResets)(
    "gives a key one quota in each period with an up, exact to the unit: %s",
    async (reset) => {
      const setup = await rig({ personality, now: () => Date.UTC(2026, 0) });
      const key = setup.resource();
      const year = await live(setup, key, reset, 1, false);
      expectOneQuotaAPeriod(year);
      expect(year.failures).toBe(0);
      expect(Math.max(...usedBetweenGrants(key.live))).toBeLessThanOrEqual(quota);
    },
  );

  test.each(quotaResets)("with lost answers gives none twice: %s", { timeout: 60_000 }, async (reset) => {
    let failures = 0;
    for (const seed of [2, 3]) {
      const setup = await rig({ personality, now: () => Date.UTC(2026, 0) });
      const key = setup.resource();
      const year = await live(setup, key, reset, seed, true);
      expectOneQuotaAPeriod(year);
      expect(Math.max(...usedBetweenGrants(key.live))).toBeLessThanOrEqual(quota);
      failures += year.failures;
    }
    expect(failures).toBeGreaterThan(0);
  });
});
