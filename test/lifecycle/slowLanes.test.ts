import { afterEach, describe, expect, test } from "vitest";
import { faults, newApi2026March, noLimits } from "../server";
import { IdleClock } from "./idleClock";
import { type Resource, type Rig, rig } from "./rig";

/** New API lets through 180 requests in 180 s, and answers any other with a bare 429. */

const window = { requests: 180, ms: 180_000 };
const tooMany = { status: 429, body: "" };
let clock: IdleClock | undefined;
afterEach(() => clock?.close());

async function limited(limits = newApi2026March.limits): Promise<Rig> {
  const setup = await rig({ personality: { ...newApi2026March, hold: undefined, limits } });
  clock = new IdleClock(setup.server);
  setup.clock = clock;
  setup.lifecycle = setup.provider();
  return setup;
}

function resources(setup: Rig, count: number): Resource[] {
  return Array.from({ length: count }, (_, i) => setup.resource(`key-${i}`));
}

/** As the engine does it: so many at once, the next when one is done. */
async function each(
  keys: Resource[],
  atOnce: number,
  act: (key: Resource) => Promise<unknown>,
): Promise<void> {
  const queue = [...keys];
  const worker = async () => {
    for (let key = queue.shift(); key !== undefined; key = queue.shift()) await act(key);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Runs a step in a process of its own and from an empty window on, as long after the last one as it takes. */
async function step(setup: Rig, work: () => Promise<void>) {
  const { server, told } = setup;
  server.advance(window.ms);
  server.clearRequests();
  told.length = 0;
  setup.lifecycle = setup.provider();
  const started = server.now();
  await work();
  const ms = server.now() - started;
  const served = server.requests.filter(({ answer }) => answer?.status !== 429).length;
  return { ms, served, allowedMs: Math.floor((served - 1) / window.requests) * window.ms };
}

describe.each([1, 8, 32, 64])("%i at once", (atOnce) => {
  test.each([150, 400])(
    "%i keys are created, changed, refreshed and destroyed in one run each, as fast as the limit allows",
    async (count) => {
      const setup = await limited();
      const keys = resources(setup, count);
      const declared = (key: Resource) => ({ name: `name ${keys.indexOf(key)}`, remainQuota: 100 });
      const steps = {
        up: () => each(keys, atOnce, (key) => key.up(declared(key))),
        change: () => each(keys, atOnce, (key) => key.up({ ...declared(key), group: "vip" })),
        refresh: () => each(keys, atOnce, (key) => key.refresh()),
        destroy: () => each(keys.toReversed(), atOnce, (key) => key.destroy()),
      };
      // A create and a change are each seen through; what proves a delete is shared, and so is a refresh.
      const most = {
        up: atOnce === 1 ? 3.1 : 2.3,
        change: 3.1,
        refresh: 0.1,
        destroy: atOnce === 1 ? 2.1 : 1.3,
      };
      for (const [name, work] of Object.entries(steps)) {
        const { ms, served, allowedMs } = await step(setup, work);
        expect(ms, name).toBeLessThanOrEqual(1.2 * allowedMs);
        expect(ms, name).toBeGreaterThanOrEqual(allowedMs);
        expect(served / count, name).toBeLessThanOrEqual(most[name as keyof typeof most]);
        expect(setup.told.length, name).toBeLessThanOrEqual(ms / 60_000 + 1);
        if (name === "up")
          expect(
            setup
              .living()
              .map((key) => key.name)
              .sort(),
          ).toEqual(keys.map((key) => declared(key).name).sort());
        if (name === "change")
          expect(setup.living().map(({ group }) => group)).toEqual(keys.map(() => "vip"));
      }
      expect(setup.living()).toEqual([]);
    },
    60_000,
  );
});

test("one line a minute says how many keys wait, since when and until when", async () => {
  const setup = await limited();
  await step(setup, () =>
    each(resources(setup, 150), 8, (key) => key.up({ remainQuota: 100, name: "same" })),
  );
  expect(setup.told.length).toBeGreaterThanOrEqual(3);
  expect(setup.told.length).toBeLessThanOrEqual(4);
  for (const line of setup.told) {
    expect(line).toMatch(
      /^CometAPI is limiting requests: \d keys are waiting, for (\d+ s|[23] min) so far; next try in \d+ s$/,
    );
  }
});

test("after a refusal one request goes ahead of the others", async () => {
  const setup = await limited(noLimits);
  setup.server.fault({}, () => tooMany, { times: 20 });
  await each(resources(setup, 8), 8, (key) => key.up({ remainQuota: 100 }));
  const refused = setup.server.requests.filter(({ answer }) => answer?.status === 429);
  const times = refused.map(({ at }) => at);
  const first = times.filter((at) => at === times[0]).length;
  expect(times).toHaveLength(20);
  expect(new Set(times).size).toBe(1 + times.length - first);
});

test("Retry-After is obeyed by every key of the account", async () => {
  const setup = await limited(noLimits);
  const started = setup.server.now();
  setup.server.fault({}, () => ({ ...tooMany, headers: { "retry-after": "40" } }), { times: 1 });
  await each(resources(setup, 8), 8, (key) => key.up({ remainQuota: 100 }));
  const after = setup.server.requests.slice(1).map(({ at }) => at - started);
  expect(after.filter((ms) => ms > 0 && ms < 40_000)).toEqual([]);
  expect(after.at(-1)).toBeLessThan(42_000);
});

test("waiting for a limit uses up neither the time of an operation nor the patience for a list that lags", async () => {
  const setup = await limited(noLimits);
  setup.server.settings.listLagMs = 10_000;
  const key = setup.resource();
  // The create is answered. From then on a request is let through every three minutes only.
  let next = 0;
  setup.server.fault(
    { method: "GET" },
    () => {
      if (setup.server.now() < next) return tooMany;
      next = setup.server.now() + 180_000;
      return undefined;
    },
    { times: Number.POSITIVE_INFINITY },
  );
  await key.up({ remainQuota: 100, name: "named" });
  expect(setup.living().map(({ name }) => name)).toEqual(["named"]);
});

test("a server that refuses everything for an hour is given up on, by all that wait, and then at once", async () => {
  const setup = await limited(noLimits);
  setup.server.fault({}, () => tooMany, { times: Number.POSITIVE_INFINITY });
  const started = setup.server.now();
  const failures = await Promise.all(
    resources(setup, 8).map((key) => key.up({ remainQuota: 100 }).catch((error: Error) => error.message)),
  );
  for (const failure of failures) {
    expect(failure).toMatch(
      /HTTP 429.*given up: requests are limited for longer than the 60 min that are waited at most/,
    );
    expect(failure).toContain("run the same command again later");
  }
  const ms = setup.server.now() - started;
  expect(ms).toBeGreaterThan(3_500_000);
  expect(ms).toBeLessThanOrEqual(3_600_000);
  setup.server.clearRequests();
  await expect(setup.resource("late").up({ remainQuota: 100 })).rejects.toThrow("HTTP 429");
  expect(setup.server.requests).toHaveLength(1);
  expect(setup.server.now() - started).toBe(ms);
});

test("a limit that gives way in the end lets the same process go on", async () => {
  const setup = await limited(noLimits);
  const refusing = setup.server.fault({}, () => tooMany, { times: Number.POSITIVE_INFINITY });
  await expect(setup.resource("early").up({ remainQuota: 100 })).rejects.toThrow("HTTP 429");
  refusing.remove();
  await setup.resource("late").up({ remainQuota: 100 });
  expect(setup.living()).toHaveLength(1);
});

test("a server that fails while others wait for a limit is still given up on", async () => {
  const setup = await limited(noLimits);
  setup.server.fault({}, faults.answer({ status: 503, body: {} }), { times: Number.POSITIVE_INFINITY });
  const started = setup.server.now();
  await expect(setup.resource().up({ remainQuota: 100 })).rejects.toThrow(/HTTP 503.*given up after/);
  expect(setup.server.now() - started).toBeLessThanOrEqual(120_000);
});
