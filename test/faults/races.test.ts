import { afterAll, describe, expect, test } from "vitest";
import { backends, type Resource, rig } from "../lifecycle/rig";
import { type CometServer, faults, type KeyView } from "../server";
import { holdsOwn, marked, SharedClock, stack } from "./stacks";

const post = { method: "POST" };
let races = 0;
afterAll(() => console.log(`races: ${races} keys, each proved to be its resource's own`));

/** Somebody at the console, who makes and deletes keys between any two requests of the provider. */
function busyConsole(server: CometServer): { made: KeyView[]; stop(): void } {
  const made: KeyView[] = [];
  let busy = true;
  server.onFinished(({ seq }) => {
    if (!busy) return;
    made.push(server.console.create({ name: "same" }));
    const oldest = made[0];
    if (seq % 3 !== 0 || oldest === undefined) return;
    server.console.delete(oldest.id);
    made.shift();
  });
  return {
    made,
    stop: () => {
      busy = false;
    },
  };
}

function expectOwn(keys: readonly { key: Resource; marker: number }[]): void {
  races += keys.length;
  expect(new Set(keys.map(({ key }) => key.id)).size).toBe(keys.length);
  expect(keys.filter(({ key, marker }) => !holdsOwn(key, marker)).map(({ marker }) => marker)).toEqual([]);
}

describe.each(backends)("on %s", (_, personality) => {
  test("two stacks with the same names on one account at once hold their own keys, 20 rounds", {
    timeout: 60_000,
  }, async () => {
    const { server } = await rig({ personality: { ...personality, maxKeys: 100_000 } });
    const clock = new SharedClock(server);
    const others = busyConsole(server);
    for (let round = 0; round < 20; round++) {
      server.settings.listLagMs = [0, 1000, 3000][round % 3] ?? 0;
      const stacks = [stack(server, clock), stack(server, clock)];
      const keys = stacks.flatMap((one, s) =>
        Array.from({ length: 6 }, (_, i) => ({
          key: one.resource(`key-${i}`),
          marker: round * 100 + s * 10 + i + 1,
        })),
      );
      await Promise.all(
        keys.map(({ key, marker }, i) => key.up({ ...marked(marker), ...(i % 2 && { name: "same" }) })),
      );
      expectOwn(keys);
      await Promise.all(
        keys.map(({ key, marker }, i) => key.up({ ...marked(marker), name: i % 2 ? "same" : "other" })),
      );
      expectOwn(keys);
      await Promise.all(keys.map(({ key }) => key.destroy()));
    }
    others.stop();
    expect(
      server.keys().filter(({ createdBy, deletedAt }) => createdBy !== undefined && deletedAt === undefined),
    ).toEqual([]);
    for (const { id, ...other } of others.made) expect(server.key(id)).toMatchObject(other);
  });

  test("50 keys of one name, made at once, while the list lags three seconds and the console is busy", async () => {
    const setup = await rig({ personality: { ...personality, maxKeys: 100_000 }, listLagMs: 3000 });
    const one = stack(setup.server, new SharedClock(setup.server));
    const others = busyConsole(setup.server);
    const keys = Array.from({ length: 50 }, (_, i) => ({ key: one.resource(`key-${i}`), marker: 1000 + i }));
    await Promise.all(keys.map(({ key, marker }) => key.up({ name: "same", ...marked(marker) })));
    others.stop();
    expectOwn(keys);
    expect(setup.requests("POST")).toHaveLength(50);
    expect(setup.living()).toHaveLength(50 + others.made.length);
  });

  test("a key is found when hundreds of newer ones appear between its create and every look, in a list that lags", async () => {
    const { server } = await rig({ personality: { ...personality, maxKeys: 100_000 }, listLagMs: 3000 });
    const one = stack(server, new SharedClock(server));
    server.fault({ method: "GET" }, () => void Array.from({ length: 130 }, () => server.console.create()), {
      times: 4,
    });
    const keys = [{}, { name: "mine" }].map((name, i) => ({ key: one.resource(), marker: i + 1, name }));
    await Promise.all(keys.map(({ key, marker, name }) => key.up({ ...marked(marker), ...name })));
    expectOwn(keys);
  });

  test("keys are refreshed and deleted among others that come and go, and no other is touched", async () => {
    const { server } = await rig({ personality: { ...personality, maxKeys: 100_000 } });
    const one = stack(server, new SharedClock(server));
    for (let i = 0; i < 150; i++) server.console.create();
    const keys = Array.from({ length: 20 }, (_, i) => ({ key: one.resource(`key-${i}`), marker: i + 1 }));
    await Promise.all(keys.map(({ key, marker }) => key.up(marked(marker))));
    for (let i = 0; i < 150; i++) server.console.create();
    // Every get is refused, so that only the list can say what is there.
    server.fault({ path: /\/token\/\d/, method: "GET" }, faults.refuse("busy"), { times: 40 });
    const others = busyConsole(server);
    expect(await Promise.all(keys.map(({ key }) => key.refresh()))).toEqual(keys.map(() => false));
    expectOwn(keys);
    await Promise.all(keys.map(({ key }) => key.destroy()));
    others.stop();
    expect(server.keys().filter(({ createdBy, deletedAt }) => createdBy && deletedAt === undefined)).toEqual(
      [],
    );
    for (const { id } of others.made) expect(server.key(id).deletedAt).toBeUndefined();
  });
});

