import { describe, expect, test } from "vitest";
import { configuredNames } from "../../provider/config/names";
import { check } from "../../provider/lifecycle/check";
import { faults } from "../server";
import { allBackends, lost, type Resource, type Rig, rig } from "./rig";

const put = { method: "PUT" };
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

async function given(declared: Record<string, unknown>, options: Parameters<typeof rig>[0] = {}) {
  const setup = await rig(options);
  const key = setup.resource();
  await key.up(declared);
  const { server } = setup;
  return { setup, server, key, spend: (amount: number) => server.console.spend(Number(key.id), amount) };
}

/** What the server's ledger says was granted in all: the provider has no say in it. */
function granted(key: Resource): number {
  return key.live.ledger.filter(({ kind }) => kind === "grant").reduce((sum, { amount }) => sum + amount, 0);
}

/** Uses up what is left, and once more, as only then the server calls the key exhausted. */
async function exhaust({ server }: Rig, key: Resource): Promise<void> {
  server.console.spend(Number(key.id), key.live.remain_quota);
  await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key.live.key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Hello?" }] }),
  });
}

describe("check", () => {
  const accounts = { fallback: undefined, byName: {}, names: configuredNames };
  const judge = (declared: Record<string, unknown>) =>
    check({ declared, old: {}, logicalName: "backend", accounts, now: 0 }).failures.map(
      ({ reason }) => reason,
    );

  test("takes exactly one of the three ways, and names all of them", () => {
    expect(judge({ totalQuota: 1 })).toEqual([]);
    expect(judge({ totalQuota: 0, unlimitedQuota: false })).toEqual([]);
    expect(judge({})).toEqual([
      "remainQuota is missing. Give remainQuota or totalQuota a number, or unlimitedQuota: true.",
    ]);
    const one = "Give one of remainQuota, totalQuota and unlimitedQuota: true.";
    expect(judge({ remainQuota: 1, totalQuota: 1 })).toEqual([
      `remainQuota cannot go with totalQuota. ${one}`,
    ]);
    expect(judge({ totalQuota: 1, unlimitedQuota: true })).toEqual([
      `totalQuota cannot go with unlimitedQuota. ${one}`,
    ]);
    expect(judge({ remainQuota: 1, totalQuota: 1, unlimitedQuota: true })).toEqual([
      `remainQuota cannot go with totalQuota and unlimitedQuota. ${one}`,
    ]);
  });

  test.each([-1, 1.5, 2 ** 53, "5"])("%s is no total", (totalQuota) => {
    expect(judge({ totalQuota })).toEqual([
      expect.stringMatching(/^totalQuota (must be an integer from 0|is the string)/),
    ]);
  });

  test("leaves an unknown total for the update to judge", () => {
    expect(judge({ totalQuota: unknown })).toEqual([]);
    expect(judge({ totalQuota: unknown, remainQuota: 1 })).toEqual([]);
  });
});

