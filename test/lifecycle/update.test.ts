import { describe, expect, test } from "vitest";
import { type CometServer, faults } from "../server";
import { allBackends, lost, type Resource, type Rig, rig } from "./rig";

const put = { method: "PUT" };

/** What the server's ledger says was granted in all: the provider has no say in it. */
function granted(key: Resource): number {
  return key.live.ledger.filter(({ kind }) => kind === "grant").reduce((sum, { amount }) => sum + amount, 0);
}

/** Uses the key, by one unit, whenever a request of the provider is answered: between any two of its steps. */
function useAllTheTime(server: CometServer, key: Resource): () => void {
  let busy = true;
  server.onFinished(() => {
    const { id, status } = key.live;
    if (busy && status === 1) server.console.spend(id, 1);
  });
  return () => {
    busy = false;
  };
}

async function made(setup: Rig, declared: Record<string, unknown>): Promise<Resource> {
  const key = setup.resource();
  await key.up(declared);
  return key;
}

describe.each(allBackends)("on %s", (_, personality) => {
  const changes: [string, Record<string, unknown>, Record<string, unknown>][] = [
    ["name", { name: "other" }, { name: "other" }],
    ["expiredTime", { expiredTime: "2028-01-01T00:00:00Z" }, { expired_time: Date.UTC(2028, 0) / 1000 }],
    ["remainQuota", { remainQuota: 7 }, { remain_quota: 7 }],
    ["remainQuota to 0", { remainQuota: 0 }, { remain_quota: 0 }],
    ["unlimitedQuota", { remainQuota: undefined, unlimitedQuota: true }, { unlimited_quota: true }],
    ["modelLimits", { modelLimits: ["gpt-5"] }, { model_limits: "gpt-5", model_limits_enabled: true }],
    [
      "modelLimitsEnabled",
      { modelLimits: ["gpt-5"], modelLimitsEnabled: false },
      { model_limits: "gpt-5", model_limits_enabled: false },
    ],
    ["allowIps", { allowIps: ["::1", "10.0.0.0/8"] }, { allow_ips: "::1\n10.0.0.0/8" }],
    ["group", { group: "vip" }, { group: "vip" }],
    ["crossGroupRetry", { group: "auto", crossGroupRetry: true }, { group: "auto", cross_group_retry: true }],
    ["status", { status: "disabled" }, { status: 2 }],
  ];
  test.each(changes)("%s changes in place, and back", async (_name, change, live) => {
    const setup = await rig({ personality });
    const plain = { name: "backend", remainQuota: 100 };
    const key = await made(setup, plain);
    const before = key.live;
    expect(await key.up({ ...plain, ...change })).toBe("updated");
    expect(key.live).toMatchObject(live);
    expect(await key.up({ ...plain, ...change })).toBe("same");
    expect(await key.refresh()).toBe(false);
    expect(await key.up(plain)).toBe("updated");
    expect({ ...key.live, ledger: [], allow_ips: key.live.allow_ips || null }).toEqual({
      ...before,
      ledger: [],
      allow_ips: null,
    });
  });

  test("every update sends all eleven fields", async () => {
    const setup = await rig({ personality });
    const key = await made(setup, {
      name: "backend",
      remainQuota: 100,
      modelLimits: ["gpt-5"],
      allowIps: ["::1"],
      group: "vip",
    });
    setup.server.clearRequests();
    await key.up({
      name: "other",
      remainQuota: 100,
      modelLimits: ["gpt-5"],
      allowIps: ["::1"],
      group: "vip",
    });
    expect(setup.requests("PUT")).toEqual([
      {
        id: Number(key.id),
        name: "other",
        status: 1,
        expired_time: -1,
        remain_quota: 100,
        unlimited_quota: false,
        model_limits_enabled: true,
        model_limits: "gpt-5",
        allow_ips: "::1",
        group: "vip",
        cross_group_retry: false,
      },
    ]);
  });

  test("what was used stays used when anything but the quota changes", async () => {
    const setup = await rig({ personality });
    const key = await made(setup, { remainQuota: 100 });
    setup.server.console.spend(Number(key.id), 30);
    await key.up({ remainQuota: 100, name: "other" });
    expect(key.live).toMatchObject({ remain_quota: 70, used_quota: 30 });
    expect(key.state).toMatchObject({ remainQuota: 100, availableQuota: 70, usedQuota: 30 });
    expect(await key.up({ remainQuota: 100, name: "other" })).toBe("same");
  });

  test("nothing is refunded while the key is used between every two steps of 30 updates", async () => {
    const setup = await rig({ personality });
    const key = await made(setup, { remainQuota: 100_000 });
    const stop = useAllTheTime(setup.server, key);
    for (let i = 0; i < 30; i++) await key.up({ remainQuota: 100_000, name: `name ${i}` });
    stop();
    expect(granted(key)).toBe(100_000);
    expect(key.live).toMatchObject({ name: "name 29", status: 1 });
    expect(key.live.used_quota).toBeGreaterThan(60);
  });

  test("a key that is only sometimes used is never disabled, even for a moment", async () => {
    const setup = await rig({ personality });
    const key = await made(setup, { remainQuota: 1000 });
    setup.server.fault(put, () => void setup.server.console.spend(Number(key.id), 5));
    await key.up({ remainQuota: 1000, name: "other" });
    expect(granted(key)).toBe(1000);
    expect(setup.requests("PUT").map((body) => (body as { status: number }).status)).not.toContain(2);
  });

  test("a declared quota is assigned when it changes, up and down, to unlimited and back, and to 0", async () => {
    const setup = await rig({ personality });
    const key = await made(setup, { remainQuota: 100 });
    const id = Number(key.id);
    for (const remainQuota of [200, 50, undefined, 50, 0, 10]) {
      setup.server.console.spend(id, 3);
      await key.up(remainQuota === undefined ? { unlimitedQuota: true } : { remainQuota });
      if (remainQuota === undefined) expect(key.live.unlimited_quota).toBe(true);
      else expect(key.live).toMatchObject({ unlimited_quota: false, remain_quota: remainQuota });
    }
  });

  test("an exhausted key is left alone until a new quota is declared, and then enabled in the same update", async () => {
    const setup = await rig({ personality });
    const key = await made(setup, { remainQuota: 10 });
    await exhaust(setup, key);
    expect(await key.refresh()).toBe(false);
    expect(key.state).toMatchObject({ status: "exhausted", availableQuota: 0 });
    expect(await key.up({ remainQuota: 10 })).toBe("same");
    await key.up({ remainQuota: 10, name: "renamed" });
    expect(key.live).toMatchObject({ status: 4, remain_quota: 0, name: "renamed" });
    await key.up({ remainQuota: 20, name: "renamed" });
    expect(key.live).toMatchObject({ status: 1, remain_quota: 20 });
    expect(key.state.status).toBe("enabled");
    expect((await use(setup, key)).status).toBe(200);
  });

  test("an exhausted key that becomes unlimited is enabled", async () => {
    const setup = await rig({ personality });
    const key = await made(setup, { remainQuota: 10 });
    await exhaust(setup, key);
    await key.up({ unlimitedQuota: true });
    expect(key.live).toMatchObject({ status: 1, unlimited_quota: true });
  });

  test("an exhausted key given 0, or only another expiry, stays exhausted", async () => {
    const setup = await rig({ personality });
    const key = await made(setup, { remainQuota: 10 });
    await exhaust(setup, key);
    await key.up({ remainQuota: 0 });
    expect(key.live.status).toBe(4);
    await key.up({ remainQuota: 0, expiredTime: "2030-01-01T00:00:00Z" });
    expect(key.live.status).toBe(4);
  });

  test("an expired key is left alone until a new expiry is declared, and then enabled in the same update", async () => {
    const setup = await rig({ personality });
    const soon = "2026-01-01T01:00:00Z";
    const key = await made(setup, { remainQuota: 10, expiredTime: soon });
    setup.server.advance(3600_001);
    expect((await use(setup, key)).status).toBe(401);
    expect(await key.refresh()).toBe(false);
    expect(key.state.status).toBe("expired");
    expect(await key.up({ remainQuota: 10, expiredTime: soon })).toBe("same");
    await key.up({ remainQuota: 10, expiredTime: "2027-01-01T00:00:00Z" });
    expect(key.live.status).toBe(1);
    expect((await use(setup, key)).status).toBe(200);
  });

  test("a key that runs out between the look and the update is updated all the same", async () => {
    const setup = await rig({ personality });
    const key = await made(setup, { remainQuota: 10 });
    setup.server.fault(put, async () => exhaust(setup, key));
    await key.up({ remainQuota: 10, name: "renamed" });
    expect(key.live).toMatchObject({ name: "renamed", used_quota: 10, remain_quota: 0 });
    expect(granted(key)).toBe(10);
  });

  test("a key overdrawn by its last request can still be changed", async () => {
    const setup = await rig({ personality });
    const key = await made(setup, { remainQuota: 10 });
    setup.server.console.spend(Number(key.id), 25);
    await key.up({ remainQuota: 10, name: "renamed" });
    expect(key.live.name).toBe("renamed");
    expect(key.live.remain_quota).toBeLessThanOrEqual(0);
    await key.up({ remainQuota: 11, name: "renamed" });
    expect(key.live.remain_quota).toBe(11);
  });

  test.each(Object.entries(lost))("an update lost %s is settled by looking", async (_name, fault) => {
    const setup = await rig({ personality });
    const key = await made(setup, { remainQuota: 100 });
    setup.server.console.spend(Number(key.id), 30);
    setup.server.fault(put, fault);
    await key.up({ remainQuota: 100, name: "other" });
    expect(key.live).toMatchObject({ name: "other", remain_quota: 70 });
    setup.server.fault(put, fault);
    await key.up({ remainQuota: 50, name: "other" });
    expect(key.live.remain_quota).toBe(50);
  });

  test("a quota whose update was lost after it took effect is not written again over what was used since", async () => {
    const setup = await rig({ personality });
    const key = await made(setup, { remainQuota: 100 });
    setup.server.fault(put, (exchange) => {
      exchange.act();
      setup.server.console.spend(Number(key.id), 30);
      return { status: 504, body: {} };
    });
    await key.up({ remainQuota: 200 });
    expect(key.live).toMatchObject({ remain_quota: 170, used_quota: 30 });
  });

  test.each(["expired", "exhausted"])(
    "an update of an %s key that fails before it is enabled is finished by the next up, also after a refresh",
    async (spent) => {
      const setup = await rig({ personality });
      const declared = { remainQuota: 10, expiredTime: "2026-01-01T01:00:00Z" };
      const key = await made(setup, declared);
      if (spent === "exhausted") await exhaust(setup, key);
      else setup.server.advance(3600_001);
      await use(setup, key);
      const next =
        spent === "exhausted"
          ? { ...declared, remainQuota: 20 }
          : { ...declared, expiredTime: "2027-01-01T00:00:00Z" };
      setup.server.fault({ ...put, nth: 2 }, faults.refuse("not now"));
      await expect(key.up(next)).rejects.toThrow("not now");
      await key.refresh();
      expect(key.live.status).toBe(spent === "exhausted" ? 4 : 3);
      expect(await key.up(next)).toBe("updated");
      expect(key.live.status).toBe(1);
      expect(await key.up(next)).toBe("same");
    },
  );
});

