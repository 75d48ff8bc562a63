import { describe, expect, test } from "vitest";
import { grantedOf } from "../faults/scene";
import { faults, type Personality } from "../server";
import { backends, lost, type Resource, type Rig, rig } from "./rig";

const monthly = { remainQuota: 1000, quotaReset: "monthly" };
const daily = { remainQuota: 1000, quotaReset: "daily" };

/** A key created on 2026-01-01. */
async function given(declared: Record<string, unknown>, personality: Partial<Personality> = {}) {
  const setup = await rig({ personality });
  const key = setup.resource();
  await key.up(declared);
  const until = (text: string) => setup.server.advance(Date.parse(text) - setup.server.now());
  const spend = (amount: number) => void setup.server.console.spend(Number(key.id), amount);
  return { setup, server: setup.server, key, until, spend };
}

function expectQuota({ state, live }: Resource, left: number, period: string | undefined): void {
  expect(live.remain_quota).toBe(left);
  expect(state.quotaPeriod).toBe(period);
  expect(state).not.toHaveProperty("__unfinished");
}

describe.each(backends)("on %s, with quotaReset", (_, personality) => {
  test("the first up of each period sets what is left to remainQuota, and no other up does", async () => {
    const { key, until, spend } = await given(monthly, personality);
    expectQuota(key, 1000, "2026-01");
    spend(400);
    until("2026-01-31T23:59:59Z");
    expect(await key.up(monthly)).toBe("same");
    expectQuota(key, 600, "2026-01");
    until("2026-02-01T00:00:00Z");
    expect(await key.up(monthly)).toBe("updated");
    expectQuota(key, 1000, "2026-02");
    spend(100);
    expect(await key.up(monthly)).toBe("same");
    until("2026-02-28T00:00:00Z");
    expect(await key.up({ ...monthly, name: "renamed" })).toBe("updated");
    expectQuota(key, 900, "2026-02");
  });

  test("a preview writes nothing, and says that an update is due only in a new period", async () => {
    const { server, key, until, spend } = await given(daily, personality);
    spend(400);
    expect(await key.preview(daily)).toBe(false);
    until("2026-01-02T00:00:00Z");
    server.clearRequests();
    expect(await key.preview(daily)).toBe(true);
    expect(key.check(daily).inputs).toEqual({ ...key.inputs, quotaPeriod: "2026-01-02" });
    expect(server.requests).toEqual([]);
  });

  test("a key that has run out serves again in the new period, by the same update", async () => {
    const { server, key, until, spend } = await given({ ...monthly, quotaReset: "weekly" }, personality);
    spend(1000);
    server.console.update(Number(key.id), { status: 4 });
    until("2026-01-05T00:00:00Z");
    expect(await key.up({ ...monthly, quotaReset: "weekly" })).toBe("updated");
    expectQuota(key, 1000, "2026-W02");
    expect(key.live.status).toBe(1);
    expect(key.state.status).toBe("enabled");
  });

  test("a disabled key gets its quota and stays disabled, declared or not", async () => {
    const declared = { ...daily, status: "disabled" };
    const { server, key, until } = await given(declared, personality);
    until("2026-01-02T00:00:00Z");
    await key.up(declared);
    expect(key.live.status).toBe(2);
    await key.up(daily);
    server.console.update(Number(key.id), { status: 2, remain_quota: 3 });
    until("2026-01-03T00:00:00Z");
    await key.up(daily);
    expectQuota(key, 1000, "2026-01-03");
    expect(key.live.status).toBe(2);
  });

  test("a period without an up is lost: the quota of one period is written, never of two", async () => {
    const { key, until, spend } = await given(daily, personality);
    spend(1000);
    until("2026-01-09T12:00:00Z");
    await key.up(daily);
    expectQuota(key, 1000, "2026-01-09");
    expect(grantedOf(key.live)).toBe(2000);
  });

  test("quota that was not used is not kept, and quota given in the console neither", async () => {
    const { server, key, until } = await given(daily, personality);
    server.console.update(Number(key.id), { remain_quota: 5000 });
    until("2026-01-02T00:00:00Z");
    await key.up(daily);
    expectQuota(key, 1000, "2026-01-02");
  });

  test("adding, changing and removing it writes no quota; the next period does", async () => {
    const { key, until, spend } = await given({ remainQuota: 1000 }, personality);
    spend(400);
    until("2026-02-10T00:00:00Z");
    expect(await key.up(monthly)).toBe("updated");
    expectQuota(key, 600, "2026-02");
    expect(await key.up(daily)).toBe("updated");
    expectQuota(key, 600, "2026-02-10");
    until("2026-02-11T00:00:00Z");
    await key.up(daily);
    expectQuota(key, 1000, "2026-02-11");
    spend(10);
    until("2026-02-12T00:00:00Z");
    // Without the change a new day would have begun. But the month is not over, and the key has its quota for a day of it.
    await key.up(monthly);
    expectQuota(key, 990, "2026-02");
    expect(await key.up({ remainQuota: 1000 })).toBe("updated");
    expectQuota(key, 990, undefined);
    expect(key.inputs).not.toHaveProperty("quotaPeriod");
    until("2026-03-01T00:00:00Z");
    expect(await key.up({ remainQuota: 1000 })).toBe("same");
    expect(await key.up(monthly)).toBe("updated");
    expectQuota(key, 990, "2026-03");
  });

  test("a new number is written at once, and again when the next period begins", async () => {
    const { key, until, spend } = await given(monthly, personality);
    spend(400);
    await key.up({ ...monthly, remainQuota: 300 });
    expectQuota(key, 300, "2026-01");
    spend(300);
    until("2026-02-01T00:00:00Z");
    await key.up({ ...monthly, remainQuota: 500 });
    expectQuota(key, 500, "2026-02");
    expect(grantedOf(key.live)).toBe(400 + 300 + 500);
  });

  test("from a total or from no limit to a quota for each period", async () => {
    const { key, until } = await given({ totalQuota: 50 }, personality);
    await key.up(monthly);
    expectQuota(key, 1000, "2026-01");
    await key.up({ unlimitedQuota: true });
    expect(key.state.quotaPeriod).toBeUndefined();
    await key.up(monthly);
    until("2026-02-01T00:00:00Z");
    await key.up(monthly);
    expectQuota(key, 1000, "2026-02");
  });

  test("an adopted key keeps what it has left until the next period", async () => {
    const { setup, server, until } = await given(monthly, personality);
    const { id } = server.console.create({ name: "legacy", remain_quota: 30 });
    const adopted = setup.resource("adopted");
    await adopted.up({ ...monthly, adoptId: String(id) });
    expectQuota(adopted, 30, "2026-01");
    until("2026-02-01T00:00:00Z");
    await adopted.up({ ...monthly, adoptId: String(id) });
    expectQuota(adopted, 1000, "2026-02");
  });

  test("a refresh neither writes nor forgets the period", async () => {
    const { key, until, spend } = await given(daily, personality);
    spend(400);
    until("2026-01-02T00:00:00Z");
    expect(await key.refresh()).toBe(false);
    expectQuota(key, 600, "2026-01-01");
    expect(await key.up(daily)).toBe("updated");
    expectQuota(key, 1000, "2026-01-02");
    spend(1);
    await key.refresh();
    expect(await key.up(daily)).toBe("same");
  });

  test("checked at 23:59 and updated at 00:01, it is written for the day of the check, and once for the next", async () => {
    const { setup, server, key, until, spend } = await given(daily, personality);
    spend(400);
    until("2026-01-02T23:59:00Z");
    const { inputs } = key.check(daily);
    until("2026-01-03T00:01:00Z");
    key.outputs = await setup.lifecycle.update(String(key.id), key.state, inputs);
    key.inputs = inputs;
    expectQuota(key, 1000, "2026-01-02");
    spend(1000);
    await key.up(daily);
    expectQuota(key, 1000, "2026-01-03");
    expect(grantedOf(server.key(Number(key.id)))).toBe(400 + 1000 + 1000);
  });

  test("a clock that goes back begins no earlier period", async () => {
    const { setup, key, until, spend } = await given(monthly, personality);
    until("2026-02-01T00:00:01Z");
    await key.up(monthly);
    spend(10);
    setup.environment["COMETAPI_NOW"] = "2026-01-31T23:59:59Z";
    expect(await key.up(monthly)).toBe("same");
    expectQuota(key, 990, "2026-02");
  });

  test("COMETAPI_NOW shows the preview of another day", async () => {
    const { setup, key } = await given(monthly, personality);
    setup.environment["COMETAPI_NOW"] = "2026-03-01T00:00:00+01:00";
    expect(key.check(monthly).inputs.quotaPeriod).toBe("2026-02");
    setup.environment["COMETAPI_NOW"] = "tomorrow";
    expect(key.check(monthly).failures.map(({ reason }) => reason)).toEqual([
      'COMETAPI_NOW is "tomorrow". Give RFC 3339 with an offset, such as "2026-12-01T00:00:00Z".',
    ]);
  });
});

