import { describe, expect, test } from "vitest";
import { keys, models, usage } from "../../provider/lookups";
import { expectNoLeak, secretsOf } from "../faults/leaks";
import { faults, newApi, noLimits, type Personality } from "../server";
import { rig } from "./rig";

const list = { when: ({ query }: { query: URLSearchParams }) => query.has("p") };

async function given(personality: Partial<Personality> = {}) {
  const setup = await rig({ personality });
  const { server } = setup;
  return { setup, server, host: setup.host(), request: () => server.requests.at(-1) };
}

describe("getCometApiKeyUsage", () => {
  test("says what the key was granted, has used and may do", async () => {
    const { server, host } = await given();
    const key = server.console.create({
      name: "backend",
      remain_quota: 500,
      model_limits: "gpt-5-mini,gpt-5",
      model_limits_enabled: true,
      expired_time: Date.UTC(2030, 0) / 1000,
    });
    server.console.spend(key.id, 30);
    expect(await usage(host, { key: key.key })).toEqual({
      name: "backend",
      totalQuota: 500,
      usedQuota: 30,
      availableQuota: 470,
      unlimitedQuota: false,
      modelLimits: ["gpt-5", "gpt-5-mini"],
      modelLimitsEnabled: true,
      expiredTime: "2030-01-01T00:00:00Z",
    });
    const forever = server.console.create();
    expect((await usage(host, { key: forever.key })).expiredTime).toBe("never");
  });

  test("asks with the key alone: the access token is neither needed nor sent", async () => {
    const { setup, server, host, request } = await given();
    const { key } = server.console.create();
    await usage(host, { key });
    expect(request()?.headers).toMatchObject({ authorization: `Bearer ${key}` });
    expect(request()?.headers).not.toHaveProperty("new-api-user");
    setup.environment["COMETAPI_ACCESS_TOKEN"] = "";
    expect((await usage(setup.host(), { key })).usedQuota).toBe(0);
  });

  test.each([
    ["in full", {}],
    ["masked", { ...newApi, limits: noLimits, hold: undefined }],
  ])(
    "of many keys costs one walk over the account's list, and two requests, with keys %s",
    async (_, personality) => {
      const { server, host } = await given(personality);
      const keys = Array.from({ length: 60 }, (_, i) =>
        server.console.create({
          name: `key ${i}`,
          remain_quota: 100 + i,
          model_limits: "gpt-5,claude-opus-4-6",
          unlimited_quota: i === 7,
          expired_time: i === 9 ? Date.UTC(2030, 0) / 1000 : -1,
        }),
      );
      for (const { id, remain_quota } of keys) server.console.spend(id, remain_quota - 90);
      const alone = [
        await usage(host, { key: keys[7]?.key ?? "" }),
        await usage(host, { key: keys[9]?.key ?? "" }),
      ];
      const together = await Promise.all(keys.map(({ key }) => usage(host, { key })));
      expect([together[7], together[9]]).toEqual(alone);
      expect(
        together.map(({ name, usedQuota, availableQuota }) => [name, usedQuota, availableQuota]),
      ).toEqual(keys.map(({ name }, i) => [name, 10 + i, 90]));
      expect(server.requests.map(({ pathname }) => pathname)).toEqual([
        "/api/usage/token/",
        "/api/usage/token/",
        "/api/token/",
      ]);
    },
  );

  test("of a key of another account is asked with the key, also among many", async () => {
    const { server, host } = await given();
    const keys = [1, 2, 3, 4].map(() => server.console.create());
    keys.push(server.console.create({ name: "elsewhere" }, server.addAccount()));
    const found = await Promise.all(keys.map(({ key }) => usage(host, { key })));
    expect(found.at(-1)?.name).toBe("elsewhere");
    expect(server.requests).toHaveLength(2);
  });

  test("needs no usage endpoint where the token is known", async () => {
    const { server, host } = await given({ lacks: ["GET /api/usage/token/"] });
    const { key } = server.console.create({ name: "backend" });
    expect((await usage(host, { key })).name).toBe("backend");
  });

  test("of a key that is not there says what to check, and nothing of the token", async () => {
    const { server, host } = await given();
    const { id, key } = server.console.create();
    server.console.delete(id);
    const refusal = await usage(host, { key }).catch(String);
    expect(refusal).toBe(
      `Error: reading the usage of the key that ends in ${key.slice(-4)}: CometAPI refused: "failed to get token information". ` +
        "Check that the key still exists, in an account of that server.",
    );
  });

  test.each([undefined as never, "", "sk-a b", "sk-a\r\nx: y", "Bearer sk-abc"])(
    "refuses %j before any request",
    async (key) => {
      const { server, host } = await given();
      await expect(usage(host, { key })).rejects.toThrow("usage of a key: `key` must be an API key as it is");
      expect(server.requests).toEqual([]);
    },
  );
});