describe("same is same", () => {
  const declared = {
    name: "backend",
    remainQuota: 100,
    modelLimits: ["a", "b"],
    allowIps: ["203.0.113.0/24", "2001:db8::/32", "192.0.2.1"],
    expiredTime: "2027-06-30T00:00:00Z",
  };
  test.each<[string, Record<string, unknown>]>([
    ["models in another order", { modelLimits: ["b", "a"] }],
    [
      "addresses in another order and spelling",
      { allowIps: ["192.0.2.1/32", "2001:DB8:0::/32", "203.0.113.77/24"] },
    ],
    ["the same instant with an offset", { expiredTime: "2027-06-30T02:00:00+02:00" }],
    ["the same instant as a number", { expiredTime: Date.UTC(2027, 5, 30) / 1000 }],
    ["null for a default", { group: null, status: null, crossGroupRetry: null }],
    [
      "a default spelled out",
      {
        group: "",
        status: "enabled",
        crossGroupRetry: false,
        modelLimitsEnabled: true,
        unlimitedQuota: false,
      },
    ],
  ])("%s changes nothing", async (_, respelled) => {
    const setup = await rig();
    const key = await made(setup, declared);
    expect(await key.up({ ...declared, ...respelled })).toBe("same");
    expect(await key.refresh()).toBe(false);
    expect(await key.up(declared)).toBe("same");
  });

  test("null and empty allow lists of the backend are the same", async () => {
    const setup = await rig({ personality: { allowIpsEmptyString: true } });
    const key = await made(setup, { remainQuota: 1 });
    expect(await key.refresh()).toBe(false);
    await key.up({ remainQuota: 1, name: "other" });
    expect(await key.refresh()).toBe(false);
  });

  test("state without properties that a later version added is read as their defaults", async () => {
    const setup = await rig();
    const key = await made(setup, { name: "backend", remainQuota: 1 });
    const { crossGroupRetry: _, modelLimitsEnabled: __, allowIps: ___, ...old } = key.state;
    key.outputs = old as typeof key.state;
    expect(await key.up({ name: "backend", remainQuota: 1 })).toBe("same");
  });
});

