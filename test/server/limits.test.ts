import { describe, expect, it } from "vitest";
import { type CometServer, newApi, newApi2026March } from "./index";
import { chat, make, manage, send, start } from "./testing";

async function statuses(count: number, ask: () => Promise<{ status: number }>): Promise<number[]> {
  const seen = [];
  for (let i = 0; i < count; i++) seen.push((await ask()).status);
  return seen;
}

const two = { requests: 2, windowMs: 10_000 };
const list = (server: CometServer, from = "127.0.0.1") =>
  manage(server, "GET", "/api/token/", undefined, { "x-forwarded-for": from });

describe("rate limits", () => {
  it("answer a bare 429: no body, no type, no Retry-After (N)", async () => {
    const server = await start({ personality: { limits: { global: { requests: 0, windowMs: 1000 } } } });
    const { status, text, headers } = await list(server);
    expect([status, text]).toEqual([429, ""]);
    expect(headers.get("retry-after")).toBe(null);
    expect(headers.get("content-type")).toBe(null);
    expect(server.rateLimited.map(({ seq }) => seq)).toEqual([1]);
  });

  it("slide, and do not count what they refused (N)", async () => {
    const server = await start({ personality: { limits: { global: two } } });
    await list(server);
    server.advance(6_000);
    expect(await statuses(3, () => list(server))).toEqual([200, 429, 429]);
    server.advance(3_999);
    expect((await list(server)).status).toBe(429);
    server.advance(1);
    expect(await statuses(2, () => list(server))).toEqual([200, 429]);
    server.advance(6_000);
    expect(await statuses(2, () => list(server))).toEqual([200, 429]);
    expect(server.rateLimited).toHaveLength(5);
  });

  it("count all of /api together, with and without a token, and no model request (N)", async () => {
    const server = await start({ personality: { limits: { global: two } } });
    const { key } = server.console.create();
    await send(server, "GET", "/api/models");
    await send(server, "GET", "/api/usage/token/", { headers: { authorization: `Bearer ${key}` } });
    expect((await list(server)).status).toBe(429);
    expect((await chat(server, key)).status).toBe(200);
    expect(server.keys()).toHaveLength(1);
  });

  it("are for each address on its own (N)", async () => {
    const server = await start({ personality: { limits: { global: two } }, trustForwardedFor: true });
    expect(await statuses(3, () => list(server, "198.51.100.1"))).toEqual([200, 200, 429]);
    expect((await list(server, "198.51.100.2")).status).toBe(200);
  });

  it("do nothing of what a refused request asked for", async () => {
    const server = await start({ personality: { limits: { global: { requests: 1, windowMs: 1000 } } } });
    const { id } = await make(server);
    expect((await manage(server, "DELETE", `/api/token/${id}`)).status).toBe(429);
    expect(server.key(id).deletedAt).toBeUndefined();
  });

  it("have one bucket for reveals, usage, log lookups and logging in (N)", async () => {
    const server = await start({ personality: { lacks: [], limits: { critical: { ...two, requests: 5 } } } });
    const { id, key } = server.console.create();
    const usage = () =>
      send(server, "GET", "/api/usage/token/", { headers: { authorization: `Bearer ${key}` } });
    const one = () => manage(server, "POST", `/api/token/${id}/key`);
    const batch = () => manage(server, "POST", "/api/token/batch/keys", { ids: [id] });
    const log = () => manage(server, "GET", "/api/log/self/stat");
    for (const ask of [usage, one, batch, log]) expect((await ask()).status).toBe(200);
    expect(server.console.logIn()).toBe(true);
    for (const ask of [usage, one, batch, log]) expect((await ask()).status).toBe(429);
    expect(server.console.logIn()).toBe(false);
    expect(server.console.logIn("198.51.100.1")).toBe(true);
    expect(await statuses(10, () => list(server))).toEqual(Array(10).fill(200));
    server.advance(10_000);
    expect((await one()).status).toBe(200);
  });

  it.each([
    ["360 of July 2026", newApi, 360],
    ["180 of March 2026", newApi2026March, 180],
  ])("are by default the %s in 180 s, and 20 in 1,200 s (N)", async (_, personality, requests) => {
    const server = await start({ personality: { ...personality, lacks: [] } });
    const { id } = server.console.create();
    const critical = await statuses(21, () => manage(server, "POST", `/api/token/${id}/key`));
    expect(critical).toEqual([...Array(20).fill(200), 429]);
    const others = await statuses(requests - 20 + 1, () => list(server));
    expect(others).toEqual([...Array(requests - 20).fill(200), 429]);
    server.advance(180_000);
    expect((await list(server)).status).toBe(200);
    expect((await manage(server, "POST", `/api/token/${id}/key`)).status).toBe(429);
    server.advance(1_020_000);
    expect((await manage(server, "POST", `/api/token/${id}/key`)).status).toBe(200);
  });
});
