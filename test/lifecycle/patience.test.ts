import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext, runInThisContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../provider/api/clock";
import { defaultLimits, Transport } from "../../provider/api/transport";
import { ResourceInitFailedError } from "../../provider/errors";
import type { KeyInputs, KeyState } from "../../provider/key/types";
import { KeyLifecycle } from "../../provider/lifecycle/lifecycle";
import { faults, newApi2026March } from "../server";
import { IdleClock } from "./idleClock";
import { type Rig, rig } from "./rig";

/** `customTimeouts`, and a run that is cancelled: they end waiting, and no write whose fate nobody would know. */

const busy = faults.answer({ status: 503, body: {} });
const inputs: KeyInputs = { name: "backend", remainQuota: 100 };
const forever = { times: 1_000 };

/** A provider whose run is cancelled at its first wait, as that begins. */
function cancelledWhileWaiting(setup: Rig): KeyLifecycle {
  const run = new AbortController();
  const { clock } = setup;
  return new KeyLifecycle({
    ...setup.host(),
    config: setup.host().config,
    cancelled: run.signal,
    clock: {
      now: () => clock.now(),
      sleep: (ms) => {
        if (run.signal.aborted) return clock.sleep(ms);
        run.abort();
        // Whoever waits for this to end waits for good.
        return new Promise(() => {});
      },
    },
  });
}

/** What V8 does by itself after a while: compiled for speed, a function keeps alive only what it goes on to use. */
function v8() {
  setFlagsFromString("--expose-gc");
  setFlagsFromString("--allow-natives-syntax");
  const native = (name: string) => runInThisContext(`(work) => %${name}(work)`) as (work: unknown) => void;
  return {
    prepare: native("PrepareFunctionForOptimization"),
    optimize: native("OptimizeFunctionOnNextCall"),
    collectGarbage: runInNewContext("gc") as () => void,
  };
}

async function failed(work: Promise<unknown>): Promise<Error> {
  const error = await work.catch((reason: unknown) => reason);
  if (error instanceof Error) return error;
  throw new Error("it succeeded, but was to fail");
}

test("customTimeouts shortens the patience with a server in trouble, and the error says so", async () => {
  const setup = await rig();
  setup.server.fault({ method: "GET" }, busy, forever);
  const { message } = await failed(setup.lifecycle.create(inputs, 20_000));
  expect(message).toMatch(/given up after \d+ tries: customTimeouts gives 20 s\)/);
  expect(setup.waited).toBeLessThanOrEqual(20_000);
  expect(setup.requests("POST")).toEqual([]);
});

test("customTimeouts lengthens the patience with a server in trouble", async () => {
  const setup = await rig();
  const began = setup.server.now();
  setup.server.fault({ method: "GET", when: () => setup.server.now() < began + 400_000 }, busy, forever);
  await setup.lifecycle.create(inputs, 900_000);
  expect(setup.waited).toBeGreaterThan(300_000);
});

test("customTimeouts ends the wait for a rate limit, for the operation that it was given to alone", async () => {
  const setup = await rig({ personality: { ...newApi2026March, hold: undefined } });
  const clock = new IdleClock(setup.server);
  setup.clock = clock;
  setup.lifecycle = setup.provider();
  const began = setup.server.now();
  setup.server.fault(
    { when: () => setup.server.now() < began + 120_000 },
    faults.answer({ status: 429, body: "" }),
    forever,
  );
  const patient = setup.lifecycle.create({ name: "patient", remainQuota: 1 });
  const { message } = await failed(setup.lifecycle.create({ name: "hasty", remainQuota: 1 }, 30_000));
  expect(message).toContain("customTimeouts gives 30 s");
  expect(setup.server.now()).toBeLessThan(began + 31_000);
  await patient;
  clock.close();
  expect(setup.living().map(({ name }) => name)).toEqual(["patient"]);
});

