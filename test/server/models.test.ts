import { describe, expect, it } from "vitest";
import { chat, make, newYear, put, refusal, send, start } from "./testing";

describe("usage of the presented key", () => {
  it("answers its own numbers, with 0 for never", async () => {
    const server = await start();
    const { id, key } = await make(server, { model_limits_enabled: true, model_limits: "gpt-5,gpt-5-mini" });
    server.console.spend(id, 30);
    const read = () =>
      send(server, "GET", "/api/usage/token/", { headers: { authorization: `Bearer ${key}` } });
    const data = {
      object: "token_usage",
      name: "production",
      total_granted: 100_000,
      total_used: 30,
      total_available: 99_970,
      unlimited_quota: false,
      model_limits: { "gpt-5": true, "gpt-5-mini": true },
      model_limits_enabled: true,
      expires_at: 0,
    };
    expect((await read()).json).toEqual({ code: true, message: "ok", data });
    server.console.update(id, { expired_time: 1_800_000_000, status: 2 });
    expect((await read()).json.data.expires_at).toBe(1_800_000_000);
  });

  it("wants a Bearer key that exists", async () => {
    const server = await start();
    const { key } = await make(server);
    const read = (authorization: string) =>
      send(server, "GET", "/api/usage/token/", { headers: { authorization } });
    expect((await read(key)).status).toBe(401);
    expect((await read("Bearer sk-nobody")).json).toEqual(refusal());
  });
});

