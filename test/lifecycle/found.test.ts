import { describe, expect, test } from "vitest";
import { type CometServer, type Exchange, faults } from "../server";
import { allBackends, type Resource, rig } from "./rig";

/** Faults that were found in this provider once. Each test is named after what went wrong. */

const put = { method: "PUT" };
const post = { method: "POST", path: "/api/token/" };
const pending = /^pulumi-pending-[0-9a-z]{15}$/;

async function made(
  options: Parameters<typeof rig>[0] = {},
  declared: Record<string, unknown> = { remainQuota: 100 },
) {
  const setup = await rig(options);
  const key = setup.resource();
  await key.up(declared);
  return { setup, server: setup.server, key };
}

function granted(key: Resource): number {
  return key.live.ledger.filter(({ kind }) => kind === "grant").reduce((sum, { amount }) => sum + amount, 0);
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "succeeded",
    (error: Error) => error.message,
  );
}

describe.each(allBackends)("on %s", (_, personality) => {
  test("a key in use that was to be disabled came out enabled", async () => {
    const { server, key } = await made({ personality });
    server.fault(put, () => void server.console.spend(Number(key.id), 1), { times: 3 });
    await key.up({ remainQuota: 100, status: "disabled", name: "other" });
    expect(key.live).toMatchObject({ status: 2, name: "other" });
    expect(granted(key)).toBe(100);
  });

  test("what an update gave away was kept when it failed before it could take it back", async () => {
    const { server, key } = await made({ personality });
    server.fault(put, () => {
      server.console.spend(Number(key.id), 40);
      server.fault({ method: "GET" }, faults.answer({ status: 503, body: {} }), { times: 1000 });
    });
    await expect(key.up({ remainQuota: 100, name: "other" })).rejects.toThrow("HTTP 503");
    await reachable(server);
    await key.refresh();
    await key.up({ remainQuota: 100, name: "other" });
    expect(granted(key)).toBe(100);
  });

  test("a quota was assigned a second time after the first could not be seen", async () => {
    const { server, key } = await made({ personality });
    server.fault(put, faults.reset({ act: true }));
    server.fault({ method: "GET", nth: 2 }, faults.answer({ status: 503, body: {} }), { times: 1000 });
    await expect(key.up({ remainQuota: 200 })).rejects.toThrow("HTTP 503");
    await reachable(server);
    server.console.spend(Number(key.id), 150);
    await key.up({ remainQuota: 200 });
    expect(granted(key)).toBe(200);
    expect(await key.up({ remainQuota: 200 })).toBe("same");
  });

  test("a quota that was written was taken away again as the status after it failed", async () => {
    const { server, key } = await made({ personality });
    await key.up({ remainQuota: 100, expiredTime: "2026-01-01T01:00:00Z" });
    server.advance(3600_001);
    server.console.update(Number(key.id), { status: 3 });
    const declared = { remainQuota: 200, expiredTime: "2027-01-01T00:00:00Z" };
    server.fault({ ...put, nth: 2 }, faults.refuse("not now"));
    await expect(key.up(declared)).rejects.toThrow("not now");
    expect(granted(key)).toBe(200);
    await key.up(declared);
    expect(granted(key)).toBe(200);
    expect(key.live.status).toBe(1);
  });

  test("what a failed update gave away was kept when the next one failed too", async () => {
    const { server, key } = await made({ personality });
    for (const spent of [40, 20]) {
      server.fault(put, () => {
        server.console.spend(Number(key.id), spent);
        server.fault({ method: "GET" }, faults.answer({ status: 503, body: {} }), { times: 1000 });
      });
      await expect(key.up({ remainQuota: 100, name: "other" })).rejects.toThrow("HTTP 503");
      await reachable(server);
    }
    await key.up({ remainQuota: 100, name: "other" });
    expect(granted(key)).toBe(100);
  });

  test("a key with little left stayed disabled when its update was refused", async () => {
    const { server, key } = await made({ personality });
    server.console.spend(Number(key.id), 95);
    await expect(key.up({ remainQuota: 100, group: "a group nobody has" })).rejects.toThrow(
      "no access to group",
    );
    expect(key.live).toMatchObject({ status: 1, remain_quota: 5 });
    await key.up({ remainQuota: 100 });
    expect(granted(key)).toBe(100);
    expect(key.live.status).toBe(1);
  });

  test("a top-up in the console during a rename was taken away", async () => {
    const { server, key } = await made({ personality });
    server.fault(put, (exchange) => {
      const answer = exchange.act();
      server.console.update(Number(key.id), { remain_quota: 500 });
      return answer;
    });
    await key.up({ remainQuota: 100, name: "other" });
    expect(key.live.remain_quota).toBe(500);
  });

  test("a quota was kept that an update of unknown fate had brought, when the one after it failed too", async () => {
    const { server, key } = await made({ personality });
    for (const [remainQuota, act] of [
      [500, true],
      [50, false],
    ] as const) {
      server.fault(put, faults.reset({ act }));
      server.fault({ method: "GET", nth: 2 }, faults.answer({ status: 503, body: {} }), { times: 1000 });
      await expect(key.up({ remainQuota })).rejects.toThrow("HTTP 503");
      await reachable(server);
    }
    await key.up({ remainQuota: 100 });
    expect(key.live.remain_quota).toBe(100);
  });

  test("HTTP 520 after the server had acted was taken for a refusal", async () => {
    const { server, setup, key } = await made({ personality });
    const unknown = faults.answer({ status: 520, body: {} }, { act: true });
    server.fault(post, unknown);
    await setup.resource("second").up({ remainQuota: 5, name: "second" });
    expect(setup.living()).toHaveLength(2);
    server.fault(put, unknown);
    await key.up({ remainQuota: 200 });
    expect(granted(key)).toBe(200);
  });
});

