import { describe, expect, test } from "vitest";
import { type Fault, faults } from "../server";
import { allBackends, isReveal, rig } from "./rig";

const limits = {
  remainQuota: 100_000,
  modelLimits: ["gpt-5", "claude-opus-4-6"],
  allowIps: ["203.0.113.0/24", "2001:db8::/32"],
  expiredTime: "2027-06-30T00:00:00Z",
  group: "auto",
  crossGroupRetry: true,
};
const powerless = { remain_quota: 0, unlimited_quota: false };
const post = { method: "POST", path: "/api/token/" };

describe.each(allBackends)("on %s", (_, personality) => {
  test("a generated name needs one POST and one look at the list for it", async () => {
    const { server, resource, ...t } = await given({ personality });
    const key = resource();
    expect(await key.up(limits)).toBe("created");
    const requests = server.requests.filter((request) => !isReveal(request));
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      // Once a run, before its first write.
      "GET /api/token/?p=1&page_size=100",
      "POST /api/token/",
      "GET /api/token/?p=1&page_size=100",
    ]);
    expect(key.live).toMatchObject({ name: key.state.name, remain_quota: 100_000, status: 1 });
    expect(t.living()).toHaveLength(1);
  });

  test("a declared name is given by a full update to a key created under a name nobody else has", async () => {
    const { server, resource } = await given({ personality });
    const key = resource();
    await key.up({ ...limits, name: "production" });
    const writes = server.requests.filter((request) => request.method !== "GET" && !isReveal(request));
    const [made, updated] = writes;
    expect(made?.body).toMatchObject({ name: expect.stringMatching(/^pulumi-pending-[0-9a-z]{15}$/) });
    expect(updated?.body).toMatchObject({ id: Number(key.id), name: "production" });
    expect(key.live).toMatchObject({ name: "production", createdBy: { request: made?.seq } });
    expect(key.state.name).toBe("production");
  });

  test("the outputs are the inputs as resolved and what CometAPI adds", async () => {
    const { resource } = await given({ personality });
    const key = resource();
    await key.up({ ...limits, name: "production" });
    expect(key.state).toEqual({
      ...limits,
      name: "production",
      status: "enabled",
      unlimitedQuota: false,
      modelLimitsEnabled: true,
      key: key.live.key,
      userId: key.live.user_id,
      createdTime: "2026-01-01T00:00:00Z",
      accessedTime: "2026-01-01T00:00:00Z",
      usedQuota: 0,
      availableQuota: 100_000,
    });
  });

  test("every default is spelled out in the outputs", async () => {
    const { resource } = await given({ personality });
    const key = resource();
    await key.up({ unlimitedQuota: true, name: "plain" });
    expect(key.state).toMatchObject({
      status: "enabled",
      expiredTime: "never",
      unlimitedQuota: true,
      modelLimits: [],
      modelLimitsEnabled: false,
      allowIps: [],
      group: "",
      crossGroupRetry: false,
    });
    expect(key.state).not.toHaveProperty("remainQuota");
  });

  test.each([{}, { name: "production" }])("a key can be created disabled, with %j", async (name) => {
    const { resource } = await given({ personality });
    const key = resource();
    await key.up({ ...name, remainQuota: 5, status: "disabled" });
    expect(key.live.status).toBe(2);
    expect(key.state.status).toBe("disabled");
    expect(await key.up({ ...name, remainQuota: 5, status: "disabled" })).toBe("same");
  });

  test.each(['"quoted"', "two\nlines", "\u0007", "עברית", "__proto__", "constructor", "é".repeat(25)])(
    "the name %j arrives exactly",
    async (name) => {
      const { resource } = await given({ personality });
      const key = resource();
      await key.up({ name, remainQuota: 5 });
      expect(key.live.name).toBe(name);
      expect(await key.refresh()).toBe(false);
      expect(await key.up({ name, remainQuota: 5 })).toBe("same");
    },
  );

  test("the largest exact quota arrives exactly", async () => {
    const { resource } = await given({ personality });
    const key = resource();
    await key.up({ remainQuota: 2 ** 53 - 1 });
    expect(key.live.remain_quota).toBe(2 ** 53 - 1);
  });
});

const wholeBody = {
  name: "production",
  expired_time: -1,
  remain_quota: 100_000,
  unlimited_quota: false,
  model_limits_enabled: false,
  model_limits: "",
  allow_ips: null,
  group: "",
  cross_group_retry: false,
};

