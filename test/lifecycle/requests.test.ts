import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { faults } from "../server";
import { type Resource, type Rig, rig } from "./rig";

/** How many requests things cost. */

async function made(count: number): Promise<{ setup: Rig; keys: Resource[] }> {
  const setup = await rig();
  const keys = Array.from({ length: count }, (_, i) => setup.resource(`key-${i}`));
  await Promise.all(keys.map((key) => key.up({ remainQuota: 100 })));
  setup.server.clearRequests();
  setup.server.advance(5_000);
  return { setup, keys };
}

/** As the engine does it: so many at once, the next when one is done. */
async function refreshAll(keys: Resource[], atOnce: number): Promise<boolean[]> {
  const queue = [...keys];
  const drift: boolean[] = [];
  const worker = async () => {
    for (let key = queue.shift(); key !== undefined; key = queue.shift()) drift.push(await key.refresh());
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return drift;
}

test("one key of a large account is read by one request", async () => {
  const { setup, keys } = await made(1);
  for (let i = 0; i < 250; i++) setup.server.console.create();
  await keys[0]?.refresh();
  expect(setup.server.requests).toHaveLength(1);
});

test.each([8, 16])(
  "refreshing 400 keys, %i at once, costs a request for every 100 keys of the account",
  async (atOnce) => {
    const { setup, keys } = await made(400);
    expect(await refreshAll(keys, atOnce)).toEqual(keys.map(() => false));
    expect(setup.server.requests.length).toBeLessThanOrEqual(400 / 100 + 2);
  },
);

test("reads that come while the account is walked wait for that walk", async () => {
  const { setup, keys } = await made(40);
  setup.server.fault({ method: "GET" }, faults.latency(50), { times: 1 });
  const first = refreshAll(keys.slice(0, 8), 8);
  await setTimeout(10);
  await Promise.all([first, refreshAll(keys.slice(8), 8)]);
  expect(setup.server.requests).toHaveLength(1);
});

test("a refresh sees what was changed before it, and one after a pause sees what was changed in between", async () => {
  const { setup, keys } = await made(20);
  const [first] = keys;
  setup.server.console.update(Number(first?.id), { name: "one" });
  await refreshAll(keys, 8);
  expect(first?.state.name).toBe("one");
  setup.server.console.update(Number(first?.id), { name: "two" });
  setup.server.advance(1_001);
  await refreshAll(keys, 8);
  expect(first?.state.name).toBe("two");
});

test("a refresh after a write of ours sees the write", async () => {
  const { keys } = await made(20);
  const [first] = keys;
  await refreshAll(keys, 8);
  await first?.up({ remainQuota: 100, name: "renamed" });
  await refreshAll(keys, 8);
  expect(first?.state.name).toBe("renamed");
});

test("keys that are gone are each proved gone", async () => {
  const { setup, keys } = await made(20);
  for (const key of keys.slice(5, 8)) setup.server.console.delete(Number(key.id));
  await refreshAll(keys, 8);
  expect(keys.filter(({ id }) => id === undefined)).toHaveLength(3);
});

test("a list that cannot be walked does not stop a refresh: each key is asked for", async () => {
  const { setup, keys } = await made(8);
  setup.server.fault(
    { method: "GET", when: ({ query }) => query.has("p") },
    () => ({ status: 403, body: {} }),
    { times: 100 },
  );
  expect(await refreshAll(keys, 8)).toEqual(keys.map(() => false));
});

test("looking up keys that were created at once shares walks over the list", async () => {
  const setup = await rig();
  const keys = Array.from({ length: 200 }, (_, i) => setup.resource(`key-${i}`));
  await Promise.all(keys.map((key) => key.up({ remainQuota: 100, name: "same" })));
  const count = (method: string) =>
    setup.server.requests.filter((request) => request.method === method).length;
  expect([count("POST"), count("PUT")]).toEqual([200, 200]);
  expect(count("GET")).toBeLessThanOrEqual(200 / 25 + 2);
});

test.each([8, 32])("keys created one shortly after the other, %i at once, share walks", async (atOnce) => {
  const setup = await rig();
  setup.server.fault({}, faults.latency(50), { times: Number.POSITIVE_INFINITY });
  const queue = Array.from({ length: 96 }, (_, i) => setup.resource(`key-${i}`));
  // Between two steps the engine writes its state, one step at a time.
  let written: Promise<unknown> = Promise.resolve();
  const writeState = () => {
    written = written.then(() => setTimeout(5));
    return written;
  };
  const worker = async () => {
    for (let key = queue.shift(); key !== undefined; key = queue.shift()) {
      await writeState();
      await key.up({ remainQuota: 100 });
      await writeState();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  expect(setup.requests("POST")).toHaveLength(96);
  // With all of one round in one walk it would be half as many. A busy machine parts them.
  expect(setup.requests("GET").length).toBeLessThanOrEqual(96 / (atOnce / 4));
});

test("keys that are created one at a time are not kept waiting for each other", async () => {
  const setup = await rig();
  const started = performance.now();
  for (let i = 0; i < 15; i++) await setup.resource(`key-${i}`).up({ remainQuota: 100 });
  // A batch waits at most 200 ms.
  expect(performance.now() - started).toBeLessThan(15 * 100);
});

test("changing a key costs a look, an update, and the proof that its quota did not move", async () => {
  const { setup, keys } = await made(1);
  await keys[0]?.up({ remainQuota: 100, name: "renamed" });
  expect(setup.server.requests.map(({ method }) => method)).toEqual(["GET", "PUT", "GET"]);
  setup.server.clearRequests();
  await keys[0]?.up({ remainQuota: 200, name: "renamed" });
  expect(setup.server.requests.map(({ method }) => method)).toEqual(["GET", "PUT"]);
});