describe.each(allBackends)("on %s", (_, personality) => {
  test("a new key may use its total, and outputs show it as declared", async () => {
    const { key, spend } = await given({ totalQuota: 100, name: "mine" }, { personality });
    expect(key.live).toMatchObject({ remain_quota: 100, unlimited_quota: false });
    expect(key.state).toMatchObject({ totalQuota: 100, availableQuota: 100, usedQuota: 0 });
    expect(key.state).not.toHaveProperty("remainQuota");
    spend(30);
    expect(await key.refresh()).toBe(false);
    expect(key.state).toMatchObject({ totalQuota: 100, availableQuota: 70, usedQuota: 30 });
    expect(await key.up({ totalQuota: 100, name: "mine" })).toBe("same");
  });

  test("raising it tops the key up by the difference, once, and lowering it takes away, never below 0", async () => {
    const { key, spend } = await given({ totalQuota: 100 }, { personality });
    spend(30);
    for (const [totalQuota, left] of [
      [150, 120],
      [200, 170],
      [31, 1],
      [10, 0],
      [20, 0],
      [130, 100],
    ] as const) {
      expect(await key.up({ totalQuota })).toBe("updated");
      expect(key.live).toMatchObject({ remain_quota: left, used_quota: 30, status: 1 });
      expect(key.state).toMatchObject({ totalQuota, availableQuota: left });
      expect(await key.refresh()).toBe(false);
      expect(await key.up({ totalQuota })).toBe("same");
    }
  });

  test("an exhausted key is topped up and enabled in the same update, unless there is nothing to use", async () => {
    const { setup, key } = await given({ totalQuota: 100 }, { personality });
    await exhaust(setup, key);
    expect(await key.refresh()).toBe(false);
    expect(key.state.status).toBe("exhausted");
    await key.up({ totalQuota: 100, name: "renamed" });
    expect(key.live).toMatchObject({ status: 4, remain_quota: 0, name: "renamed" });
    await key.up({ totalQuota: 60, name: "renamed" });
    expect(key.live).toMatchObject({ status: 4, remain_quota: 0 });
    await key.up({ totalQuota: 101, name: "renamed" });
    expect(key.live).toMatchObject({ status: 1, remain_quota: 1, used_quota: 100 });
    expect(await key.up({ totalQuota: 101, name: "renamed" })).toBe("same");
  });

  test("what a last request counted while an exhausted key was topped up is not given twice", async () => {
    const { setup, server, key, spend } = await given({ totalQuota: 100 }, { personality });
    await exhaust(setup, key);
    server.fault(put, () => void spend(7));
    await key.up({ totalQuota: 200 });
    expect(key.live).toMatchObject({ status: 1, remain_quota: 93, used_quota: 107 });
    expect(await key.up({ totalQuota: 200 })).toBe("same");
  });

  test("a top-up in the console is drift, shown by refresh and repaired by the next up", async () => {
    const { server, key, spend } = await given({ totalQuota: 100 }, { personality });
    spend(30);
    for (const [left, total] of [
      [120, 150],
      [20, 50],
      [0, 30],
    ] as const) {
      server.console.update(Number(key.id), { remain_quota: left });
      expect(await key.refresh()).toBe(true);
      expect(key.inputs).toMatchObject({ totalQuota: total });
      expect(await key.refresh()).toBe(false);
      expect(await key.preview({ totalQuota: 100 })).toBe(true);
      expect(await key.up({ totalQuota: 100 })).toBe("updated");
      expect(key.live).toMatchObject({ remain_quota: 70, status: 1 });
      expect(await key.refresh()).toBe(false);
      expect(await key.up({ totalQuota: 100 })).toBe("same");
    }
  });

  test("a key that ran out because the console took its quota away serves again when that is repaired", async () => {
    const { setup, server, key } = await given({ totalQuota: 100 }, { personality });
    server.console.update(Number(key.id), { remain_quota: 0 });
    await exhaust(setup, key);
    expect(key.live.status).toBe(4);
    await key.up({ totalQuota: 100, name: "changed in passing" });
    expect(key.live).toMatchObject({ status: 1, remain_quota: 100 });
  });

  test("a top-up in the console is taken back by an update of something else, too", async () => {
    const { server, key, spend } = await given({ totalQuota: 100 }, { personality });
    server.fault(put, (exchange) => {
      const answer = exchange.act();
      server.console.update(Number(key.id), { remain_quota: 500 });
      spend(5);
      return answer;
    });
    await key.up({ totalQuota: 100, name: "other" });
    expect(key.live).toMatchObject({ remain_quota: 95, used_quota: 5, name: "other" });
  });

  test("a key overdrawn by its last request is no drift, and is changed without end or gift", async () => {
    const { setup, server, key, spend } = await given({ totalQuota: 100 }, { personality });
    spend(125);
    expect(await key.refresh()).toBe(false);
    expect(key.state).toMatchObject({ totalQuota: 100, usedQuota: 125, availableQuota: -25 });
    server.clearRequests();
    expect(await key.up({ totalQuota: 100, name: "other" })).toBe("updated");
    // Paused meanwhile: what an overdrawn key gets back is not all its own.
    expect(setup.requests("PUT").length).toBeLessThanOrEqual(4);
    expect(key.live).toMatchObject({ name: "other", remain_quota: 0 });
    expect(await key.refresh()).toBe(false);
    expect(await key.up({ totalQuota: 100, name: "other" })).toBe("same");
    await key.up({ totalQuota: 130, name: "other" });
    expect(key.live).toMatchObject({ remain_quota: 5, status: 1 });
  });

  test.each<[string, Record<string, unknown>[], number[]]>([
    ["to a total", [{ remainQuota: 100 }, { totalQuota: 100 }], [100, 90]],
    ["from a total", [{ totalQuota: 100 }, { remainQuota: 100 }, { totalQuota: 100 }], [100, 100, 80]],
    [
      "by way of unlimited, which counts what is used",
      [{ totalQuota: 100 }, { unlimitedQuota: true }, { totalQuota: 100 }, { unlimitedQuota: true }],
      [100, 90, 80, 70],
    ],
    [
      "all three",
      [
        { unlimitedQuota: true },
        { totalQuota: 50 },
        { remainQuota: 70 },
        { unlimitedQuota: true },
        { remainQuota: 5 },
      ],
      [0, 40, 70, 60, 5],
    ],
  ])("moving %s is exact", async (_name, declared, lefts) => {
    const [first = {}, ...others] = declared;
    const { key, spend } = await given(first, { personality });
    expect(key.live.remain_quota).toBe(lefts[0]);
    for (const [i, next] of others.entries()) {
      spend(10);
      expect(await key.up(next)).toBe("updated");
      expect(key.live).toMatchObject({
        remain_quota: lefts[i + 1],
        unlimited_quota: next["unlimitedQuota"] ?? false,
      });
      expect(Object.keys(key.state).filter((name) => /^(remain|total)Quota$/.test(name))).toEqual(
        Object.keys(next).filter((name) => name !== "unlimitedQuota"),
      );
      expect(await key.refresh()).toBe(false);
      expect(await key.up(next)).toBe("same");
    }
  });

  test("it stays exact while the key is used between every two requests of updates of every kind", async () => {
    const { server, key } = await given({ totalQuota: 100_000 }, { personality });
    let busy = true;
    server.onFinished(() => {
      if (busy && key.live.status === 1) server.console.spend(Number(key.id), 1);
    });
    for (const [i, totalQuota] of [100_000, 200_000, 200_000, 50_000, 50_000, 50_001].entries()) {
      await key.up({ totalQuota, name: `name ${i}` });
      expect(granted(key)).toBe(totalQuota);
    }
    await key.up({ unlimitedQuota: true, name: "unlimited" });
    await key.up({ totalQuota: 1_000, name: "limited again" });
    busy = false;
    expect(granted(key)).toBe(1_000);
    expect(key.live).toMatchObject({ name: "limited again", status: 1 });
  });

  test("one that goes back to what it was after an update whose fate is unknown is as it was", async () => {
    for (const acted of [true, false]) {
      for (const [from, to] of [
        [{ remainQuota: 100 }, { totalQuota: 50 }],
        [{ remainQuota: 100 }, { totalQuota: 500 }],
        [{ totalQuota: 100 }, { remainQuota: 500 }],
        [{ totalQuota: 100 }, { totalQuota: 500 }],
      ] as const) {
        const { server, key, spend } = await given(from, { personality });
        spend(30);
        server.fault(put, faults.reset({ act: acted }));
        const dark = server.fault({ method: "GET", nth: 2 }, faults.html(), { times: 1000 });
        await expect(key.up(to)).rejects.toThrow("is not JSON");
        dark.remove();
        expect(await key.up(from)).toBe("updated");
        // What is known to have been in force for a while is left, and then declared anew.
        const left = acted && "remainQuota" in from ? 100 : 70;
        expect(key.live).toMatchObject({ remain_quota: left, used_quota: 30 });
        expect(await key.up(from)).toBe("same");
      }
    }
  });

  test("an update that a lagging read does not show yet is not sent again", async () => {
    const { setup, server, key, spend } = await given({ totalQuota: 100 }, { personality });
    spend(30);
    server.advance(10_000);
    server.settings.getLagMs = 3000;
    for (const totalQuota of [200, 50]) {
      server.clearRequests();
      await key.up({ totalQuota });
      expect(setup.requests("PUT")).toHaveLength(1);
      expect(key.live).toMatchObject({ remain_quota: totalQuota - 30, status: 1 });
    }
  });

  test("what a disabled key's last request used after the look is not given to it", async () => {
    const { server, key, spend } = await given({ totalQuota: 100, status: "disabled" }, { personality });
    server.fault(put, () => void spend(7));
    await key.up({ totalQuota: 200, status: "disabled" });
    expect(key.live).toMatchObject({ remain_quota: 193, used_quota: 7, status: 2 });
    expect(await key.up({ totalQuota: 200, status: "disabled" })).toBe("same");
  });

  test.each(Object.entries(lost))("a top-up lost %s is given once", async (_name, fault) => {
    const { server, key, spend } = await given({ totalQuota: 100 }, { personality });
    spend(30);
    server.fault(put, fault);
    await key.up({ totalQuota: 200 });
    expect(key.live.remain_quota).toBe(170);
    expect(await key.up({ totalQuota: 200 })).toBe("same");
  });

  test.each([true, false])(
    "a top-up cut off for good is given once by the next up (acted: %s)",
    async (act) => {
      const { setup, server, key, spend } = await given({ totalQuota: 100 }, { personality });
      await exhaust(setup, key);
      const cut = server.fault(put, faults.reset({ act }), { times: 1000 });
      const dark = server.fault({ method: "GET", nth: 2 }, faults.html(), { times: 1000 });
      await expect(key.up({ totalQuota: 200 })).rejects.toThrow();
      cut.remove();
      dark.remove();
      spend(13);
      expect(await key.up({ totalQuota: 200 })).toBe("updated");
      expect(key.live).toMatchObject({ remain_quota: 87, status: 1 });
      expect(await key.up({ totalQuota: 200 })).toBe("same");
    },
  );
});

test("state and requests of a key without a total have nothing of it", async () => {
  const { server, key } = await given({ remainQuota: 100 });
  await key.up({ remainQuota: 100, name: "other" });
  expect(JSON.stringify([key.state, key.inputs, server.requests.map(({ body }) => body)])).not.toMatch(
    /total/i,
  );
});
