import { describe, expect, it } from "vitest";
import type { CometServer, KeyView } from "./index";
import { chat, make, manage, newYear, put, refusal, send, start, whole } from "./testing";

describe("create", () => {
  it("answers neither id nor key", async () => {
    const server = await start();
    const { status, json } = await manage(server, "POST", "/api/token/", whole);
    expect([status, json]).toEqual([200, { success: true, message: "" }]);
    expect(server.violations).toEqual([]);
  });

  it("stores what was asked, enabled, unused and stamped with the server's time in seconds", async () => {
    const server = await start();
    const key = await make(server, { allow_ips: "10.0.0.0/8\n::1", group: "vip", cross_group_retry: true });
    expect(key).toMatchObject({
      ...whole,
      allow_ips: "10.0.0.0/8\n::1",
      group: "vip",
      cross_group_retry: true,
      user_id: server.account.userId,
      status: 1,
      used_quota: 0,
      created_time: newYear / 1000,
      accessed_time: newYear / 1000,
    });
    expect(key.key).toMatch(/^sk-[A-Za-z0-9]{48}$/);
  });

  it("remembers which POST made which key, even under the same name", async () => {
    const server = await start();
    const [first, second] = [await make(server), await make(server, { remain_quota: 7 })];
    expect(first.createdBy).toEqual({ request: 1, body: whole });
    expect(second.createdBy).toEqual({ request: 2, body: { ...whole, remain_quota: 7 } });
  });

  it("gives ascending ids over all accounts", async () => {
    const server = await start({ accounts: [{}, { token: "other", groups: ["b"] }] });
    await make(server);
    await manage(server, "POST", "/api/token/", whole, { authorization: "other" });
    await make(server);
    const ids = server.keys().map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(ids).toHaveLength(3);
  });

  it.each([
    ["no JSON", "not json"],
    ["no body", undefined],
    ["an array", "[]"],
    ["a number for the name", JSON.stringify({ ...whole, name: 5 })],
    ["text for the quota", JSON.stringify({ ...whole, remain_quota: "100" })],
    ["half a unit of quota", JSON.stringify({ ...whole, remain_quota: 0.5 })],
    ["null for a flag", JSON.stringify({ ...whole, unlimited_quota: null })],
    ["a list for the addresses", JSON.stringify({ ...whole, allow_ips: ["::1"] })],
    ["a quota below zero", JSON.stringify({ ...whole, remain_quota: -1 })],
  ])("refuses %s softly and makes nothing", async (_what, body) => {
    const server = await start();
    const { status, json } = await send(server, "POST", "/api/token/", {
      headers: { authorization: server.account.token, "content-type": "application/json" },
      ...(body !== undefined && { body }),
    });
    expect([status, json]).toEqual([200, refusal()]);
    expect(server.keys()).toEqual([]);
  });

  it("counts a name's Unicode characters, not its bytes or UTF-16 units", async () => {
    const server = await start();
    await make(server, { name: "😀".repeat(50) });
    const { json } = await manage(server, "POST", "/api/token/", { ...whole, name: "x".repeat(51) });
    expect(json).toEqual(refusal("token name is too long"));
  });

  it("refuses a group the account lacks", async () => {
    const server = await start({ accounts: [{ groups: ["own"] }] });
    await make(server, { group: "own" });
    const { json } = await manage(server, "POST", "/api/token/", { ...whole, group: "vip" });
    expect(json).toEqual(refusal("no access to group"));
  });

  it("refuses softly once the account is full, and counts living keys only", async () => {
    const server = await start({ personality: { maxKeys: 2 } });
    const first = await make(server);
    await make(server);
    expect((await manage(server, "POST", "/api/token/", whole)).json).toEqual(refusal());
    server.console.delete(first.id);
    await make(server);
  });
});

