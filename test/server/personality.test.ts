import { describe, expect, it } from "vitest";
import { cometApi, newApi, type Personality } from "./index";
import { chat, make, manage, newYear, put, refusal, start, whole } from "./testing";

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

  it("byteNames: fifty bytes, not characters", async () => {
    const server = await only({ byteNames: true });
    await make(server, { name: "é".repeat(25) });
    const { json } = await manage(server, "POST", "/api/token/", { ...whole, name: "é".repeat(26) });
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

  it("requireUserHeader: the token alone is not enough", async () => {
    const server = await only({ requireUserHeader: true });
    await make(server);
    const { json } = await manage(server, "GET", "/api/token/", undefined, { "new-api-user": "1" });
    expect(json).toEqual(refusal());
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

  it("newApi turns all of it on, with plain keys", async () => {
    const server = await start({ personality: newApi });
    const { id, key } = await make(server, { group: "vip", cross_group_retry: true });
    expect(key).toMatch(/^[A-Za-z0-9]{48}$/);
    const { json } = await put(server, id, { status: 2 });
    expect(json.data).toMatchObject({
      status: 1,
      DeletedAt: null,
      key: expect.stringMatching(/^.{4}\*{10}.{4}$/),
    });
    expect((await chat(server, key)).status).toBe(200);
  });
});
