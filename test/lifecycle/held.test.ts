import { describe, expect, test } from "vitest";
import { faults } from "../server";
import { allBackends, rig } from "./rig";

const put = { method: "PUT" };
const declared = { remainQuota: 10_000 };
const renamed = { ...declared, name: "renamed" };

describe.each(allBackends)(
  "what a gateway holds for a request is neither lost nor granted, on %s:",
  (_, personality) => {
    async function given(first: Record<string, unknown> = declared) {
      const setup = await rig({ personality });
      const { server } = setup;
      const key = setup.resource();
      await key.up(first);
      const id = Number(key.id);
      const granted = () => server.granted(id);
      return {
        setup,
        server,
        key,
        id,
        granted,
        hold: (estimate: number) => server.console.hold(id, estimate),
      };
    }

    test.each([
      ["given back", 0],
      ["charged in part", 500],
      ["charged in full", 5_000],
      ["exceeded", 7_000],
    ])("an estimate that is %s between the read and the write", async (_, cost) => {
      const { server, key, id, granted, hold } = await given();
      const held = hold(5_000);
      server.fault(put, () => void held.settle(cost));
      await key.up(renamed);
      expect(granted()).toBe(10_000);
      expect(key.live).toMatchObject({
        name: "renamed",
        status: 1,
        remain_quota: 10_000 - cost,
        used_quota: cost,
      });
      expect(server.held(id)).toBe(0);
      expect(key.state).toMatchObject({ availableQuota: 10_000 - cost, usedQuota: cost });
    });

    test("an estimate that is taken between the read and the write, and given back by the look", async () => {
      const { server, key, granted, hold } = await given();
      server.fault(put, () => {
        const held = hold(5_000);
        server.fault({ method: "GET" }, () => void held.settle(0));
      });
      await key.up(renamed);
      expect(granted()).toBe(10_000);
      expect(key.live.remain_quota).toBe(10_000);
    });

    test("one that is given back right after the write", async () => {
      const { server, key, granted, hold } = await given();
      const held = hold(5_000);
      server.fault(put, (exchange) => {
        const answer = exchange.act();
        held.settle(500);
        return answer;
      });
      await key.up(renamed);
      expect(granted()).toBe(10_000);
    });

    test("one that is given back long after the update", async () => {
      const { key, granted, hold } = await given();
      const held = hold(5_000);
      await key.up(renamed);
      expect(key.live).toMatchObject({ remain_quota: 5_000, used_quota: 5_000 });
      held.settle(500);
      expect(granted()).toBe(10_000);
      expect(key.live).toMatchObject({ remain_quota: 9_500, used_quota: 500 });
      expect(await key.refresh()).toBe(false);
      expect(await key.up(renamed)).toBe("same");
    });

    test("one that is given back to a key that is disabled meanwhile, or for good", async () => {
      for (const status of ["enabled", "disabled"]) {
        const { server, key, granted, hold } = await given({ ...declared, status: "disabled" });
        const held = hold(5_000);
        server.fault(put, () => void held.settle(500));
        await key.up({ ...renamed, status });
        expect(granted()).toBe(10_000);
        expect(key.live).toMatchObject({ status: status === "enabled" ? 1 : 2, remain_quota: 9_500 });
      }
    });

    test("all that is left, while a key is renamed that has nothing else", async () => {
      const { server, key, granted, hold } = await given();
      const held = hold(10_000);
      server.fault(put, () => void held.settle(500));
      await key.up(renamed);
      expect(granted()).toBe(10_000);
      expect(key.live).toMatchObject({ remain_quota: 9_500, status: 1 });
    });

    test("more than is left, given back while the update looks", async () => {
      for (const [first, next] of [
        [declared, renamed],
        [{ totalQuota: 10_000 }, { totalQuota: 10_000, name: "renamed" }],
      ]) {
        const { server, key, granted, hold } = await given(first);
        const held = hold(12_000);
        server.fault({ method: "GET", nth: 3 }, () => void held.settle(500));
        await key.up(next ?? {});
        expect(granted()).toBe(10_000);
        expect(key.live).toMatchObject({ remain_quota: 9_500, used_quota: 500 });
      }
    });

    test("one of an exhausted key that gets a new quota, given back before the key is enabled", async () => {
      const { setup, server, key, id, hold } = await given({ remainQuota: 100 });
      const held = hold(100);
      setup.server.console.update(id, { status: 4 });
      server.fault({ ...put, nth: 2 }, () => void held.settle(10));
      await key.up({ remainQuota: 1_000 });
      // 1,000 were left when the quota was written, and then 90 came back.
      expect(key.live).toMatchObject({ status: 1, remain_quota: 1_090, used_quota: 10 });
      expect(server.granted(id)).toBe(1_100);
    });

    test.each([true, false])("one that is given back while the answer gets lost (acted: %s)", async (act) => {
      const { server, key, granted, hold } = await given();
      const held = hold(5_000);
      server.fault(put, (exchange) => {
        held.settle(500);
        return faults.reset({ act })(exchange);
      });
      await key.up(renamed);
      expect(granted()).toBe(10_000);
      expect(key.live).toMatchObject({ name: "renamed", remain_quota: 9_500 });
    });

    test("what an update lost that failed is given back by the next one", async () => {
      const { server, key, granted, hold } = await given();
      const held = hold(5_000);
      server.fault(put, (exchange) => {
        held.settle(500);
        return faults.reset({ act: true })(exchange);
      });
      const looks = server.fault({ method: "GET", nth: 2 }, faults.html(), { times: 1000 });
      await expect(key.up(renamed)).rejects.toThrow("is not JSON");
      looks.remove();
      expect(granted()).toBe(5_500);
      await key.refresh();
      await key.up(renamed);
      expect(granted()).toBe(10_000);
      expect(await key.up(renamed)).toBe("same");
    });

    test("a declared quota that changes is what is left at that moment, whatever is held", async () => {
      const { server, key, id, hold } = await given();
      const held = hold(5_000);
      await key.up({ remainQuota: 300 });
      expect(key.live.remain_quota).toBe(300);
      held.settle(500);
      expect(key.live.remain_quota).toBe(4_800);
      await key.up({ remainQuota: 300, name: "renamed" });
      expect(server.granted(id)).toBe(5_300);
      expect(await key.refresh()).toBe(false);
    });
  },
);

