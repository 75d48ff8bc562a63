import { describe, expect, test } from "vitest";
import { faults } from "../server";
import { allBackends, type Resource, type Rig, rig } from "./rig";

const put = { method: "PUT" };

async function leaked(
  personality: NonNullable<Parameters<typeof rig>[0]>["personality"],
  declared: Record<string, unknown> = { remainQuota: 100 },
): Promise<{ setup: Rig; key: Resource }> {
  const setup = await rig({ personality: personality ?? {} });
  const key = setup.resource();
  await key.up(declared);
  setup.server.console.update(Number(key.id), { status: 2 });
  return { setup, key };
}

describe.each(allBackends)("a key that was disabled in the console, on %s,", (_, personality) => {
  test.each<[string, Record<string, unknown>]>([
    ["a model", { remainQuota: 100, modelLimits: ["gpt-5"] }],
    ["a quota", { remainQuota: 200 }],
    ["a total", { totalQuota: 300 }],
    ["no limit", { unlimitedQuota: true }],
    ["an expiry", { remainQuota: 100, expiredTime: "2030-01-01T00:00:00Z" }],
    ["a status spelled out", { remainQuota: 100, status: "enabled", name: "mine" }],
  ])("stays disabled when somebody declares %s, and the update says so", async (_, declared) => {
    const { setup, key } = await leaked(personality);
    expect(await key.up(declared)).toBe("updated");
    expect(key.live.status).toBe(2);
    expect(key.state.status).toBe("disabled");
    expect(setup.told.filter((line) => line.includes("stays disabled"))).toHaveLength(1);
    expect(await key.up(declared)).toBe("same");
    // Another update knows no better.
    await key.up({ ...declared, name: "another" });
    expect(key.live).toMatchObject({ status: 2, name: "another" });
    expect(key.state).not.toHaveProperty("__unfinished");
  });

  test("is enabled by the up after a refresh has shown it, also where an update left it disabled before", async () => {
    const { key } = await leaked(personality);
    await key.up({ remainQuota: 100, name: "another" });
    expect(await key.refresh()).toBe(true);
    expect(key.inputs).toMatchObject({ status: "disabled" });
    expect(await key.preview({ remainQuota: 100, name: "another" })).toBe(true);
    expect(await key.up({ remainQuota: 100, name: "another" })).toBe("updated");
    expect(key.live.status).toBe(1);
    expect(key.state).not.toHaveProperty("__leftDisabled");
    expect(await key.up({ remainQuota: 100, name: "another" })).toBe("same");
  });

  test("is enabled when its status itself was declared disabled, and is enabled now", async () => {
    const { key } = await leaked(personality);
    await key.up({ remainQuota: 100, name: "another" });
    await key.up({ remainQuota: 100, name: "another", status: "disabled" });
    expect(key.live.status).toBe(2);
    expect(await key.up({ remainQuota: 100, name: "another" })).toBe("updated");
    expect(key.live.status).toBe(1);
  });

  test("stays disabled when the update fails, and in the next one", async () => {
    const { setup, key } = await leaked(personality);
    const hung = [
      setup.server.fault(put, faults.reset({ act: true }), { times: 1000 }),
      setup.server.fault({ method: "GET", nth: 2 }, faults.html(), { times: 1000 }),
    ];
    await expect(key.up({ remainQuota: 100, name: "another" })).rejects.toThrow("is not JSON");
    for (const fault of hung) fault.remove();
    await key.up({ remainQuota: 100, name: "another" });
    expect(key.live).toMatchObject({ status: 2, name: "another" });
  });

  test("while its update was under way stays so where the server can tell", async () => {
    const setup = await rig({ personality });
    const key = setup.resource();
    await key.up({ remainQuota: 100 });
    setup.server.fault({ method: "GET", nth: 2 }, () => {
      setup.server.console.update(Number(key.id), { status: 2 });
    });
    await key.up({ remainQuota: 100, name: "another" });
    expect(key.live.status).toBe(2);
    expect(key.state.status).toBe("disabled");
    await key.up({ remainQuota: 100, name: "a third" });
    expect(key.live.status).toBe(2);
  });

  test("is enabled by a new quota or expiry no more than by anything else", async () => {
    const { setup, key } = await leaked(personality, {
      remainQuota: 10,
      expiredTime: "2026-01-01T01:00:00Z",
    });
    setup.server.console.spend(Number(key.id), 10);
    setup.server.advance(3_600_001);
    await key.up({ remainQuota: 50, expiredTime: "2030-01-01T00:00:00Z" });
    expect(key.live).toMatchObject({ status: 2, remain_quota: 50 });
  });
});

describe.each(allBackends)("a pause of our own, on %s,", (_, personality) => {
  const declared = { remainQuota: 100, name: "mine" };
  const renamed = { ...declared, name: "renamed" };

  /** A key that has little left, so that its update pauses it. */
  async function nearlyEmpty() {
    const setup = await rig({ personality });
    const key = setup.resource();
    await key.up(declared);
    setup.server.console.spend(Number(key.id), 95);
    setup.server.clearRequests();
    return { setup, key };
  }

  test("ends with the update, and lets nobody in until then", async () => {
    const { setup, key } = await nearlyEmpty();
    await key.up(renamed);
    expect(key.live).toMatchObject({ status: 1, name: "renamed", remain_quota: 5 });
    expect(key.live.allow_ips ?? "").toBe("");
    expect(setup.requests("PUT")).toContainEqual(
      expect.objectContaining({ status: 2, allow_ips: "192.0.2.0" }),
    );
  });

  test("is ended by the next up wherever the process was killed", async () => {
    const { setup, key: first } = await nearlyEmpty();
    await first.up(renamed);
    const writes = setup.requests("PUT").length;
    expect(writes).toBeGreaterThanOrEqual(2);
    for (let nth = 1; nth <= writes; nth++) {
      const { setup, key } = await nearlyEmpty();
      const before = { ...key.state };
      const killed = new Promise<void>((dead) => {
        setup.server.fault({ ...put, nth }, (exchange) => {
          exchange.act();
          dead();
          return new Promise(() => {});
        });
      });
      void key.up(renamed).catch(() => {});
      await killed;
      // Another process begins with the state from before.
      setup.lifecycle = setup.provider();
      const next = setup.resource();
      Object.assign(next, { id: key.id, inputs: key.inputs, outputs: before });
      expect(await next.up(renamed), `killed at PUT ${nth}`).toBe("updated");
      expect(next.live, `killed at PUT ${nth}`).toMatchObject({
        status: 1,
        name: "renamed",
        remain_quota: 5,
      });
      expect(next.live.allow_ips ?? "").toBe("");
    }
  });

  test("that a refresh shows is repaired by the next up, though nothing else changes", async () => {
    const { setup, key } = await nearlyEmpty();
    setup.server.console.update(Number(key.id), { status: 2, allow_ips: "192.0.2.0" });
    expect(await key.refresh()).toBe(true);
    await key.up(declared);
    expect(key.live).toMatchObject({ status: 1, remain_quota: 5 });
    expect(key.live.allow_ips ?? "").toBe("");
  });
});