test("the bodies are the documented ones, field by field: nine to create, eleven to update", async () => {
  const { requests, resource } = await given();
  const key = resource();
  await key.up({ name: "production", remainQuota: 100_000 });
  expect(requests("POST")).toEqual([{ ...wholeBody, name: expect.any(String), remain_quota: 0 }]);
  expect(requests("PUT")).toEqual([{ id: Number(key.id), status: 1, ...wholeBody }]);
});

test("lists and instants are sent as CometAPI spells them", async () => {
  const { requests, resource } = await given();
  await resource().up(limits);
  expect(requests("POST")).toEqual([
    expect.objectContaining({
      expired_time: Date.UTC(2027, 5, 30) / 1000,
      model_limits_enabled: true,
      model_limits: "gpt-5,claude-opus-4-6",
      allow_ips: "203.0.113.0/24\n2001:db8::/32",
      group: "auto",
      cross_group_retry: true,
    }),
  ]);
});

describe("a create finds its own key", () => {
  test("among 50 resources of the same name, created at once", async () => {
    const { resource, living } = await given();
    const keys = Array.from({ length: 50 }, (_, i) => resource(`key-${i}`));
    const expiredTime = (i: number) => 1_900_000_000 + i;
    await Promise.all(
      keys.map((key, i) => key.up({ name: "same", remainQuota: 1000 + i, expiredTime: expiredTime(i) })),
    );
    expect(new Set(keys.map(({ id }) => id)).size).toBe(50);
    for (const [i, key] of keys.entries()) {
      expect(key.live).toMatchObject({ name: "same", remain_quota: 1000 + i });
      expect(key.live.createdBy?.body).toMatchObject({ expired_time: expiredTime(i) });
      expect(key.state.key).toBe(key.live.key);
    }
    expect(living()).toHaveLength(50);
  });

  test("when 250 newer keys appear before it looks", async () => {
    const { server, resource } = await given();
    server.fault({ method: "GET" }, () => {
      for (let i = 0; i < 250; i++) server.console.create({ name: "created at the same time" });
    });
    const key = resource();
    await key.up({ remainQuota: 7 });
    expect(key.live.createdBy?.body).toMatchObject({ remain_quota: 7 });
  });

  test("in a list that lags three seconds behind", async () => {
    const { resource, server, living } = await given({ listLagMs: 3000 });
    server.console.create();
    const key = resource();
    await key.up({ remainQuota: 7, name: "mine" });
    expect(key.live).toMatchObject({ name: "mine", remain_quota: 7 });
    expect(living()).toHaveLength(2);
  });

  test("and not an older one of the same name", async () => {
    const { resource, server } = await given();
    const other = server.console.create({ name: "production" });
    const key = resource();
    await key.up({ remainQuota: 7, name: "production" });
    expect(key.id).not.toBe(String(other.id));
    expect(server.key(other.id)).toEqual(other);
  });
});

describe("a create whose answer was lost", () => {
  const lost = {
    "connection reset": faults.reset({ act: true }),
    "answer cut in half": faults.cutInHalf(),
    "HTML instead of JSON": faults.html({ act: true }),
    "JSON of another shape": faults.wrongShape({ act: true }),
    "HTTP 504": faults.answer({ status: 504, body: {} }, { act: true }),
  };
  test.each(Object.entries(lost))("is looked up and not repeated: %s", async (_, fault) => {
    const { server, resource, living, requests } = await given();
    server.fault(post, fault);
    const key = resource();
    await key.up({ remainQuota: 7, name: "mine" });
    expect(living()).toHaveLength(1);
    expect(requests("POST")).toHaveLength(1);
    expect(key.live).toMatchObject({ name: "mine", remain_quota: 7 });
  });

  test("is looked up with patience, as the list may lag", async () => {
    const { server, resource, living, requests } = await given({ listLagMs: 3000 });
    server.fault(post, faults.reset({ act: true }));
    await resource().up({ remainQuota: 7 });
    expect(requests("POST")).toHaveLength(1);
    expect(living()).toHaveLength(1);
  });

  test("is repeated under the same name when nothing came of it", async () => {
    const { server, resource, living, requests } = await given();
    server.fault(post, faults.reset());
    await resource().up({ remainQuota: 7, name: "mine" });
    const [first, second] = requests("POST");
    expect(second).toEqual(first);
    expect(living()).toHaveLength(1);
  });

  test("leaves no second key when the first took effect late", async () => {
    const { server, resource, living } = await given();
    let act: (() => void) | undefined;
    server.fault(post, (exchange) => {
      act = () => void exchange.act();
      return { status: 504, body: {} };
    });
    server.fault(post, () => act?.());
    const key = resource();
    await key.up({ remainQuota: 7, name: "mine" });
    expect(server.keys()).toHaveLength(2);
    expect(living().map(({ id }) => String(id))).toEqual([key.id]);
  });

  test("that can neither be found nor be created is an error that names the leftover", async () => {
    const { server, resource } = await given();
    server.fault(post, faults.reset({ act: true }));
    server.fault({ method: "GET" }, faults.answer({ status: 503, body: {} }), { times: 1000 });
    const key = resource();
    await expect(key.up({ remainQuota: 7, name: "mine" })).rejects.toThrow(server.keys()[0]?.name);
    expect(key.id).toBeUndefined();
  });
});