test("a cancelled create that has sent nothing ends at once, and sends nothing", async () => {
  const setup = await rig();
  setup.server.fault({ method: "GET" }, busy, forever);
  const { message } = await failed(cancelledWhileWaiting(setup).create(inputs));
  expect(message).toMatch(/given up after 1 try: the run was cancelled\)/);
  expect(message).toContain("Nothing was changed by this request");
  expect(setup.requests("POST")).toEqual([]);
});

test("a cancelled update that has sent nothing ends at once, and the key stays as it was", async () => {
  const setup = await rig();
  const key = setup.resource();
  await key.up({ name: "backend", remainQuota: 100 });
  setup.server.clearRequests();
  setup.server.fault({ method: "GET" }, busy, forever);
  const change = { ...inputs, remainQuota: 200 };
  const error = await failed(cancelledWhileWaiting(setup).update(String(key.id), key.state, change));
  expect(error).not.toBeInstanceOf(ResourceInitFailedError);
  expect(setup.requests("PUT")).toEqual([]);
});

test("a create that is cancelled once it has created its key leaves that in state, and the next update finishes it", async () => {
  const setup = await rig();
  const { server } = setup;
  let isDown = true;
  server.fault({ method: "PUT", when: () => isDown }, busy, forever);
  const error = await failed(cancelledWhileWaiting(setup).create(inputs));
  expect(error).toBeInstanceOf(ResourceInitFailedError);
  const { id, state } = error as ResourceInitFailedError;
  expect(setup.living().map((key) => String(key.id))).toEqual([id]);
  expect(setup.waited).toBeLessThanOrEqual(15_000);

  isDown = false;
  const finished: KeyState = await setup.provider().update(id, state, inputs);
  expect(finished).toMatchObject({ name: "backend", remainQuota: 100, availableQuota: 100 });
  expect(finished).not.toHaveProperty("__unfinished");
});

test("a create that is cancelled while its answer is missing looks for the key before it ends", async () => {
  const setup = await rig({ listLagMs: 3_000 });
  const { server } = setup;
  server.fault({ method: "POST" }, faults.reset({ act: true }));
  const { id } = await cancelledWhileWaiting(setup).create(inputs);
  expect(setup.living().map((key) => String(key.id))).toEqual([id]);
});

test("a delete that is cancelled while its answer is missing looks whether the key is gone before it ends", async () => {
  const setup = await rig();
  const key = setup.resource();
  await key.up({ name: "backend", remainQuota: 100 });
  setup.server.settings.listLagMs = 3_000;
  setup.server.fault({ method: "DELETE" }, faults.reset({ act: true }));
  await cancelledWhileWaiting(setup).delete(String(key.id), key.state);
  expect(setup.living()).toEqual([]);
});

test("what is cancelled before it begins sends no write", async () => {
  const setup = await rig();
  const cancelled = AbortSignal.abort();
  const lifecycle = new KeyLifecycle({ ...setup.host(), config: setup.host().config, cancelled });
  const { message } = await failed(lifecycle.create(inputs));
  expect(message).toContain("nothing was sent: the run was cancelled");
  expect(setup.requests("POST")).toEqual([]);
});

