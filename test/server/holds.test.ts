import { describe, expect, it } from "vitest";
import { chat, make, manage, newYear, put, send, start } from "./testing";

// Use of a real gateway of this family: an estimate is taken first, the rest of it given back later (N, one-api).
describe("held quota", () => {
  const quota = 100_000;

  it("takes the estimate at once and gives the rest back later", async () => {
    const server = await start();
    const { id, key } = await make(server);
    const holding = { "x-test-hold": "5000", "x-test-cost": "500", "x-test-settle-ms": "2000" };
    expect((await chat(server, key, holding)).status).toBe(200);
    expect(server.key(id)).toMatchObject({ remain_quota: quota - 5000, used_quota: 5000 });
    expect([server.granted(id), server.spent(id), server.held(id)]).toEqual([quota, 0, 5000]);
    server.advance(1999);
    expect(server.held(id)).toBe(5000);
    server.advance(1);
    expect(server.key(id)).toMatchObject({ remain_quota: quota - 500, used_quota: 500 });
    expect([server.granted(id), server.spent(id), server.held(id)]).toEqual([quota, 500, 0]);
  });

  it.each([
    ["all of it", 100, 40, 0],
    ["part of it", 100, 40, 15],
    ["more than was left, so that remain is below 0 meanwhile", 100, 5000, 15],
    ["less than it cost, so that the rest is taken and overdraws", 100, 40, 700],
  ])("gives back %s", async (_, remain_quota, estimate, cost) => {
    const server = await start();
    const { id } = await make(server, { remain_quota });
    const { settle } = server.console.hold(id, estimate);
    expect(server.key(id)).toMatchObject({ remain_quota: remain_quota - estimate, used_quota: estimate });
    server.advance(30 * 86_400_000);
    expect(settle(cost)).toMatchObject({ remain_quota: remain_quota - cost, used_quota: cost });
    expect([server.granted(id), server.spent(id), server.held(id)]).toEqual([remain_quota, cost, 0]);
    expect(() => settle(cost)).toThrow("settled already");
  });

  it("is no grant when a PUT in its middle sends remain + used as it was, whatever comes back later", async () => {
    const server = await start();
    const { id } = await make(server);
    const { settle } = server.console.hold(id, 5000);
    await put(server, id, { name: "renamed", remain_quota: quota - 5000 });
    settle(500);
    expect(server.key(id)).toMatchObject({ remain_quota: quota - 500, used_quota: 500 });
    expect(server.granted(id)).toBe(quota);
  });

  it("makes a PUT a grant that was read before it and written in its middle, and a loss the other way round", async () => {
    const server = await start();
    const { id } = await make(server);
    const first = server.console.hold(id, 5000);
    await put(server, id, { remain_quota: quota });
    first.settle(500);
    // The estimate had left remain when the whole quota was written over it.
    expect(server.granted(id)).toBe(quota + 5000);
    const readWhileHeld = server.console.hold(id, 5000);
    const read = server.key(id).remain_quota;
    readWhileHeld.settle(500);
    await put(server, id, { remain_quota: read });
    expect(server.granted(id)).toBe(quota + 5000 - 4500);
    const { remain_quota, used_quota } = server.key(id);
    expect(remain_quota + used_quota).toBe(server.granted(id));
    expect(server.changes(id).map(({ before, after }) => [before.remain_quota, after.remain_quota])).toEqual([
      [quota - 5000, quota],
      [quota + 4500 - 500, read],
    ]);
  });

  it("is what an ordinary model request does where the personality says so", async () => {
    const server = await start({ personality: { hold: { estimate: 5000, settleMs: 1000 } }, cost: 30 });
    const { id, key } = await make(server);
    await chat(server, key);
    await chat(server, key, { "x-test-hold": "0" });
    expect([server.held(id), server.spent(id)]).toEqual([5000, 30]);
    server.advance(1000);
    expect([server.held(id), server.spent(id)]).toEqual([0, 60]);
    expect(server.key(id).ledger.slice(1)).toEqual([
      { kind: "spend", amount: 30, at: newYear, request: 3 },
      { kind: "spend", amount: 30, at: newYear + 1000, request: 2 },
    ]);
  });

  it("can outlast requests instead of time, for clocks that stand still", async () => {
    const server = await start({ personality: { hold: { estimate: 5000, settleRequests: 2 } } });
    const { id, key } = await make(server);
    await chat(server, key);
    const shown = async () =>
      (await manage(server, "GET", `/api/token/${id}`)).json.data.used_quota as number;
    expect([await shown(), await shown()]).toEqual([5000, 10]);
  });

  it("exhausts a key for as long as it is held", async () => {
    const server = await start();
    const { id, key } = await make(server, { remain_quota: 100 });
    const { settle } = server.console.hold(id, 100);
    expect((await chat(server, key)).status).toBe(403);
    expect(settle(1)).toMatchObject({ status: 4, remain_quota: 99 });
  });

  it("is settled after its key was deleted, which brings it back to no list", async () => {
    const server = await start({ listLagMs: 1000 });
    const { id } = await make(server);
    const { settle } = server.console.hold(id, 100);
    server.console.delete(id);
    server.advance(2000);
    expect(settle(5)).toMatchObject({ used_quota: 5, deletedAt: newYear });
    server.advance(2000);
    expect((await manage(server, "GET", "/api/token/")).json.data.items).toEqual([]);
  });

  it("refuses nonsense", async () => {
    const server = await start();
    const { key } = await make(server);
    expect((await chat(server, key, { "x-test-hold": "-1" })).status).toBe(400);
    expect((await chat(server, key, { "x-test-settle-ms": "soon" })).status).toBe(400);
  });
});

