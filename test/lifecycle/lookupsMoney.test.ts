import { describe, expect, test } from "vitest";
import { account, keySpend } from "../../provider/lookups";
import { expectNoLeak, secretsOf } from "../faults/leaks";
import { faults, newApi, noLimits, type Personality, type ServerOptions } from "../server";
import { rig } from "./rig";

async function given(personality: Partial<Personality> = {}, options: ServerOptions = {}) {
  const setup = await rig({ personality, ...options });
  const { server } = setup;
  const paths = () => server.requests.map(({ path }) => path);
  return { setup, server, host: setup.host(), paths };
}

const selfHosted = { ...newApi, limits: noLimits, hold: undefined, maskedKeys: false };
const [january, february, march] = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"];
const day = 86_400_000;

describe("getCometApiAccount", () => {
  test("returns whose token it is, what the account has, and how long CometAPI says it lasts", async () => {
    const { server, host } = await given();
    const { id } = server.console.create({ remain_quota: 20_000_000 });
    server.console.spend(id, 15_000_000);
    expect(await account(host, {})).toEqual({
      id: server.account.userId,
      group: "default",
      availableQuota: 35_000_000,
      availableUsd: 70,
      usedQuota: 15_000_000,
      usedUsd: 30,
      predictedDays: 70,
      unitsPerUsd: 500_000,
    });
  });

  test("predicts nothing from no use, rather than 0 days", async () => {
    const { host } = await given();
    expect((await account(host, {})).predictedDays).toBeUndefined();
  });

  test("of a self-hosted server has its own unit, and no prediction", async () => {
    const { server, host } = await given(selfHosted);
    server.settings.quotaPerUnit = 1_000_000;
    const { id } = server.console.create();
    server.console.spend(id, 30);
    expect(await account(host, {})).toMatchObject({
      predictedDays: undefined,
      unitsPerUsd: 1_000_000,
      usedUsd: 0.00003,
    });
  });

  test("needs the token, and names the setting when it is refused", async () => {
    const { setup, server, host } = await given();
    setup.environment["COMETAPI_ACCESS_TOKEN"] = "not-a-token";
    await expect(account(setup.host(), {})).rejects.toThrow(
      /reading the account: .*Check cometapi:accessToken/,
    );
    setup.environment["COMETAPI_ACCESS_TOKEN"] = "";
    server.clearRequests();
    await expect(account(setup.host(), {})).rejects.toThrow("cometapi:accessToken is not set");
    expect(server.requests).toEqual([]);
    await expect(account(host, { account: "billing" })).rejects.toThrow('account is "billing"');
  });

  test("of a named account is that account", async () => {
    const { setup, server } = await given();
    const { token, userId } = server.addAccount();
    const accounts = JSON.stringify({ billing: { accessToken: token, userId } });
    const host = setup.host({ "cometapi:accounts": accounts });
    expect((await account(host, { account: "billing" })).id).toBe(userId);
    expect((await account(host, {})).id).toBe(server.account.userId);
  });
});