describe("list", () => {
  it("shows whole records, newest first", async () => {
    const server = await start();
    const [a, b] = [await make(server, { name: "a" }), await make(server, { name: "b" })];
    const { json } = await manage(server, "GET", "/api/token/?p=1&page_size=20");
    const record = ({ ledger, createdBy, ...rest }: KeyView) => rest;
    expect(json).toEqual({
      success: true,
      message: "",
      data: { page: 1, page_size: 20, total: 2, items: [record(b), record(a)] },
    });
    expect(Object.keys(json.data.items[0]).sort()).toEqual(
      [
        ...["id", "user_id", "key", "status", "name", "created_time", "accessed_time", "expired_time"],
        ...["remain_quota", "unlimited_quota", "model_limits_enabled", "model_limits", "allow_ips"],
        ...["used_quota", "group", "cross_group_retry"],
      ].sort(),
    );
  });

  it("pages by 20 unless told, caps a page at 100, and is empty past the end", async () => {
    const server = await start();
    const ids = Array.from({ length: 130 }, () => server.console.create().id).reverse();
    const page = async (query: string) => {
      const { data } = (await manage(server, "GET", `/api/token/${query}`)).json;
      return { ...data, items: data.items.map(({ id }: KeyView) => id) };
    };
    expect(await page("")).toEqual({ page: 1, page_size: 20, total: 130, items: ids.slice(0, 20) });
    expect(await page("?p=3&page_size=50")).toMatchObject({ items: ids.slice(100) });
    expect(server.violations).toEqual([]);
    expect(await page("?page_size=500")).toMatchObject({ page_size: 100, items: ids.slice(0, 100) });
    expect(await page("?p=3&page_size=100")).toEqual({ page: 3, page_size: 100, total: 130, items: [] });
  });

  it("shows an account its own keys only", async () => {
    const server = await start({ accounts: [{}, { token: "other" }] });
    await make(server);
    const { json } = await manage(server, "GET", "/api/token/", undefined, { authorization: "other" });
    expect(json.data).toMatchObject({ total: 0, items: [] });
  });

  it("lags behind by one moment for all keys, deletions and changes alike", async () => {
    const server = await start({ listLagMs: 1000 });
    const items = async () =>
      (await manage(server, "GET", "/api/token/")).json.data.items.map(({ name }: KeyView) => name);
    const old = await make(server, { name: "old" });
    expect(await items()).toEqual([]);
    server.advance(600);
    await make(server, { name: "new" });
    server.console.update(old.id, { name: "renamed" });
    server.advance(400);
    expect(await items()).toEqual(["old"]);
    server.console.delete(old.id);
    server.advance(600);
    expect(await items()).toEqual(["new", "renamed"]);
    server.advance(400);
    expect(await items()).toEqual(["new"]);
    server.settings.listLagMs = 0;
    expect(await items()).toEqual(["new"]);
  });

  it("can leave a get by id exact or make it lag too", async () => {
    const server = await start({ listLagMs: 1000 });
    const { id } = await make(server);
    expect((await manage(server, "GET", `/api/token/${id}`)).json.data).toMatchObject({ id });
    server.settings.getLagMs = 500;
    expect((await manage(server, "GET", `/api/token/${id}`)).json).toEqual(refusal());
    server.advance(500);
    expect((await manage(server, "GET", `/api/token/${id}`)).json.data).toMatchObject({ id });
  });
});

describe("update", () => {
  it("stores every field and the status, and answers the record", async () => {
    const server = await start();
    const { id, key } = await make(server);
    const change = { ...whole, name: "renamed", status: 2, remain_quota: 5, allow_ips: "", group: "auto" };
    const { json } = await put(server, id, change);
    expect(json).toMatchObject({ success: true, message: "", data: { id, key, ...change } });
    expect(server.key(id)).toMatchObject(change);
    expect(server.violations).toEqual([]);
  });

  it("resets every omitted field", async () => {
    const server = await start();
    const { id } = await make(server, {
      allow_ips: "::1",
      group: "vip",
      unlimited_quota: true,
      model_limits_enabled: true,
      model_limits: "gpt-5",
      cross_group_retry: true,
    });
    await manage(server, "PUT", "/api/token/", { id });
    expect(server.key(id)).toMatchObject({
      name: "",
      status: 0,
      expired_time: 0,
      remain_quota: 0,
      unlimited_quota: false,
      model_limits_enabled: false,
      model_limits: "",
      allow_ips: null,
      group: "",
      cross_group_retry: false,
    });
    expect(server.violations).toHaveLength(1);
  });

  it("refuses bad fields, bad ids and absent keys, and changes nothing", async () => {
    const server = await start({ accounts: [{}, { token: "other" }] });
    const key = await make(server);
    const bad = [
      { name: "x".repeat(51) },
      { group: "nobody's" },
      { status: 5 },
      { status: "1" },
      { expired_time: "never" },
      { id: String(key.id) },
      { id: undefined },
      { id: 1 },
    ];
    for (const change of bad) expect((await put(server, key.id, change)).json).toEqual(refusal());
    const body = { id: key.id, status: 2, ...whole };
    const others = await manage(server, "PUT", "/api/token/", body, { authorization: "other" });
    expect(others.json).toEqual(refusal());
    expect(server.key(key.id)).toEqual(key);
  });

  it("does not enable an exhausted key by more quota alone", async () => {
    const server = await start();
    const { id } = await make(server);
    server.console.update(id, { status: 4 });
    await put(server, id, { status: 4, remain_quota: 500 });
    expect(server.key(id)).toMatchObject({ status: 4, remain_quota: 500 });
  });
});

