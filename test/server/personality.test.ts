import { describe, expect, it } from "vitest";
import {
  cometApi,
  newApi,
  newApi2025December,
  newApi2025June,
  newApi2026March,
  newApiMaskedForGood,
  type Personality,
} from "./index";
import { chat, make, manage, newYear, put, refusal, send, start, whole } from "./testing";

describe("personalities", () => {
  const only = (personality: Partial<Personality>) => start({ personality });

  it("are CometAPI as documented unless told", async () => {
    expect((await start()).personality).toEqual(cometApi);
  });

  it("statusOnly: PUT ignores status, and status_only changes nothing else", async () => {
    const server = await only({ statusOnly: true });
    const { id } = await make(server);
    expect((await put(server, id, { status: 2, name: "renamed" })).json.data).toMatchObject({
      status: 1,
      name: "renamed",
    });
    const { json } = await put(server, id, { status: 2, name: "again" }, "?status_only=true");
    expect(json.data).toMatchObject({ status: 2, name: "renamed" });
    const bare = await manage(server, "PUT", "/api/token/?status_only=true", { id, status: 1 });
    expect(bare.json.data).toMatchObject({ status: 1, name: "renamed", remain_quota: 100_000 });
    expect((await manage(server, "PUT", "/api/token/?status_only=true", { id })).json).toEqual(refusal());
    expect(server.violations).toEqual([]);
  });

  it("without statusOnly, status_only is an unknown query and the rest is reset", async () => {
    const server = await start();
    const { id } = await make(server);
    await manage(server, "PUT", "/api/token/?status_only=true", { id, status: 2 });
    expect(server.key(id)).toMatchObject({ status: 2, name: "" });
    expect(server.violations).toHaveLength(1);
  });

  it.each([true, false])(
    "refuseReenable: first the quota or expiry, then status 1 (statusOnly %s)",
    async (statusOnly) => {
      const server = await only({ refuseReenable: true, statusOnly });
      const enable = (id: number, change: object) =>
        put(server, id, change, statusOnly ? "?status_only=true" : "");
      for (const [status, dead, alive] of [
        [4, { remain_quota: 0 }, { remain_quota: 50 }],
        [4, { remain_quota: 0 }, { remain_quota: 0, unlimited_quota: true }],
        [3, { expired_time: newYear / 1000 }, { expired_time: newYear / 1000 + 60 }],
        [3, { expired_time: 0 }, { expired_time: -1 }],
      ] as const) {
        const { id } = await make(server, dead);
        server.console.update(id, { status });
        // A full update with the cure and status 1 together is judged by what is stored, so it is refused.
        expect((await put(server, id, { ...alive, status: 1 })).json).toEqual(refusal());
        expect((await enable(id, { ...alive, status: 1 })).json).toEqual(refusal());
        expect((await put(server, id, { ...alive, status })).json.data).toMatchObject({ status, ...alive });
        expect((await enable(id, { ...alive, status: 1 })).json.data).toMatchObject({ status: 1, ...alive });
      }
    },
  );

  it.each([50, 30])("nameBytes: %d bytes, not characters", async (nameBytes) => {
    const server = await only({ nameBytes });
    await make(server, { name: "é".repeat(nameBytes / 2) });
    const tooLong = { ...whole, name: `${"é".repeat(nameBytes / 2)}x` };
    const { json } = await manage(server, "POST", "/api/token/", tooLong);
    expect(json).toEqual(refusal("token name is too long"));
  });

  it("maskedKeys: no answer of the management API shows the key", async () => {
    const server = await only({ maskedKeys: true });
    const { id, key } = await make(server);
    const masked = `${key.slice(0, 4)}**********${key.slice(-4)}`;
    expect((await manage(server, "GET", "/api/token/")).json.data.items[0].key).toBe(masked);
    expect((await manage(server, "GET", `/api/token/${id}`)).json.data.key).toBe(masked);
    expect((await put(server, id)).json.data.key).toBe(masked);
    expect((await chat(server, key)).status).toBe(200);
    expect((await chat(server, masked)).status).toBe(401);
  });

  it("requireUserHeader: a missing or wrong user is HTTP 401, a bad token still 200 (N)", async () => {
    const server = await only({ requireUserHeader: true });
    await make(server);
    const { token, userId } = server.account;
    const wrong = await manage(server, "GET", "/api/token/", undefined, { "new-api-user": "1" });
    expect([wrong.status, wrong.json]).toEqual([401, refusal()]);
    const missing = await send(server, "GET", "/api/token/", { headers: { authorization: token } });
    expect([missing.status, missing.json]).toEqual([401, refusal()]);
    const headers = { authorization: "wrong", "new-api-user": String(userId) };
    const badToken = await send(server, "GET", "/api/token/", { headers });
    expect([badToken.status, badToken.json]).toEqual([200, refusal()]);
  });

  it.each([
    ["en", "token name is too long"],
    ["fr-CH, en;q=0.5", "le nom du jeton est trop long"],
    ["de, zh;q=0.4, en;q=0.5", "token name is too long"],
    ["en;q=0", "令牌名称过长"],
    ["*", "令牌名称过长"],
  ])("language: Accept-Language %s is answered in it", async (asked, text) => {
    const server = await only({ language: "asked" });
    const body = { ...whole, name: "x".repeat(51) };
    const { json } = await manage(server, "POST", "/api/token/", body, { "accept-language": asked });
    expect(json).toEqual(refusal(text));
    server.personality.language = "zh";
    const forced = await manage(server, "POST", "/api/token/", body, { "accept-language": asked });
    expect(forced.json).toEqual(refusal("令牌名称过长"));
  });

  it('allowIpsEmptyString: null becomes "" in a create and stays null in an update', async () => {
    const server = await only({ allowIpsEmptyString: true });
    const { id } = await make(server, { allow_ips: null });
    expect((await manage(server, "GET", `/api/token/${id}`)).json.data.allow_ips).toBe("");
    expect((await put(server, id, { allow_ips: null })).json.data.allow_ips).toBe(null);
  });

  it("extraFields: records carry what no document names", async () => {
    const server = await only({ extraFields: { DeletedAt: null } });
    const { id } = await make(server);
    expect((await manage(server, "GET", `/api/token/${id}`)).json.data).toHaveProperty("DeletedAt", null);
  });

  it("dropsCrossGroupRetry: kept for auto only", async () => {
    const server = await only({ dropsCrossGroupRetry: true });
    const { id } = await make(server, { group: "vip", cross_group_retry: true });
    expect(server.key(id).cross_group_retry).toBe(false);
    await put(server, id, { group: "auto", cross_group_retry: true });
    expect(server.key(id).cross_group_retry).toBe(true);
    await put(server, id, { group: "", cross_group_retry: true });
    expect(server.key(id).cross_group_retry).toBe(false);
  });

  it("editableExtras: kept by a PUT that sends them, reset by one that does not (N)", async () => {
    const server = await only({ editableExtras: { auto_groups: [], billing_type: 0, remark: "" } });
    const given = { auto_groups: ["vip", "default"], billing_type: 2, remark: "of the team" };
    const { id } = server.console.create(given);
    expect((await manage(server, "GET", `/api/token/${id}`)).json.data).toMatchObject(given);
    expect((await put(server, id, given)).json.data).toMatchObject(given);
    expect((await put(server, id, { ...given, remark: 5 })).json).toEqual(refusal());
    expect(server.violations).toEqual([]);
    await put(server, id);
    expect(server.key(id)).toMatchObject({ auto_groups: [], billing_type: 0, remark: "" });
    expect(server.violations).toEqual([{ request: 4, rule: expect.stringContaining("lacks auto_groups") }]);
    // A create cannot know them, and need not.
    expect(await make(server)).toMatchObject({ remark: "" });
    expect(server.violations).toHaveLength(1);
  });

  it("lacksFields: a field that is not known is neither stored nor refused (N)", async () => {
    const server = await only({ lacksFields: ["cross_group_retry"] });
    const { id } = await make(server, { group: "vip", cross_group_retry: true });
    expect(server.key(id)).not.toHaveProperty("cross_group_retry");
    expect(server.console.create()).not.toHaveProperty("cross_group_retry");
    expect(server.violations).toEqual([]);
  });

  it("listShape: a bare array, and p counts from 0 (N, before July 2025)", async () => {
    const server = await only({ listShape: "bare array" });
    const ids = Array.from({ length: 3 }, () => server.console.create().id).reverse();
    const page = async (query: string) =>
      (await manage(server, "GET", `/api/token/${query}`)).json.data.map((key: { id: number }) => key.id);
    expect(await page("")).toEqual(ids);
    expect(await page("?p=0&page_size=2")).toEqual(ids.slice(0, 2));
    expect(await page("?p=1&page_size=2")).toEqual(ids.slice(2));
    expect(await page("?p=2&page_size=2")).toEqual([]);
  });

  it("tooManyKeysInChinese: whatever language is asked for (N)", async () => {
    const server = await only({ tooManyKeysInChinese: true, language: "asked", maxKeys: 0 });
    const { json } = await manage(server, "POST", "/api/token/", whole, { "accept-language": "en" });
    expect(json).toEqual(refusal("已达到最大令牌数量限制 (0)"));
  });

  it("anyGroup: stored, and refused by model requests (N)", async () => {
    const server = await only({ anyGroup: true });
    const { id, key } = await make(server, { group: "nobody's" });
    expect((await chat(server, key)).status).toBe(403);
    server.console.update(id, { group: "vip" });
    expect((await chat(server, key)).status).toBe(200);
  });

  it("maxQuota: more is refused (N)", async () => {
    const server = await only({ maxQuota: 500 });
    await make(server, { remain_quota: 500 });
    const { json } = await manage(server, "POST", "/api/token/", { ...whole, remain_quota: 501 });
    expect(json).toEqual(refusal());
  });

  it("version: in a header of every answer (N)", async () => {
    const server = await only({ version: "v1", limits: { global: { requests: 3, windowMs: 1000 } } });
    const answers = [
      await manage(server, "GET", "/api/token/"),
      await manage(server, "GET", "/api/token"),
      await manage(server, "GET", "/nowhere"),
      await chat(server, "nobody"),
      await manage(server, "GET", "/api/status"),
      await manage(server, "GET", "/api/status"),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 301, 404, 401, 404, 429]);
    for (const { headers } of answers) expect(headers.get("x-new-api-version")).toBe("v1");
    const comet = await manage(await start(), "GET", "/api/token/");
    expect(comet.headers.get("x-new-api-version")).toBe(null);
  });

  it("lacks: an endpoint of other versions is not there, and asking for it breaks no rule", async () => {
    const server = await start();
    const { status, headers } = await manage(server, "GET", "/api/user/models");
    expect([status, headers.get("content-type")]).toEqual([404, expect.stringContaining("text/html")]);
    expect(server.violations).toEqual([]);
    server.personality.lacks = [];
    expect((await manage(server, "GET", "/api/user/models")).status).toBe(200);
  });

  it("newApi: masks that can be revealed, plain keys taken with sk- too, and status apart (N7)", async () => {
    const server = await start({ personality: newApi });
    const { id, key } = await make(server, { group: "vip", cross_group_retry: true });
    expect(key).toMatch(/^[A-Za-z0-9]{48}$/);
    const { json } = await put(server, id, { status: 2, cross_group_retry: true, group: "vip" });
    expect(json.data).toMatchObject({
      status: 1,
      cross_group_retry: true,
      DeletedAt: null,
      key: expect.stringMatching(/^.{4}\*{10}.{4}$/),
    });
    expect((await chat(server, key)).status).toBe(200);
    expect((await chat(server, `sk-${key}`)).status).toBe(200);
    expect((await manage(server, "POST", `/api/token/${id}/key`)).json.data).toEqual({ key });
  });

  it.each([
    ["newApi", newApi, { masked: true, reveals: 200, requests: 360 }],
    ["newApiMaskedForGood", newApiMaskedForGood, { masked: true, reveals: 404, requests: 360 }],
    ["newApi2026March", newApi2026March, { masked: false, reveals: 404, requests: 180 }],
    ["newApi2025December", newApi2025December, { masked: false, reveals: 404, requests: 180 }],
    ["newApi2025June", newApi2025June, { masked: false, reveals: 404, requests: 180 }],
  ] as const)("%s is of its date", async (_, personality, { masked, reveals, requests }) => {
    const server = await start({ personality });
    const { id } = await make(server, { name: "x".repeat(30) });
    const record = (await manage(server, "GET", `/api/token/${id}`)).json.data;
    expect(record.key.includes("*")).toBe(masked);
    expect((await manage(server, "POST", `/api/token/${id}/key`)).status).toBe(reveals);
    expect(server.personality.limits.global).toEqual({ requests, windowMs: 180_000 });
    const longer = await manage(server, "POST", "/api/token/", { ...whole, name: "x".repeat(31) });
    expect(longer.json.success).toBe(personality !== newApi2025June);
  });
});