describe("getCometApiKeySpend", () => {
  test("returns what the requests of the period cost: its start is in, its end is not", async () => {
    const { server, host } = await given();
    const { id } = server.console.create({ name: "backend & co" });
    const other = server.console.create({ name: "other" });
    const spendAt = (ms: number, amount: number) => {
      server.advance(ms - server.now());
      server.console.spend(id, amount);
      server.console.spend(other.id, 7);
    };
    spendAt(Date.parse(february) - 1000, 1);
    spendAt(Date.parse(february), 20);
    spendAt(Date.parse(march) - 1000, 300);
    spendAt(Date.parse(march), 4000);
    const period = { from: february, to: march };
    expect(await keySpend(host, { name: "backend & co", ...period })).toEqual({
      name: "backend & co",
      ...period,
      usedQuota: 320,
      usedUsd: 0.00064,
    });
    expect(await keySpend(host, { id: String(id), ...period })).toMatchObject({ usedQuota: 320 });
    const offset = { from: "2026-02-01T01:00:00+01:00", to: Date.parse(march) / 1000 };
    expect(await keySpend(host, { id: String(id), ...offset })).toMatchObject({ ...period, usedQuota: 320 });
    expect(await keySpend(host, { name: "other", from: january, to: february })).toMatchObject({
      usedQuota: 7,
    });
  });

  test("without an end goes up to now", async () => {
    const { server, host } = await given();
    const { id } = server.console.create({ name: "backend" });
    server.console.spend(id, 30);
    server.advance(day);
    const { to, usedQuota } = await keySpend(host, { name: "backend", from: january, to: null });
    expect([to, usedQuota]).toEqual(["2026-01-02T00:00:00Z", 30]);
  });

  test("of a key that is gone is what its name has in the log", async () => {
    const { server, host } = await given();
    const { id } = server.console.create({ name: "gone" });
    server.console.spend(id, 30);
    server.console.delete(id);
    expect((await keySpend(host, { name: "gone", from: january, to: february })).usedQuota).toBe(30);
    await expect(keySpend(host, { id: String(id), from: january, to: february })).rejects.toThrow(
      `reading what a key has spent: the account has no key of the id ${id}.`,
    );
  });

  test("of a name that several keys have is an error, not their sum", async () => {
    const { server, host, paths } = await given();
    const one = server.console.create({ name: "backend" });
    const other = server.console.create({ name: "backend" });
    for (const sought of [{ name: "backend" }, { id: String(one.id) }]) {
      await expect(keySpend(host, { ...sought, from: january, to: february })).rejects.toThrow(
        `2 keys of the account are called "backend" (${other.id}, ${one.id}), and the log cannot tell them apart`,
      );
    }
    expect(paths().filter((path) => path.startsWith("/api/log"))).toEqual([]);
  });

  test.each([
    [{ from: january, to: february }, "give either the `name` of the key or its `id`"],
    // The log would answer with what all keys spent.
    [{ name: "", from: january, to: february }, "give either the `name` of the key or its `id`"],
    [{ name: "a", id: "1", from: january, to: february }, "give either the `name` of the key or its `id`"],
    [{ name: "a", from: "yesterday" }, '`from` is "yesterday". Give RFC 3339 with an offset'],
    [{ name: "a", from: -1 }, "`from` is -1. Give an instant"],
    [{ name: "a", from: undefined as never }, "`from` must be an RFC 3339 string"],
    [{ name: "a", from: february, to: january }, "`from` is 2026-02-01T00:00:00Z, and must lie before `to`"],
    [{ name: "a", from: january, to: january }, "and must lie before `to`, 2026-01-01T00:00:00Z"],
  ])("refuses %j before any request", async (args, reason) => {
    const { server, host } = await given();
    await expect(keySpend(host, args)).rejects.toThrow(reason);
    expect(server.requests).toEqual([]);
  });

  test("of a server that keeps no log says so, however it says that", async () => {
    const { server, host } = await given({ lacks: ["GET /api/log/self/stat"] });
    server.console.create({ name: "backend" });
    const look = () => keySpend(host, { name: "backend", from: january, to: february }).catch(String);
    expect(await look()).toMatch(
      /its list of keys was readable: this server may keep no log of what keys spend\)\.$/,
    );
    server.fault({ when: ({ path }) => path.startsWith("/api/log/") }, () => ({
      status: 404,
      body: { error: { message: "Invalid URL" } },
    }));
    expect(await look()).toBe(
      'Error: reading what a key has spent: CometAPI refused (HTTP 404): "Invalid URL": ' +
        "this server may keep no log of what keys spend.",
    );
  });

  test("waiting at the same time for the same thing is one lookup", async () => {
    const { server, host, paths } = await given();
    const { id } = server.console.create({ name: "backend" });
    server.console.spend(id, 30);
    const period = { from: january, to: february };
    const sought = Array.from({ length: 50 }, () => keySpend(host, { name: "backend", ...period }));
    const later = keySpend(host, { name: "backend", from: january, to: march });
    expect((await Promise.all(sought)).map(({ usedQuota }) => usedQuota)).toEqual(Array(50).fill(30));
    await later;
    expect(paths().filter((path) => path.startsWith("/api/log"))).toHaveLength(2);
    server.console.spend(id, 70);
    expect((await keySpend(host, { name: "backend", ...period })).usedQuota).toBe(100);
  });

  test("beyond what the server answers in 20 minutes waits until it does", async () => {
    const { setup, server, host } = await given({ ...selfHosted, limits: newApi.limits });
    const names = Array.from({ length: 25 }, (_, i) => `key-${i}`);
    for (const name of names) server.console.spend(server.console.create({ name }).id, 30);
    const found = await Promise.all(
      names.map((name) => keySpend(host, { name, from: january, to: february })),
    );
    expect(found.map(({ usedQuota }) => usedQuota)).toEqual(names.map(() => 30));
    expect(setup.waited).toBeGreaterThan(0);
  });
});

const looks = {
  account: (host: Parameters<typeof account>[0]) => account(host, {}),
  "key spend": (host: Parameters<typeof account>[0]) =>
    keySpend(host, { name: "backend", from: january, to: february }),
};

test.each(Object.entries(looks))("is tried again by the retry policy: %s", async (_, look) => {
  const { server, host } = await given();
  server.console.create({ name: "backend" });
  server.fault({}, () => ({ status: 503, body: {} }), { times: 3 });
  await look(host);
});

test.each(Object.entries(looks))("ends within its time, and quotes no secret: %s", async (_, look) => {
  const { setup, server, host } = await given();
  server.fault({}, faults.refuse(secretsOf(server).join(" ")), { times: Number.POSITIVE_INFINITY });
  const failure = await look(host).catch(String);
  expect(failure).toMatch(/CometAPI refused/);
  expectNoLeak([String(failure), ...setup.told], secretsOf(server));
});