describe("drift", () => {
  const declared = {
    name: "backend",
    remainQuota: 100,
    modelLimits: ["a"],
    allowIps: ["::1"],
    expiredTime: "2027-06-30T00:00:00Z",
  };
  test.each<[string, Record<string, unknown>, object]>([
    ["name", { name: "renamed" }, { name: "renamed" }],
    ["group", { group: "vip" }, { group: "vip" }],
    ["model limits", { model_limits: "a,b" }, { modelLimits: ["a", "b"] }],
    ["model limits switched off", { model_limits_enabled: false }, { modelLimitsEnabled: false }],
    ["addresses", { allow_ips: null }, {}],
    ["expiry", { expired_time: -1 }, {}],
    ["unlimited quota", { unlimited_quota: true }, { unlimitedQuota: true, remainQuota: 100 }],
    ["cross-group retry", { cross_group_retry: true }, { crossGroupRetry: true }],
    ["a key disabled", { status: 2 }, { status: "disabled" }],
  ])(
    "%s is found by refresh, shown as the live value and repaired by the next up",
    async (_, change, inputs) => {
      const setup = await rig();
      const key = await made(setup, declared);
      setup.server.console.spend(Number(key.id), 30);
      setup.server.console.update(Number(key.id), change);
      expect(await key.refresh()).toBe(true);
      expect(key.inputs).toMatchObject(inputs);
      expect(await key.up(declared)).toBe("updated");
      expect(key.live).toMatchObject({
        name: "backend",
        group: "",
        model_limits: "a",
        model_limits_enabled: true,
        allow_ips: "::1",
        expired_time: Date.UTC(2027, 5, 30) / 1000,
        unlimited_quota: false,
        cross_group_retry: false,
        status: 1,
        remain_quota: 70,
        used_quota: 30,
      });
      expect(await key.refresh()).toBe(false);
      expect(await key.up(declared)).toBe("same");
    },
  );

  test("being used is none", async () => {
    const setup = await rig();
    const key = await made(setup, declared);
    setup.server.console.spend(Number(key.id), 30);
    expect(await key.refresh()).toBe(false);
    expect(key.state).toMatchObject({ usedQuota: 30, availableQuota: 70, remainQuota: 100 });
    expect(await key.up(declared)).toBe("same");
  });

  test("of a generated name is repaired with the name it was generated with", async () => {
    const setup = await rig();
    const key = await made(setup, { remainQuota: 1 });
    const { name } = key.state;
    setup.server.console.update(Number(key.id), { name: "renamed" });
    expect(await key.refresh()).toBe(true);
    await key.up({ remainQuota: 1 });
    expect(key.live.name).toBe(name);
  });

  test("a declared disabled key that somebody enabled is disabled again", async () => {
    const setup = await rig();
    const key = await made(setup, { remainQuota: 1, status: "disabled" });
    setup.server.console.update(Number(key.id), { status: 1 });
    expect(await key.refresh()).toBe(true);
    await key.up({ remainQuota: 1, status: "disabled" });
    expect(key.live.status).toBe(2);
  });
});

async function use(setup: Rig, key: Resource): Promise<Response> {
  return fetch(`${setup.server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key.live.key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Hello?" }] }),
  });
}

/** Uses up what is left, and once more, as only then the server calls the key exhausted. */
async function exhaust(setup: Rig, key: Resource): Promise<void> {
  setup.server.console.spend(Number(key.id), key.live.remain_quota);
  await use(setup, key);
}