/** Ends every fault that is still hung on the server. */
async function reachable(server: CometServer): Promise<void> {
  for (let blocked = true; blocked; ) {
    const answer = await fetch(`${server.url}/api/token/?p=1&page_size=1`, {
      headers: { authorization: server.account.token, "new-api-user": String(server.account.userId) },
    });
    blocked = answer.status !== 200;
  }
}

test("one key of an odd shape in the account stopped every create", async () => {
  const { server, setup } = await made();
  const odd = server.console.create({ name: "odd", remain_quota: 2 ** 60 });
  server.console.update(odd.id, { status: 0 });
  const key = setup.resource("second");
  await key.up({ remainQuota: 5, name: "second" });
  expect(setup.living()).toHaveLength(3);
});

test("a key of one's own with an undocumented status could not be repaired", async () => {
  const { server, key } = await made();
  server.console.update(Number(key.id), { status: 0 });
  expect(await key.refresh()).toBe(true);
  await key.up({ remainQuota: 100 });
  expect(key.live.status).toBe(1);
});

describe("the same id on another server or account was taken for the key", () => {
  test.each(["up", "refresh", "destroy"])("by %s", async (operation) => {
    const { setup, key } = await made();
    const { server: elsewhere } = await made({ now: () => Date.UTC(2026, 5) });
    const before = elsewhere.keys();
    key.id = String(before[0]?.id);
    setup.environment = { COMETAPI_BASE_URL: elsewhere.url, COMETAPI_ACCESS_TOKEN: elsewhere.account.token };
    setup.lifecycle = setup.provider();
    const work = {
      up: () => key.up({ remainQuota: 7 }),
      refresh: () => key.refresh(),
      destroy: () => key.destroy(),
    };
    await expect(work[operation as keyof typeof work]()).rejects.toThrow(
      "this id belongs to a different key on this server",
    );
    expect(elsewhere.keys()).toEqual(before);
    expect(key.id).toBeDefined();
  });
});

test("an answer about another key was believed", async () => {
  const { server, key } = await made();
  const other = server.console.create();
  const about = (exchange: Exchange) => {
    const answer = exchange.act();
    return { ...answer, body: { success: true, message: "", data: { ...other, ledger: undefined } } };
  };
  server.fault({ method: "GET" }, about);
  await expect(key.refresh()).rejects.toThrow(`is about another key, ${other.id}`);
  expect(key.state.key).toBe(key.live.key);
});

describe("a second key was left behind", () => {
  test.each([3000, 8000])("when the list lagged %i ms behind a lost create", async (listLagMs) => {
    const { server, setup } = await made({ listLagMs });
    server.fault(post, faults.reset({ act: true }));
    const key = setup.resource("second");
    await key.up({ remainQuota: 5, name: "second" });
    expect(setup.living()).toHaveLength(2);
  });

  test("and the first one lost, when the second could not be deleted", async () => {
    const { server, setup } = await made();
    actLate(server);
    server.fault({ method: "DELETE" }, faults.refuse("not now"), { times: 5 });
    const key = setup.resource("second");
    await expect(key.up({ remainQuota: 5, name: "second" })).rejects.toThrow("not now");
    expect(key.id).toBeDefined();
  });

  test("when the server did not keep every field of it", async () => {
    const { server, setup } = await made({ personality: { dropsCrossGroupRetry: true } });
    actLate(server);
    const key = setup.resource("second");
    const declared = { remainQuota: 5, name: "second", group: "vip", crossGroupRetry: true };
    await expect(key.up(declared)).rejects.toThrow("did not keep crossGroupRetry");
    expect(setup.living()).toHaveLength(2);
  });
});

/** The next POST is carried out only once the one after it arrives. */
function actLate(server: CometServer): void {
  let act = () => {};
  server.fault(post, (exchange) => {
    act = () => void exchange.act();
    return { status: 504, body: {} };
  });
  server.fault(post, () => act());
}

test("a list that shows less than there is proved a key gone", async () => {
  const { server, key } = await made();
  server.fault({ method: "GET" }, faults.refuse("busy"));
  server.fault(
    { method: "GET" },
    (exchange) => {
      const body = structuredClone(exchange.act().body) as { data: { items: unknown[] } };
      body.data.items = [];
      return { status: 200, body };
    },
    { times: 10 },
  );
  await expect(key.refresh()).rejects.toThrow("neither found nor proved gone");
  expect(key.id).toBeDefined();
});