describe("getCometApiKeys", () => {
  test("returns every key of the account, oldest first, all properties but the secret", async () => {
    const { server, host } = await given();
    const first = server.console.create({ name: "first", allow_ips: "127.0.0.1\n::1", group: "vip" });
    for (let i = 0; i < 250; i++) server.console.create();
    server.console.create({}, server.addAccount());
    server.console.spend(first.id, 30);
    const found = await keys(host, {});
    expect(found.map(({ id }) => id)).toEqual(server.account.living.map(({ record }) => String(record.id)));
    expect(found[0]).toEqual({
      id: String(first.id),
      name: "first",
      status: "enabled",
      expiredTime: "never",
      unlimitedQuota: false,
      modelLimits: [],
      modelLimitsEnabled: false,
      allowIps: ["127.0.0.1", "::1"],
      group: "vip",
      crossGroupRetry: false,
      userId: server.account.userId,
      createdTime: "2026-01-01T00:00:00Z",
      accessedTime: "2026-01-01T00:00:00Z",
      usedQuota: 30,
      availableQuota: 99_970,
    });
    expectNoLeak([JSON.stringify(found)], secretsOf(server));
    // Three pages, and whose token it is.
    expect(server.requests).toHaveLength(3 + 1);
  });

  test("filters by exact name and by status", async () => {
    const { server, host } = await given();
    const one = server.console.create({ name: "one" });
    server.console.create({ name: "one more" });
    const spent = server.console.create({ name: "one" });
    server.console.update(spent.id, { status: 4 });
    const ids = async (args: object) => (await keys(host, args)).map(({ id }) => Number(id));
    expect(await ids({ name: "one" })).toEqual([one.id, spent.id]);
    expect(await ids({ name: "one", status: "exhausted" })).toEqual([spent.id]);
    expect(await ids({ name: "none" })).toEqual([]);
    expect(await ids({ name: null, status: null })).toHaveLength(3);
    await expect(keys(host, { status: "spent" })).rejects.toThrow(
      '`status` must be one of "enabled", "disabled", "expired", "exhausted".',
    );
  });

  test("misses none, although keys are deleted while the list is read", async () => {
    const { server, host } = await given();
    const made = Array.from({ length: 250 }, () => server.console.create());
    const newest = made.slice(-5);
    server.onFinished(({ path }) => {
      if (!path.includes("p=1&page_size=100")) return;
      for (const { id } of newest.splice(0)) server.console.delete(id);
    });
    const found = await keys(host, {});
    const gone = new Set(made.slice(-5).map(({ id }) => String(id)));
    expect(found.filter(({ id }) => !gone.has(id))).toHaveLength(245);
  });

  test("takes a list whose total is wrong for what it is, once it was seen twice", async () => {
    const { server, host } = await given();
    server.console.create();
    server.fault(
      list,
      (exchange) => {
        const { status, body } = exchange.act();
        const { data } = body as { data: object };
        return { status, body: { success: true, message: "", data: { ...data, total: 0 } } };
      },
      { times: 10 },
    );
    expect(await keys(host, {})).toHaveLength(1);
    expect(server.requests.filter(({ pathname }) => pathname === "/api/token/")).toHaveLength(2);
  });

  test("looks in the account that is named, or in that of new keys", async () => {
    const { setup, server } = await given();
    const { token, userId } = server.addAccount();
    const inBilling = server.console.create({}, server.accounts[1]);
    const accounts = JSON.stringify({ billing: { accessToken: token, userId } });
    const host = setup.host({ "cometapi:accounts": accounts });
    expect(await keys(host, {})).toEqual([]);
    expect(await keys(host, { account: "billing" })).toMatchObject([{ id: String(inBilling.id) }]);
    const byDefault = setup.host({ "cometapi:accounts": accounts, "cometapi:account": "billing" });
    expect(await keys(byDefault, {})).toHaveLength(1);
    expect(await keys(byDefault, { account: "" })).toEqual([]);
    await expect(keys(host, { account: "biling" })).rejects.toThrow(
      'listing the keys: account is "biling", but cometapi:accounts has "billing"',
    );
    setup.environment["COMETAPI_ACCESS_TOKEN"] = "";
    await expect(keys(host, {})).rejects.toThrow("listing the keys: cometapi:accessToken is not set");
  });
});