describe("model requests", () => {
  it("take from what is left, add to what is used, and touch the key", async () => {
    const server = await start({ cost: 25 });
    const { id, key } = await make(server);
    server.advance(90_000);
    const { status, json } = await chat(server, key);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      object: "chat.completion",
      model: "gpt-5",
      choices: [{ finish_reason: "stop" }],
    });
    await chat(server, key, { "x-test-cost": "400" });
    expect(server.key(id)).toMatchObject({
      remain_quota: 99_575,
      used_quota: 425,
      accessed_time: newYear / 1000 + 90,
      created_time: newYear / 1000,
    });
    expect(server.violations).toEqual([]);
  });

  it("need a key that is enabled", async () => {
    const server = await start();
    const { id, key } = await make(server);
    server.console.update(id, { status: 2 });
    for (const presented of [key, "sk-nobody"]) {
      const { status, json } = await chat(server, presented);
      expect(status).toBe(401);
      expect(json).toEqual({
        error: { code: expect.any(String), message: expect.any(String), type: expect.any(String) },
      });
    }
  });

  it("flip a key to expired when it is next used, not when its time comes", async () => {
    const server = await start();
    const { id, key } = await make(server, { expired_time: newYear / 1000 + 60 });
    expect((await chat(server, key)).status).toBe(200);
    server.advance(60_000);
    expect(server.key(id).status).toBe(1);
    expect((await chat(server, key)).json.error.code).toBe("key_expired");
    expect(server.key(id).status).toBe(3);
    server.console.update(id, { expired_time: -1 });
    expect((await chat(server, key)).status).toBe(401);
  });

  it("flip a key to exhausted when it is next used, not when its quota runs out", async () => {
    const server = await start({ cost: 60 });
    const { id, key } = await make(server, { remain_quota: 100 });
    expect((await chat(server, key)).status).toBe(200);
    expect((await chat(server, key)).status).toBe(200);
    expect(server.key(id)).toMatchObject({ status: 1, remain_quota: -20, used_quota: 120 });
    expect((await chat(server, key)).status).toBe(403);
    expect(server.key(id)).toMatchObject({ status: 4, remain_quota: -20, used_quota: 120 });
  });

  it("do not check what is left of an unlimited key, but still count", async () => {
    const server = await start();
    const { id, key } = await make(server, { remain_quota: 0, unlimited_quota: true });
    expect((await chat(server, key)).status).toBe(200);
    expect(server.key(id)).toMatchObject({ status: 1, remain_quota: -10, used_quota: 10 });
  });

  it("keep to the model list while it is enabled; enabled and empty blocks every model", async () => {
    const server = await start();
    const { id, key } = await make(server, { model_limits: "gpt-5-mini,claude-opus-4-6" });
    expect((await chat(server, key)).status).toBe(200);
    server.console.update(id, { model_limits_enabled: true });
    expect((await chat(server, key)).status).toBe(403);
    expect((await chat(server, key, {}, "claude-opus-4-6")).status).toBe(200);
    server.console.update(id, { model_limits: "" });
    expect((await chat(server, key, {}, "claude-opus-4-6")).status).toBe(403);
  });

  it.each([
    ["", "198.51.100.1", 200],
    ["127.0.0.1", "127.0.0.1", 200],
    ["203.0.113.0/24\n2001:db8::/32", "203.0.113.77", 200],
    ["203.0.113.0/24\n2001:db8::/32", "2001:db8:1::5", 200],
    ["203.0.113.0/24\n2001:db8::/32", "203.0.114.1", 403],
    ["203.0.113.0/24\n2001:db8::/32", "2001:db9::1", 403],
    ["203.0.113.7", "::ffff:203.0.113.7", 200],
    ["2001:DB8::0:1", "2001:db8::1", 200],
    ["0.0.0.0/0", "198.51.100.1", 200],
    ["nonsense\n10.0.0.0/99", "10.0.0.1", 403],
  ])("with addresses %j from %s are answered %d", async (allow_ips, from, status) => {
    const server = await start({ trustForwardedFor: true });
    const { key } = await make(server, { allow_ips });
    expect((await chat(server, key, { "x-forwarded-for": from })).status).toBe(status);
  });

  it("come from the socket's address unless the server trusts X-Forwarded-For", async () => {
    const server = await start();
    const { key } = await make(server, { allow_ips: "127.0.0.1" });
    expect((await chat(server, key, { "x-forwarded-for": "198.51.100.1" })).status).toBe(200);
  });

  it("find their models in the catalogue", async () => {
    const server = await start({ models: ["one", "two"] });
    const { key } = await make(server);
    const { json } = await send(server, "GET", "/api/models");
    expect(json.data.map(({ id }: { id: string }) => id)).toEqual(["one", "two"]);
    const headers = { authorization: `Bearer ${key}` };
    expect((await send(server, "GET", "/v1/models", { headers })).json).toEqual(json);
    expect((await send(server, "GET", "/v1/models")).status).toBe(401);
    expect((await chat(server, key, {}, "three")).status).toBe(404);
  });
});

describe("the ledger", () => {
  it("books grants and spends in order, by whom, and nothing for a change that leaves the quota alone", async () => {
    const server = await start();
    const { id, key } = await make(server, { remain_quota: 100 });
    await chat(server, key);
    await put(server, id, { name: "renamed", remain_quota: 90 });
    server.console.spend(id, 5);
    await put(server, id, { remain_quota: 90 });
    server.console.update(id, { remain_quota: 20 });
    const at = newYear;
    expect(server.key(id).ledger).toEqual([
      { kind: "grant", amount: 100, at, request: 1 },
      { kind: "spend", amount: 10, at, request: 2 },
      { kind: "spend", amount: 5, at },
      { kind: "grant", amount: 5, at, request: 4 },
      { kind: "grant", amount: -70, at },
    ]);
  });

  it("always adds up, with requests of all kinds at once", async () => {
    const server = await start();
    const { id, key } = await make(server);
    await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        i % 4 ? chat(server, key) : put(server, id, { remain_quota: 5000 + i }),
      ),
    );
    const { ledger, remain_quota, used_quota } = server.key(id);
    const sum = (kind: string) => ledger.reduce((total, e) => total + (e.kind === kind ? e.amount : 0), 0);
    expect(sum("grant")).toBe(remain_quota + used_quota);
    expect(sum("spend")).toBe(used_quota);
    expect(used_quota).toBe(450);
  });
});