test("a list without an end was walked for ever", async () => {
  const { server, setup } = await made();
  for (let i = 0; i < 120; i++) server.console.create();
  server.fault(
    { method: "GET", when: ({ query }) => query.has("p") },
    (exchange) => {
      server.advance(5_000);
      exchange.request.query.set("p", "1");
    },
    { times: 10_000 },
  );
  server.fault(post, faults.answer({ status: 200, body: { success: true, message: "" } }));
  await expect(setup.resource("second").up({ remainQuota: 5 })).rejects.toThrow("no end within the time");
});

test("the key itself was quoted from what the server said", async () => {
  const { server, setup, key } = await made();
  const secret = key.live.key;
  server.fault(put, faults.refuse(`token ${secret.split("").join("\u200b")} or ${secret} cannot be changed`));
  setup.lifecycle = setup.provider();
  const message = await messageOf(key.up({ remainQuota: 5 }));
  expect(message).toContain('"token [secret] or [secret] cannot be changed"');
});

test("what the server stored instead was printed raw", async () => {
  const { server, key } = await made();
  const { token } = server.account;
  server.fault(put, (exchange) => {
    const body = structuredClone(exchange.act().body) as { data: Record<string, unknown> };
    body.data["group"] = `\u001b[31m${token}${key.live.key}${"x".repeat(3000)}`;
    return { status: 200, body };
  });
  const message = await messageOf(key.up({ remainQuota: 100, name: "other" }));
  expect(message).toContain("did not keep group");
  expect(message.length).toBeLessThan(1000);
  for (const secret of [token, key.live.key, "\u001b"]) expect(message).not.toContain(secret);
});

test("an expiry that has passed and was changed in the console stopped every up", async () => {
  const declared = { remainQuota: 5, expiredTime: "2026-01-01T01:00:00Z" };
  const { server, key } = await made({}, declared);
  server.advance(3600_001);
  server.console.update(Number(key.id), { expired_time: -1 });
  expect(await key.refresh()).toBe(true);
  expect(await key.refresh()).toBe(false);
  expect(await key.up(declared)).toBe("updated");
  expect(key.live.expired_time).toBe(Date.UTC(2026, 0, 1, 1) / 1000);
  expect(await key.up(declared)).toBe("same");
  expect(await key.refresh()).toBe(false);
});

test("errors of keys created at once named each other", async () => {
  const { server, setup } = await made();
  server.fault({ method: "GET" }, faults.answer({ status: 403, body: {} }), { times: 100 });
  const messages = await Promise.all(
    [1, 2, 3, 4].map((i) => messageOf(setup.resource(`r${i}`).up({ remainQuota: i, name: `n${i}` }))),
  );
  for (const message of messages) expect(message.match(/pulumi-pending-/g)).toHaveLength(1);
});

test("a host that could not be reached was tried 25 times", async () => {
  const { setup } = await made();
  setup.environment["COMETAPI_BASE_URL"] = "http://127.0.0.1:1";
  setup.lifecycle = setup.provider();
  setup.waited = 0;
  const message = await messageOf(setup.resource("second").up({ remainQuota: 5 }));
  expect(message.match(/given up/g)).toHaveLength(1);
  expect(setup.waited).toBeLessThan(10_000);
  expect(message).not.toMatch("may have been created");
});

test("an update seemed undone to a read that lagged behind", async () => {
  const { server, key } = await made();
  server.settings.getLagMs = 3000;
  server.advance(10_000);
  await key.up({ remainQuota: 100, name: "other" });
  expect(key.state.name).toBe("other");
  expect(granted(key)).toBe(100);
  expect(await key.up({ remainQuota: 100, name: "other" })).toBe("same");
});

test("a lost create was said to be looked up by the next up", async () => {
  const { server, setup } = await made();
  server.fault(post, faults.reset({ act: true }));
  server.fault({ method: "GET" }, faults.answer({ status: 503, body: {} }), { times: 1000 });
  const message = await messageOf(setup.resource("second").up({ remainQuota: 5, name: "second" }));
  const leftover = server.keys().at(-1)?.name ?? "";
  expect(leftover).toMatch(pending);
  expect(message).toContain(`with the name "${leftover}": delete it in the CometAPI console`);
  expect(message).not.toContain("looks for what was done");
});

test("the time before 1970 was taken for never", async () => {
  const { setup } = await made();
  const { failures } = setup.resource().check({ remainQuota: 1, expiredTime: "1969-12-31T23:59:59Z" });
  expect(failures).toHaveLength(1);
});

test("a token was sent to a proxy in the clear", async () => {
  const { setup } = await made();
  process.env["http_proxy"] = "http://127.0.0.1:1";
  try {
    setup.lifecycle = setup.provider();
    await setup.resource("second").up({ remainQuota: 5 });
  } finally {
    delete process.env["http_proxy"];
  }
  expect(setup.living()).toHaveLength(2);
});