/** In real time: a request that hangs takes as long as it is waited for. */
describe("on a server that takes requests and never answers", () => {
  async function hanging(limits = defaultLimits) {
    const setup = await rig();
    const run = new AbortController();
    const host = {
      ...setup.host(),
      config: setup.host().config,
      clock: systemClock,
      limits,
      cancelled: run.signal,
    };
    const seconds = async (work: () => Promise<unknown>) => {
      const began = performance.now();
      await work();
      return (performance.now() - began) / 1000;
    };
    return { setup, server: setup.server, run, lifecycle: new KeyLifecycle(host), seconds };
  }

  test("a lookup ends at once when the run is cancelled, and nothing is sent after it", async () => {
    const { setup, server, run, lifecycle, seconds } = await hanging();
    server.fault({ method: "GET" }, faults.never(), forever);
    const created = failed(lifecycle.create(inputs));
    await server.received(({ method }) => method === "GET");
    run.abort();
    expect(await seconds(() => created)).toBeLessThan(1);
    expect((await created).message).toContain(
      `CometAPI has not answered yet (given up: the run was cancelled). Nothing was changed by this request`,
    );
    expect(setup.requests("POST")).toEqual([]);
  });

  test("customTimeouts ends a lookup for the operation that has it, and others that share the lookup go on", async () => {
    const { setup, server, lifecycle } = await hanging();
    server.fault({ method: "GET" }, faults.never());
    const hasty = failed(lifecycle.create({ name: "hasty", remainQuota: 1 }, 300));
    await server.received(({ method }) => method === "GET");
    const patient = lifecycle.create({ name: "patient", remainQuota: 1 });
    expect((await hasty).message).toContain("has not answered yet (given up: customTimeouts gives 0 s)");
    await patient;
    expect(setup.living().map(({ name }) => name)).toEqual(["patient"]);
  });

  test("a create that was acted on is found when the run is cancelled, and finished", async () => {
    const { setup, server, run, lifecycle, seconds } = await hanging();
    server.fault({ method: "POST" }, faults.never({ act: true }));
    const created = lifecycle.create(inputs);
    await server.received(({ method }) => method === "POST");
    run.abort();
    expect(await seconds(() => created)).toBeLessThan(5);
    expect(setup.living()).toMatchObject([{ id: Number((await created).id), name: "backend" }]);
  });

  test("a create that nothing is seen of is looked for until the grace is over, and its name is reported", async () => {
    const { setup, server, run, lifecycle, seconds } = await hanging();
    server.fault({ method: "POST" }, faults.never());
    const created = failed(lifecycle.create(inputs));
    await server.received(({ method }) => method === "POST");
    server.clearRequests();
    run.abort();
    expect(await seconds(() => created)).toBeLessThan(6);
    expect((await created).message).toMatch(
      /has not answered yet \(given up: the run was cancelled\)\. A key may have been created all the same, with the name "pulumi-pending-/,
    );
    expect(server.requests.filter(({ method }) => method === "GET").length).toBeGreaterThan(1);
    expect(setup.requests("POST")).toEqual([]);
  });

  test("a create is found by a second lookup when the first one hangs after the run was cancelled", async () => {
    const { setup, server, run, lifecycle, seconds } = await hanging();
    server.fault({ method: "POST" }, faults.never({ act: true }));
    const created = lifecycle.create(inputs);
    await server.received(({ method }) => method === "POST");
    server.fault({ method: "GET" }, faults.never());
    run.abort();
    expect(await seconds(() => created)).toBeLessThan(5.5);
    expect(setup.living()).toMatchObject([{ id: Number((await created).id), name: "backend" }]);
  });

  test("a delete is found by a second lookup when the first one hangs after its customTimeouts", async () => {
    const { setup, server, lifecycle, seconds } = await hanging();
    const { id, state } = await lifecycle.create(inputs);
    server.fault({ method: "DELETE" }, faults.reset({ act: true }));
    const deleted = lifecycle.delete(id, state, 200);
    await server.received(({ method }) => method === "DELETE");
    server.fault({ method: "GET" }, faults.never());
    expect(await seconds(() => deleted)).toBeLessThan(10);
    expect(setup.living()).toEqual([]);
  });

  test("a create whose lookups hang too ends when the grace is over", async () => {
    const { server, run, lifecycle, seconds } = await hanging();
    server.fault({ method: "POST" }, faults.never({ act: true }));
    const created = failed(lifecycle.create(inputs));
    await server.received(({ method }) => method === "POST");
    server.fault({ method: "GET" }, faults.never(), forever);
    run.abort();
    expect(await seconds(() => created)).toBeLessThan(6);
    expect((await created).message).toContain("A key may have been created all the same");
  });

  test("an update that was acted on is looked up when the run is cancelled", async () => {
    const { setup, server, run, lifecycle, seconds } = await hanging();
    const { id, state } = await lifecycle.create(inputs);
    server.fault({ method: "PUT" }, faults.never({ act: true }));
    const updated = lifecycle.update(id, state, { ...inputs, remainQuota: 200 });
    await server.received(({ body }) => (body as { remain_quota?: number })?.remain_quota === 200);
    run.abort();
    expect(await seconds(() => updated)).toBeLessThan(5);
    expect(await updated).toMatchObject({ remainQuota: 200, availableQuota: 200 });
    expect(setup.living()).toMatchObject([{ remain_quota: 200 }]);
  });

  test("what a slow server has done is seen when the run is cancelled, though each answer takes 2 s", async () => {
    const { setup, server, run, lifecycle, seconds } = await hanging();
    const { id, state } = await lifecycle.create(inputs);
    server.fault({}, () => sleep(2_000), forever);
    server.clearRequests();
    const deleted = lifecycle.delete(id, state);
    await server.received(({ method }) => method === "DELETE");
    run.abort();
    expect(await seconds(() => deleted)).toBeLessThan(5.5);
    expect(setup.living()).toEqual([]);
    expect(server.requests.filter(({ method }) => method === "DELETE")).toHaveLength(1);
  });

  test("an update that cannot be looked up either is not said to have changed nothing", async () => {
    const { setup, server, run, lifecycle } = await hanging();
    const { id, state } = await lifecycle.create(inputs);
    server.fault({ method: "PUT" }, faults.never({ act: true }));
    const updated = lifecycle.update(id, state, { ...inputs, remainQuota: 200 }).catch((error) => error);
    await server.received(({ body }) => (body as { remain_quota?: number })?.remain_quota === 200);
    server.fault({ method: "GET" }, faults.never(), forever);
    run.abort();
    const failed: unknown = await updated;
    expect(setup.living()).toMatchObject([{ remain_quota: 200 }]);
    expect(failed).toBeInstanceOf(ResourceInitFailedError);
    const { message } = (failed as ResourceInitFailedError).cause as Error;
    expect(message).toContain(
      "given up: the run was cancelled). Run the same command again later: it first looks",
    );
  });

  test("an answer that trickles for ever is cut short in time, in a process that is busy and cleans up", async () => {
    const { server, lifecycle, seconds } = await hanging({ ...defaultLimits, totalMs: 500 });
    const { prepare, optimize, collectGarbage } = v8();
    const { send } = Transport.prototype as unknown as { send(): unknown };
    prepare(send);
    const { id, state } = await lifecycle.create(inputs);
    optimize(send);
    await lifecycle.read(id, state);
    server.clearRequests();
    server.fault({ method: "GET" }, faults.trickle(100));
    const read = lifecycle.read(id, state);
    await server.received(({ method }) => method === "GET");
    collectGarbage();
    expect(await seconds(() => read)).toBeLessThan(10);
  });

  test("a delete that was acted on is looked up when its customTimeouts is over", async () => {
    const { setup, server, lifecycle, seconds } = await hanging();
    const { id, state } = await lifecycle.create(inputs);
    server.fault({ method: "DELETE" }, faults.never({ act: true }));
    const deleted = lifecycle.delete(id, state, 200);
    expect(await seconds(() => deleted)).toBeLessThan(10);
    expect(setup.living()).toEqual([]);
  });

  test("a server that says nothing is reported once while it is waited for, whatever the number of keys", async () => {
    const { setup, server, lifecycle } = await hanging({ ...defaultLimits, silenceMs: 50, headersMs: 400 });
    const keys = [await lifecycle.create(inputs), await lifecycle.create({ ...inputs, name: "search" })];
    server.fault({ method: "GET" }, faults.never(), { times: 2 });
    setup.told.length = 0;
    await Promise.all(
      keys.map(({ id, state }) => lifecycle.update(id, state, { ...inputs, remainQuota: 200 })),
    );
    const line = `no answer from ${server.url} for 0.05 s; each request waits for up to 0.4 s`;
    expect(setup.told.filter((told) => told.includes("no answer"))).toEqual([expect.stringContaining(line)]);
  });
});