describe("a half-created key is kept for the next up", () => {
  test("when the update that gives it its name is refused", async () => {
    const { server, resource, living, requests } = await given();
    server.fault({ method: "PUT" }, faults.refuse("no"), { times: 1 });
    const key = resource();
    await expect(key.up({ remainQuota: 7, name: "mine" })).rejects.toThrow(
      'creating key "mine": CometAPI refused: "no"',
    );
    expect(key.state.name).toMatch(/^pulumi-pending-/);
    expect(key.state.key).toBe(key.live.key);
    expect(await key.up({ remainQuota: 7, name: "mine" })).toBe("updated");
    expect(key.live).toMatchObject({ name: "mine", remain_quota: 7 });
    expect(requests("POST")).toHaveLength(1);
    expect(living()).toHaveLength(1);
  });

  test.each(allBackends)(
    "also after a refresh, which clears the engine's mark of it, on %s",
    async (_, personality) => {
      const { server, resource } = await given({ personality });
      server.fault({ method: "PUT" }, faults.refuse("no"), { times: 1 });
      const key = resource();
      const declared = { remainQuota: 7, status: "disabled" };
      await expect(key.up(declared)).rejects.toThrow("refused");
      await key.refresh();
      expect(await key.up(declared)).toBe("updated");
      expect(key.live.status).toBe(2);
      expect(await key.up(declared)).toBe("same");
    },
  );

  test("and can be destroyed", async () => {
    const { server, resource, living } = await given();
    server.fault({ method: "PUT" }, faults.refuse("no"));
    const key = resource();
    await expect(key.up({ remainQuota: 7, name: "mine" })).rejects.toThrow();
    await key.destroy();
    expect(living()).toEqual([]);
  });
});

describe.each(allBackends)("until a key has its own name it can spend nothing, on %s", (_, personality) => {
  const declarations: [string, Record<string, unknown>][] = [
    ["a quota", { remainQuota: 100 }],
    ["a total", { totalQuota: 100 }],
    ["no limit", { unlimitedQuota: true }],
  ];

  test.each(declarations)("with %s", async (_, declared) => {
    const { server, resource } = await given({ personality });
    const created: unknown[] = [];
    server.fault({ method: "PUT" }, () => void created.push(...server.keys()));
    const key = resource();
    await key.up({ ...declared, name: "mine" });
    expect(created).toEqual([expect.objectContaining({ ...powerless, used_quota: 0 })]);
    expect(key.live).toMatchObject({
      name: "mine",
      status: 1,
      remain_quota: declared["unlimitedQuota"] ? 0 : 100,
      unlimited_quota: declared["unlimitedQuota"] === true,
    });
    expect(await key.refresh()).toBe(false);
    expect(await key.up({ ...declared, name: "mine" })).toBe("same");
  });

  test.each(declarations)("nor when the server refuses the name, with %s", async (_, declared) => {
    const { resource, server } = await given({ personality });
    server.fault({ method: "PUT" }, faults.refuse("this name is taken"), { times: 2 });
    const key = resource();
    await expect(key.up({ ...declared, name: "mine" })).rejects.toThrow("Check the property name");
    expect(key.live).toMatchObject(powerless);
    await expect(key.up({ ...declared, name: "mine" })).rejects.toThrow("this name is taken");
    expect(key.live).toMatchObject(powerless);
    await key.up({ ...declared, name: "mine" });
    expect(key.live).toMatchObject({ name: "mine", unlimited_quota: declared["unlimitedQuota"] === true });
    expect(await key.up({ ...declared, name: "mine" })).toBe("same");
  });
});

