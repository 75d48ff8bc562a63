import { describe, expect, it } from "vitest";
import { newApi, newApiMaskedForGood, noLimits } from "./index";
import { make, manage, refusal, send, start } from "./testing";

const personality = { ...newApi, limits: noLimits };

describe("masked keys", () => {
  it("are revealed one by one (N7)", async () => {
    const server = await start({ personality, accounts: [{}, {}] });
    const { id, key } = await make(server);
    const stranger = server.console.create({}, server.accounts[1]);
    const reveal = (id: number) => manage(server, "POST", `/api/token/${id}/key`);
    expect((await reveal(id)).json).toEqual({ success: true, message: "", data: { key } });
    expect((await reveal(stranger.id)).json).toEqual(refusal());
    expect((await reveal(1)).json).toEqual(refusal());
    server.console.delete(id);
    expect((await reveal(id)).json).toEqual(refusal());
    expect(server.violations).toEqual([]);
  });

  it("are revealed in batches, without a word of foreign, unknown and deleted ones (N7)", async () => {
    const server = await start({ personality, accounts: [{}, {}] });
    const [a, b, gone] = [await make(server), await make(server), await make(server)];
    const stranger = server.console.create({}, server.accounts[1]);
    server.console.delete(gone.id);
    const ids = [a.id, stranger.id, b.id, gone.id, 1];
    const { json } = await manage(server, "POST", "/api/token/batch/keys", { ids });
    const keys = { [a.id]: a.key, [b.id]: b.key };
    expect(json).toEqual({ success: true, message: "", data: { keys } });
    const none = await manage(server, "POST", "/api/token/batch/keys", { ids: [1] });
    expect(none.json.data).toEqual({ keys: {} });
    expect(server.violations).toEqual([]);
  });

  it.each([
    ["101 ids", { ids: Array.from({ length: 101 }, (_, i) => i + 1) }],
    ["no id", { ids: [] }],
    ["ids as strings", { ids: ["34"] }],
    ["no array", {}],
  ])("are not revealed for %s (N7)", async (_, body) => {
    const server = await start({ personality });
    const { status, json } = await manage(server, "POST", "/api/token/batch/keys", body);
    expect([status, json]).toEqual([200, refusal()]);
  });

  it("are revealed by the hundred (N7)", async () => {
    const server = await start({ personality });
    const ids = Array.from({ length: 100 }, () => server.console.create().id);
    const { json } = await manage(server, "POST", "/api/token/batch/keys", { ids });
    expect(Object.keys(json.data.keys)).toHaveLength(100);
  });

  it("show by their ends that a secret was changed on the server", async () => {
    const server = await start({ personality });
    const { id, key } = await make(server);
    const changed = key.split("").reverse().join("");
    server.console.update(id, { key: changed });
    const shown = (await manage(server, "GET", `/api/token/${id}`)).json.data.key;
    expect(shown).toBe(`${changed.slice(0, 4)}**********${changed.slice(-4)}`);
    expect((await manage(server, "POST", `/api/token/${id}/key`)).json.data.key).toBe(changed);
    const usage = (key: string) =>
      send(server, "GET", "/api/usage/token/", { headers: { authorization: `Bearer ${key}` } });
    expect((await usage(key)).json.success).toBe(false);
    expect((await usage(changed)).json.code).toBe(true);
  });

  it("may be masked for good", async () => {
    const server = await start({ personality: { ...newApiMaskedForGood, limits: noLimits } });
    const { id } = await make(server);
    expect((await manage(server, "POST", `/api/token/${id}/key`)).status).toBe(404);
    expect((await manage(server, "POST", "/api/token/batch/keys", { ids: [id] })).status).toBe(404);
    expect(server.violations).toEqual([]);
  });
});
