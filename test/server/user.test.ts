import { describe, expect, it } from "vitest";
import { newApi, noLimits } from "./index";
import { chat, make, manage, put, refusal, send, start, whole } from "./testing";

const personality = { ...newApi, limits: noLimits, hold: undefined };

describe("the account's own endpoints", () => {
  it("say whose token it is, with balance and use in units (V, N)", async () => {
    const server = await start({ accounts: [{ userId: 42, balance: 1000, groups: ["team", "auto"] }] });
    const { key } = await make(server);
    await chat(server, key, { "x-test-cost": "300" });
    const { json } = await manage(server, "GET", "/api/user/self");
    expect(json).toMatchObject({ success: true, message: "" });
    expect(json.data).toMatchObject({
      id: 42,
      group: "team",
      quota: 700,
      used_quota: 300,
      request_count: 1,
    });
    expect((await send(server, "GET", "/api/user/self")).json).toEqual(refusal());
  });

  it("report the month's statistics in USD (V)", async () => {
    const server = await start({ accounts: [{ balance: 3_000_000 }] });
    const { id } = await make(server);
    server.console.spend(id, 500_000);
    server.advance(31 * 86_400_000);
    server.console.spend(id, 1_000_000);
    const { data } = (await manage(server, "GET", "/api/user/self/stats")).json;
    expect(data).toMatchObject({ month_req_count: 1, month_usage: 2, predicted_days: 45 });
    const other = await start({ personality });
    expect((await manage(other, "GET", "/api/user/self/stats")).status).toBe(404);
  });

  it("list what it may use: models and groups (N)", async () => {
    const server = await start({ personality, models: ["one", "two"], accounts: [{ groups: ["team"] }] });
    expect((await manage(server, "GET", "/api/user/models")).json.data).toEqual(["one", "two"]);
    const groups = (await manage(server, "GET", "/api/user/self/groups")).json.data;
    expect(groups).toEqual({ team: { desc: expect.any(String), ratio: 1 } });
  });

  it("describe the server without a token (N)", async () => {
    const server = await start({ personality, quotaPerUnit: 1000 });
    const { json } = await send(server, "GET", "/api/status");
    expect(json.data).toMatchObject({
      version: newApi.version,
      quota_per_unit: 1000,
      quota_display_type: "USD",
    });
  });
});

describe("the catalogue", () => {
  it("has what is known of each model, and rows with nothing but an id (V, D)", async () => {
    const server = await start({ models: ["gpt-5", "local"], modelRows: { local: { pricing: null } } });
    const { data } = (await send(server, "GET", "/api/models")).json;
    expect(data).toEqual([
      {
        id: "gpt-5",
        object: "model",
        provider: "OpenAI",
        model_type: "text",
        features: ["text-to-text"],
        endpoints: ["chat"],
        context_length: 400_000,
        pricing: { currency: "USD", input: 1.25, output: 10, per_request: null, per_second: null },
      },
      { id: "local", object: "model", pricing: null },
    ]);
  });

  it("is an object by channel type on N, and not what is on offer", async () => {
    const server = await start({ personality });
    const { data } = (await send(server, "GET", "/api/models")).json;
    expect(data).toMatchObject({ 1: expect.any(Array) });
    expect(Object.values(data).flat()).not.toEqual(expect.arrayContaining(server.settings.models));
  });
});

describe("other accounts", () => {
  it("show an administrator everybody's keys, and let them be edited (N)", async () => {
    const server = await start({ accounts: [{ administrator: true }, {}] });
    const own = await make(server);
    const stranger = server.console.create({ name: "a stranger's" }, server.accounts[1]);
    const { data } = (await manage(server, "GET", "/api/token/")).json;
    expect(data).toMatchObject({ total: 2, items: [{ id: stranger.id, user_id: 5001 }, { id: own.id }] });
    expect((await put(server, stranger.id)).json.data).toMatchObject({ name: whole.name, user_id: 5001 });
    expect((await manage(server, "DELETE", `/api/token/${stranger.id}`)).json.success).toBe(true);
    expect((await manage(server, "GET", "/api/token/")).json.data).toMatchObject({ total: 1 });
    server.settings.listLagMs = 1;
    server.advance(1);
    expect((await manage(server, "GET", "/api/token/")).json.data).toMatchObject({ total: 1 });
  });

  it("may be banned, at any moment: neither token nor key is served (N)", async () => {
    const server = await start();
    const { key } = await make(server);
    server.account.banned = true;
    const { status, json } = await manage(server, "GET", "/api/token/");
    expect([status, json]).toEqual([200, refusal("this user is banned")]);
    expect((await chat(server, key)).status).toBe(403);
    server.account.banned = false;
    expect((await chat(server, key)).status).toBe(200);
  });

  it("may be put back to an old backup, and then give the same ids again", async () => {
    const server = await start();
    const anew = server.console.backUp();
    const kept = await make(server, { name: "kept" });
    const deleted = await make(server, { name: "deleted later" });
    const restore = server.console.backUp();
    const lost = await make(server, { name: "made later" });
    server.console.spend(kept.id, 10);
    await put(server, kept.id, { name: "renamed later" });
    server.console.delete(deleted.id);
    restore();
    expect(server.keys()).toEqual([kept, deleted]);
    expect((await chat(server, lost.key)).status).toBe(401);
    expect((await chat(server, deleted.key)).status).toBe(200);
    expect((await manage(server, "GET", "/api/token/")).json.data.total).toBe(2);
    expect((await make(server)).id).toBeLessThanOrEqual(deleted.id + 3);
    anew();
    expect(server.keys()).toEqual([]);
    expect((await make(server)).id).toBeLessThan(1004);
  });
});