test("the name that a key has at first fits where names have 30 bytes", async () => {
  const { resource, requests } = await given({ personality: { nameBytes: 30 } });
  const key = resource();
  await key.up({ remainQuota: 7, name: "mine" });
  expect(requests("POST")).toEqual([
    expect.objectContaining({ name: expect.stringMatching(/^.{30}$/), remain_quota: 0 }),
  ]);
});

test("a refusal of the name that a key has at first is not reported as one of the user's", async () => {
  const { resource, server } = await given();
  server.fault(post, faults.refuse("token name is too long"));
  const failure = await resource().up({ remainQuota: 7, name: "mine" }).then(String, String);
  expect(failure).toContain('"token name is too long" (for a key that is named "pulumi-pending-');
  expect(failure).toContain("Your own name was not sent yet");
  expect(failure).not.toContain("Check the property name");
});

describe("what was stored is what was asked", () => {
  test("a field the server does not keep is an error that names it, with the key safe in state", async () => {
    const { resource } = await given({ personality: { dropsCrossGroupRetry: true } });
    const key = resource();
    await expect(key.up({ remainQuota: 7, group: "vip", crossGroupRetry: true })).rejects.toThrow(
      "did not keep crossGroupRetry (sent true, stored false)",
    );
    expect(key.state.key).toBe(key.live.key);
    await key.up({ remainQuota: 7, group: "vip" });
    expect(await key.up({ remainQuota: 7, group: "vip" })).toBe("same");
  });

  test("a quota the server cut is an error at every up until another is declared", async () => {
    const { server, resource } = await given();
    const cut = () => {
      server.fault({ method: "PUT" }, (exchange) => {
        exchange.act();
        server.console.update(Number((exchange.request.body as { id: number }).id), { remain_quota: 3 });
        const answer = exchange.act().body as { data: object };
        return { status: 200, body: { ...answer, data: { ...answer.data, remain_quota: 3 } } };
      });
    };
    cut();
    const key = resource();
    await expect(key.up({ remainQuota: 7, name: "mine" })).rejects.toThrow(
      "remainQuota (sent 7 ($0.000014), stored 3 ($0.000006))",
    );
    cut();
    await expect(key.up({ remainQuota: 7, name: "mine" })).rejects.toThrow(
      "remainQuota (sent 7 ($0.000014), stored 3 ($0.000006))",
    );
    await key.up({ remainQuota: 7, name: "mine" });
    expect(key.live.remain_quota).toBe(7);
  });
});

test.each([
  "abcd**********wxyz",
  "sk-abcd...wxyz",
  "••••••••",
  "sk-xxxxxxxxxxxx",
  "",
  "abcd…wxyz",
  "<hidden>",
])("the masked key %j is an error, never an output", async (mask) => {
  const { server, resource } = await given();
  const masked: Fault = (exchange) => {
    const answer = exchange.act();
    const body = JSON.parse(JSON.stringify(answer.body)) as {
      data: { items?: { key: string }[]; key: string };
    };
    for (const record of body.data.items ?? [body.data]) record.key = mask;
    return { ...answer, body };
  };
  // The first list is read before anything is created.
  server.fault({ method: "GET", nth: 2 }, masked);
  server.fault({ method: "PUT" }, masked);
  const key = resource();
  await expect(key.up({ remainQuota: 7 })).rejects.toThrow("masked");
  expect(key.state).not.toHaveProperty("key");
  expect(key.live, "a key that nobody can use can spend nothing").toMatchObject(powerless);
  // The server shows it again: the same key is finished, not another one created.
  await key.up({ remainQuota: 7 });
  expect(key.state.key).toBe(key.live.key);
  expect(key.live.remain_quota).toBe(7);
  expect(server.keys()).toHaveLength(1);
});

test("the key and the token are in no address", async () => {
  const { server, resource } = await given();
  const key = resource();
  await key.up({ remainQuota: 7, name: "mine" });
  await key.refresh();
  await key.destroy();
  for (const { path, headers } of server.requests) {
    expect(path).not.toContain(server.account.token);
    expect(headers.authorization).toBe(server.account.token);
  }
});

async function given(options: Parameters<typeof rig>[0] = {}) {
  const made = await rig(options);
  return {
    server: made.server,
    resource: made.resource.bind(made),
    living: made.living.bind(made),
    requests: made.requests.bind(made),
  };
}