describe.each(allBackends)("quota set in the console, on %s,", (_, personality) => {
  async function given() {
    const setup = await rig({ personality });
    const key = setup.resource();
    await key.up({ remainQuota: 100 });
    return { server: setup.server, key, id: Number(key.id) };
  }

  test.each([500, 20])("is kept before an update and after it, up and down (to %d)", async (left) => {
    const { server, key, id } = await given();
    server.console.update(id, { remain_quota: left });
    await key.up({ remainQuota: 100, name: "renamed" });
    expect(key.live.remain_quota).toBe(left);
    // Right after the write of an update, while nobody uses the key.
    server.fault(put, (exchange) => {
      const answer = exchange.act();
      server.console.update(id, { remain_quota: left + 7 });
      return answer;
    });
    await key.up({ remainQuota: 100, name: "another" });
    expect(key.live.remain_quota).toBe(left + 7);
  });

  test("in the moment of an update of a key in use looks the same as what the update did, and is taken back", async () => {
    const { server, key, id } = await given();
    server.fault(put, (exchange) => {
      const answer = exchange.act();
      server.console.spend(id, 5);
      server.console.update(id, { remain_quota: 500 });
      return answer;
    });
    await key.up({ remainQuota: 100, name: "renamed" });
    expect(server.granted(id)).toBe(100);
  });
});

test("use that shows seconds late is neither lost nor granted", async () => {
  const setup = await rig({ personality: { batchMs: 3_000, hold: undefined } });
  const key = setup.resource();
  await key.up(declared);
  const chat = () =>
    fetch(`${setup.server.url}/v1/chat/completions`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${key.live.key}`,
        "content-type": "application/json",
        "x-test-cost": "500",
      },
      body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Hello?" }] }),
    });
  for (let i = 0; i < 5; i++) {
    await (await chat()).arrayBuffer();
    setup.server.advance(1_000);
    await key.up({ ...declared, name: `renamed ${i}` });
  }
  setup.server.advance(10_000);
  await key.refresh();
  expect(setup.server.granted(Number(key.id))).toBe(10_000);
  expect(key.live).toMatchObject({ remain_quota: 7_500, used_quota: 2_500 });
});