describe("an update that fails in a new period", () => {
  /** The look before an update is answered, those after it are not. */
  function hideWhatIsWritten({ server }: Rig): () => void {
    let looks = 0;
    const when = () => ++looks > 1;
    const hidden = server.fault({ method: "GET", when }, faults.answer({ status: 400, body: {} }), {
      times: 99,
    });
    return () => hidden.remove();
  }

  test.each(Object.entries(lost))("leaves exactly one quota of it, lost %s", async (_, fault) => {
    for (const used of [0, 400, 1000]) {
      const { setup, server, key, until, spend } = await given(daily);
      if (used > 0) spend(used);
      until("2026-01-02T00:00:00Z");
      server.fault({ method: "PUT" }, fault);
      const show = hideWhatIsWritten(setup);
      const failed = await key.up(daily).catch((error: unknown) => error);
      show();
      if (used > 0) expect(failed).toBeInstanceOf(Error);
      const acted = key.live.remain_quota === 1000;
      if (acted) spend(100);
      await key.up(daily);
      expectQuota(key, acted ? 900 : 1000, "2026-01-02");
      expect(await key.up(daily)).toBe("same");
      expect(grantedOf(key.live)).toBe(used + 1000);
    }
  });

  test("and is finished only in the one after that, leaves each its quota", async () => {
    const { setup, server, key, until, spend } = await given(daily);
    spend(400);
    until("2026-01-02T00:00:00Z");
    server.fault({ method: "PUT" }, faults.reset({ act: true }));
    const show = hideWhatIsWritten(setup);
    await expect(key.up(daily)).rejects.toThrow();
    show();
    expect(key.state.quotaPeriod).toBe("2026-01-01");
    spend(100);
    until("2026-01-03T00:00:00Z");
    await key.up(daily);
    expectQuota(key, 1000, "2026-01-03");
    expect(grantedOf(key.live)).toBe(400 + 100 + 1000);
  });
});