describe("get and delete", () => {
  it("answers one record, and refuses an absent one, a deleted one and another account's alike", async () => {
    const server = await start({ accounts: [{}, { token: "other" }] });
    const { id } = await make(server);
    const path = `/api/token/${id}`;
    expect((await manage(server, "GET", path)).json).toMatchObject({
      success: true,
      message: "",
      data: { id },
    });
    const absent = await manage(server, "GET", "/api/token/1");
    expect([absent.status, absent.json]).toEqual([200, refusal()]);
    for (const method of ["GET", "DELETE"]) {
      const others = await manage(server, method, path, undefined, { authorization: "other" });
      expect(others.json).toEqual(absent.json);
    }
    expect((await manage(server, "DELETE", path)).json).toEqual({ success: true, message: "" });
    expect((await manage(server, "GET", path)).json).toEqual(absent.json);
    expect((await manage(server, "DELETE", path)).json).toEqual(absent.json);
    expect((await put(server, id)).json).toEqual(absent.json);
    expect(server.violations).toEqual([]);
  });

  it("keeps a deleted key's record for the tests, but serves and lists it no more", async () => {
    const server = await start();
    const { id, key } = await make(server);
    server.advance(5);
    await manage(server, "DELETE", `/api/token/${id}`);
    expect(server.key(id)).toMatchObject({ key, deletedAt: newYear + 5 });
    expect((await manage(server, "GET", "/api/token/")).json.data.items).toEqual([]);
    expect((await chat(server, key)).status).toBe(401);
    expect(() => server.console.spend(id, 1)).toThrow("deleted");
  });
});

describe("the management token", () => {
  it.each([
    ["none", () => ({})],
    ["a wrong one", () => ({ authorization: "wrong" })],
    ["a Bearer prefix", ({ account }: CometServer) => ({ authorization: `Bearer ${account.token}` })],
  ])("with %s is refused like everything else", async (_what, headers) => {
    const server = await start();
    const { status, json } = await send(server, "GET", "/api/token/", { headers: headers(server) });
    expect([status, json]).toEqual([200, refusal()]);
  });

  it("can be refused with 401 and the error shape", async () => {
    const server = await start({ hardTokenRefusal: true });
    const { status, json } = await send(server, "GET", "/api/token/");
    expect(status).toBe(401);
    expect(json).toEqual({
      error: { code: "invalid_token", message: expect.any(String), type: expect.any(String) },
    });
  });

  it("is not an API key, nor the other way round", async () => {
    const server = await start();
    const { key } = await make(server);
    const { json } = await manage(server, "GET", "/api/token/", undefined, { authorization: key });
    expect(json).toEqual(refusal());
    expect((await chat(server, server.account.token)).status).toBe(401);
  });
});

describe("wrong paths", () => {
  it.each(["/api/token", "/api/token?p=2", "/api/usage/token"])(
    "moves %s to its slash, in HTML",
    async (path) => {
      const server = await start();
      const { status, headers, text } = await manage(server, "GET", path);
      expect(status).toBe(301);
      expect(headers.get("location")).toBe(path.replace(/token(?=\?|$)/, "token/"));
      expect(headers.get("content-type")).toMatch("text/html");
      expect(text).toMatch(/^<!DOCTYPE html>/);
      expect(server.violations).toEqual([{ request: 1, rule: "missing trailing slash" }]);
    },
  );

  it.each([
    ["GET", "/nowhere"],
    ["GET", "//api/token/"],
    ["PATCH", "/api/token/"],
    ["GET", "/api/token/abc"],
  ])("answers %s %s with an HTML page", async (method, path) => {
    const server = await start();
    const { status, headers } = await manage(server, method, path);
    expect(status).toBe(404);
    expect(headers.get("content-type")).toMatch("text/html");
    expect(server.violations).toHaveLength(1);
  });
});

describe("violations", () => {
  const json = { "content-type": "application/json" };
  it.each<[string, (server: CometServer) => Promise<unknown>, string]>([
    ["a create with an id", (s) => manage(s, "POST", "/api/token/", { ...whole, id: 1 }), "unexpected id"],
    [
      "a create with a status",
      (s) => manage(s, "POST", "/api/token/", { ...whole, status: 1 }),
      "unexpected status",
    ],
    [
      "a create without all fields",
      (s) => manage(s, "POST", "/api/token/", { name: "x" }),
      "lacks expired_time",
    ],
    ["an update of unknown fields", (s) => put(s, 1, { used_quota: 0 }), "unexpected used_quota"],
    ["an update without status", (s) => put(s, 1, { status: undefined }), "lacks status"],
    [
      "a Bearer management token",
      (s) => manage(s, "GET", "/api/token/", undefined, { authorization: `Bearer ${s.account.token}` }),
      "Bearer",
    ],
    ["a page above 100", (s) => manage(s, "GET", "/api/token/?page_size=101"), "page_size"],
    ["the token in a URL", (s) => manage(s, "GET", `/api/token/?t=${s.account.token}`), "secret"],
    ["a key in a URL", (s) => manage(s, "GET", `/api/models?k=${s.console.create().key}`), "secret"],
    [
      "a body that is not JSON by its type",
      (s) => manage(s, "POST", "/api/token/", whole, { "content-type": "text/plain" }),
      "content type",
    ],
    ["an unknown path", (s) => send(s, "GET", "/api/user/", { headers: json }), "unknown endpoint"],
  ])("note %s", async (_what, act, rule) => {
    const server = await start();
    await act(server);
    expect(server.violations).toEqual([{ request: 1, rule: expect.stringContaining(rule) }]);
  });
});