describe("getCometApiModels", () => {
  test("returns the catalogue, sorted, with what is known of each model", async () => {
    const { server, host } = await given();
    server.settings.models = ["gpt-5", "claude-opus-4-6", "gpt-5", "llama"];
    server.settings.modelRows = {
      "claude-opus-4-6": { features: null, pricing: { currency: "USD", input: null } },
    };
    expect(await models(host, {})).toEqual([
      {
        id: "claude-opus-4-6",
        provider: "Anthropic",
        type: "text",
        endpoints: ["chat"],
        contextLength: 200_000,
        pricing: { currency: "USD" },
      },
      {
        id: "gpt-5",
        provider: "OpenAI",
        type: "text",
        features: ["text-to-text"],
        endpoints: ["chat"],
        contextLength: 400_000,
        pricing: { currency: "USD", input: 1.25, output: 10 },
      },
      { id: "llama" },
    ]);
    expect(server.requests).toHaveLength(1);
  });

  test("on New API returns what the account may use, and not its catalogue by channel type", async () => {
    const setup = await rig({ personality: { ...newApi, maskedKeys: false } });
    setup.server.settings.models = ["gpt-5", "claude-opus-4-6"];
    expect(await models(setup.host(), {})).toEqual([{ id: "claude-opus-4-6" }, { id: "gpt-5" }]);
    expect(setup.server.requests.map(({ path }) => path)).toEqual(["/api/models", "/api/user/models"]);
  });

  test("needs no token, and sends one that is there", async () => {
    const { setup, server, host, request } = await given();
    await models(host, {});
    expect(request()?.headers.authorization).toBe(server.account.token);
    setup.environment["COMETAPI_ACCESS_TOKEN"] = "";
    expect(await models(setup.host(), {})).toHaveLength(4);
    expect(request()?.headers).not.toHaveProperty("authorization");
  });

  test("that is no catalogue is an error, not an empty list", async () => {
    const { server, host } = await given();
    server.fault({}, faults.answer({ status: 200, body: { success: true, data: { 1: ["gpt-5"] } } }));
    await expect(models(host, {})).rejects.toThrow("this server does not list the models of an account");
    server.fault({}, faults.refuse("not you"));
    await expect(models(host, {})).rejects.toThrow(
      'reading the model catalogue: CometAPI refused: "not you"',
    );
  });
});

describe("every lookup", () => {
  const looks = {
    usage: (host: Parameters<typeof usage>[0], key: string) => usage(host, { key }),
    keys: (host: Parameters<typeof keys>[0]) => keys(host, {}),
    models: (host: Parameters<typeof models>[0]) => models(host, {}),
  };

  test.each(Object.entries(looks))("is tried again by the retry policy: %s", async (_, look) => {
    const { setup, server, host } = await given();
    const { key } = server.console.create();
    server.fault({}, () => ({ status: 429, headers: { "retry-after": "9" }, body: {} }));
    server.fault({}, () => ({ status: 503, body: {} }));
    await look(host, key);
    expect(server.requests.slice(0, 3).map(({ acted }) => acted?.status)).toEqual([
      undefined,
      undefined,
      200,
    ]);
    expect(setup.told).toEqual([
      expect.stringMatching(/is limiting .*: 1 key is waiting; next try in \d+ s/),
    ]);
  });

  test.each(Object.entries(looks))("ends within its time, and quotes no secret: %s", async (_, look) => {
    const { setup, server, host } = await given();
    const { key } = server.console.create();
    server.fault(
      {},
      () => ({ status: 503, body: { message: secretsOf(server).join(" "), success: false } }),
      {
        times: Number.POSITIVE_INFINITY,
      },
    );
    const failure = await look(host, key).catch(String);
    expect(failure).toMatch(/given up after \d+ tries/);
    expect(setup.waited).toBeLessThanOrEqual(120_000);
    expectNoLeak([String(failure), ...setup.told], secretsOf(server));
  });
});