describe("an update that is killed in a new period, when it has written the quota", () => {
  /** The engine is killed: what the update returns reaches no state. */
  async function kill(setup: Rig, key: Resource): Promise<void> {
    const { inputs } = key.check(daily);
    await setup.provider().update(String(key.id), key.state, inputs);
  }

  test.each([
    { used: 400, after: 100, refreshed: false },
    { used: 1000, after: 100, refreshed: false },
    { used: 1000, after: 0, refreshed: true },
    { used: 400, after: 100, refreshed: true },
    { used: 400, after: 1000, refreshed: true },
  ])("is not repeated by the next one: %j", async ({ used, after, refreshed }) => {
    const { setup, key, until, spend } = await given(daily);
    spend(used);
    if (used === 1000) setup.server.console.update(Number(key.id), { status: 4 });
    until("2026-01-02T00:00:00Z");
    await kill(setup, key);
    expect(key.live.remain_quota).toBe(1000);
    spend(after);
    setup.server.advance(60_000);
    if (refreshed) for (let i = 0; i < 2; i++) await key.refresh();
    expect(await key.up(daily)).toBe("updated");
    expectQuota(key, 1000 - after, "2026-01-02");
    expect(key.state).not.toHaveProperty("__granted");
    expect(grantedOf(key.live)).toBe(used + 1000);
    until("2026-01-03T00:00:00Z");
    await key.up(daily);
    expectQuota(key, 1000, "2026-01-03");
  });

  test("is not taken for quota that was given in the console the day before", async () => {
    for (const refreshed of [false, true]) {
      const { server, key, until, spend } = await given(daily);
      spend(1000);
      server.console.update(Number(key.id), { remain_quota: 300 });
      spend(200);
      until("2026-01-02T08:00:00Z");
      spend(50);
      if (refreshed) await key.refresh();
      await key.up(daily);
      expectQuota(key, 1000, "2026-01-02");
    }
  });

  test("asks the log only when what was granted in all has changed", async () => {
    const { server, key, until, spend } = await given(daily);
    spend(1000);
    until("2026-01-02T00:00:00Z");
    await key.up(daily);
    expect(server.requests.filter(({ path }) => path.startsWith("/api/log"))).toEqual([]);
  });
});

describe("a declaration", () => {
  test.each([
    [
      { totalQuota: 5, quotaReset: "daily" },
      "quotaReset cannot go with totalQuota: a total is for the whole life of",
    ],
    [
      { unlimitedQuota: true, quotaReset: "daily" },
      "quotaReset cannot go with unlimitedQuota: a key without a limit",
    ],
    [{ remainQuota: 5, quotaReset: "montly" }, 'but is "montly"; did you mean "monthly"?'],
    [{ remainQuota: 5, quotaReset: 30 }, 'quotaReset must be "daily", "weekly" or "monthly", but is 30'],
    [{ quotaReset: "daily" }, "remainQuota is missing."],
    [{ remainQuota: 5, quotaPeriod: "2026-01" }, "quotaPeriod is not an argument of CometApiKey"],
  ])("of %j is refused at preview, once", async (declared, reason) => {
    const setup = await rig();
    const { failures } = setup.resource().check(declared);
    expect(failures.map((failure) => failure.reason)).toEqual([expect.stringContaining(reason)]);
    expect(setup.server.requests).toEqual([]);
  });

  test("without quotaReset leaves no trace of it in inputs or state", async () => {
    const { key } = await given({ remainQuota: 1000 });
    await key.refresh();
    expect(JSON.stringify([key.inputs, key.state])).not.toMatch(/quotaReset|quotaPeriod|granted/i);
  });
});