describe("batch accounting", () => {
  it("shows use seconds late (N: BATCH_UPDATE), and takes it from what a PUT has stored by then", async () => {
    const server = await start({ personality: { batchMs: 5000 } });
    const { id, key } = await make(server);
    await chat(server, key);
    server.advance(4999);
    expect(server.key(id)).toMatchObject({ remain_quota: 100_000, used_quota: 0 });
    await put(server, id, { remain_quota: 70 });
    server.advance(1);
    expect(server.key(id)).toMatchObject({ remain_quota: 60, used_quota: 10 });
    expect([server.granted(id), server.spent(id)]).toEqual([70, 10]);
  });

  it("shows an estimate late, and its give-back later still", async () => {
    const server = await start({
      personality: { batchMs: 5000, hold: { estimate: 5000, settleMs: 1000 } },
    });
    const { id, key } = await make(server);
    await chat(server, key);
    const used = () => server.key(id).used_quota;
    const seen = [used()];
    for (let i = 0; i < 3; i++) {
      server.advance(4000);
      seen.push(used());
    }
    expect(seen).toEqual([0, 0, 5000, 10]);
  });

  it("is seen by the list at the moments it happened, however late anybody looks", async () => {
    const server = await start({ personality: { batchMs: 1000 }, listLagMs: 1500 });
    const { key } = await make(server);
    await chat(server, key);
    const used = async () => (await manage(server, "GET", "/api/token/")).json.data.items[0].used_quota;
    server.advance(2400);
    expect(await used()).toBe(0);
    server.advance(100);
    expect(await used()).toBe(10);
  });
});

describe("the log of use", () => {
  it("sums what requests of a period really cost, of one key's name or of all (V, N)", async () => {
    const server = await start();
    const { key } = await make(server, { name: "a" });
    const { id } = await make(server, { name: "b" });
    await chat(server, key, { "x-test-hold": "5000", "x-test-cost": "500" });
    server.advance(10_000);
    server.console.spend(id, 7);
    const quota = async (query: string) =>
      (await manage(server, "GET", `/api/log/self/stat?${query}`)).json.data.quota as number;
    const at = newYear / 1000;
    expect(await quota("")).toBe(507);
    expect(await quota("token_name=a")).toBe(500);
    expect(await quota(`token_name=a&start_timestamp=${at + 1}&end_timestamp=${at + 100}`)).toBe(0);
    expect(await quota(`start_timestamp=${at}&end_timestamp=${at + 9}`)).toBe(500);
    expect(await quota("token_name=nobody")).toBe(0);
    expect((await send(server, "GET", "/api/log/self/stat")).json.success).toBe(false);
  });
});