/** A create whose answer is lost, and which takes effect only when the server gets the next one, which takes `ms`. */
function actsLate(server: CometServer, ms = 0): void {
  let act: (() => void) | undefined;
  server.fault(post, (exchange) => {
    act = () => void exchange.act();
    return { status: 504, body: {} };
  });
  server.fault(post, () => {
    act?.();
    server.advance(ms);
  });
}

test("a create that took effect late leaves no second key in a list that lags", async () => {
  const setup = await rig({ listLagMs: 3000 });
  const { server } = setup;
  const clock = new SharedClock(server);
  const one = stack(server, clock);
  // So the list shows the first key two seconds before the second.
  actsLate(server, 2000);
  const key = one.resource();
  await key.up({ remainQuota: 7, name: "mine" });
  expect(setup.requests("POST")).toHaveLength(2);
  expect(setup.living().map(({ id }) => String(id))).toEqual([key.id]);
});

test("a second key that cannot be removed does not cost the resource the first", async () => {
  const setup = await rig();
  const { server } = setup;
  actsLate(server);
  server.fault({ method: "DELETE" }, faults.refuse("not now"), { times: Number.POSITIVE_INFINITY });
  const key = setup.resource();
  const error = await key.up({ remainQuota: 7, name: "mine" }).then(
    () => undefined,
    (reason: Error) => reason,
  );
  // Once an id is known, a failure keeps the resource in state; whatever is left over is told.
  expect(key.id).toBeDefined();
  const [leftover] = setup.living().filter(({ id }) => String(id) !== key.id);
  expect(error?.message).toContain(leftover?.name);
});

test("an error that several keys share names to each what is its own, and nothing else", async () => {
  const setup = await rig();
  const { server } = setup;
  server.fault({ method: "GET" }, faults.html(), { times: Number.POSITIVE_INFINITY });
  const keys = Array.from({ length: 5 }, (_, i) => setup.resource(`key-${i}`));
  const results = await Promise.allSettled(keys.map((key) => key.up({ remainQuota: 7 })));
  for (const [i, result] of results.entries()) {
    const { message } = (result as PromiseRejectedResult).reason as Error;
    const named = new Set(message.match(/key-\d-[0-9a-f]{7}/g));
    expect(
      [...named].map((name) => name.slice(0, 5)),
      message,
    ).toEqual([`key-${i}`]);
  }
});

test("somebody else's odd key in the account does not keep ours from being made", async () => {
  const setup = await rig();
  // A poor client's update without a status stores 0.
  setup.server.console.update(setup.server.console.create().id, { status: 0 });
  const key = setup.resource();
  await key.up({ remainQuota: 7, name: "mine" });
  expect(key.live.name).toBe("mine");
});

test("an update is not taken for undone because the list that had to answer for it lags", async () => {
  const setup = await rig();
  const key = setup.resource();
  await key.up({ remainQuota: 7 });
  setup.server.advance(5000);
  setup.server.settings.listLagMs = 1000;
  setup.server.fault({ path: /\/token\/\d/, method: "GET" }, faults.refuse("busy"), { times: 100 });
  await key.up({ remainQuota: 7, status: "disabled" });
  expect(key.live.status).toBe(2);
  expect(key.state.status).toBe("disabled");
  expect(await key.up({ remainQuota: 7, status: "disabled" })).toBe("same");
});
