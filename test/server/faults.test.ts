import { describe, expect, it } from "vitest";
import { type CometServer, type Fault, faults } from "./index";
import { manage, type Reply, refusal, send, start, whole } from "./testing";

describe("faults", () => {
  const create = (server: CometServer) => manage(server, "POST", "/api/token/", whole);

  it.each<[string, (o?: { act?: boolean }) => Fault]>([
    ["reset", faults.reset],
    ["close", faults.close],
  ])("%s breaks the connection before or after acting", async (_name, fault) => {
    const server = await start();
    server.fault({ method: "POST" }, fault());
    await expect(create(server)).rejects.toThrow("fetch failed");
    expect(server.keys()).toHaveLength(0);
    server.fault({ method: "POST" }, fault({ act: true }));
    await expect(create(server)).rejects.toThrow("fetch failed");
    expect(server.keys()).toHaveLength(1);
    expect(server.requests[1]).toMatchObject({ acted: { status: 200 } });
    expect(server.requests[1]?.answer).toBeUndefined();
  });

  it("reset sends RST rather than FIN", async () => {
    const server = await start();
    server.fault({}, faults.reset());
    const error = await create(server).catch((cause: Error) => cause);
    expect(error).toMatchObject({ cause: { code: "ECONNRESET" } });
  });

  it.each([false, true])("never leaves the client waiting (acting first: %s)", async (act) => {
    const server = await start();
    server.fault({ method: "POST" }, faults.never({ act }));
    const patience = new AbortController();
    const { token } = server.account;
    const asked = send(server, "POST", "/api/token/", {
      headers: { authorization: token, "content-type": "application/json" },
      body: JSON.stringify(whole),
      signal: patience.signal,
    });
    await server.received(({ method }) => method === "POST");
    patience.abort();
    await expect(asked).rejects.toThrow("aborted");
    await server.finished(({ method }) => method === "POST");
    expect(server.keys()).toHaveLength(act ? 1 : 0);
  });

  it("cutInHalf acts and promises more than it sends", async () => {
    const server = await start();
    server.fault({}, faults.cutInHalf());
    await expect(create(server)).rejects.toThrow("terminated");
    expect(server.keys()).toHaveLength(1);
  });

  it("trickle sends the whole answer a byte at a time", async () => {
    const server = await start();
    server.fault({}, faults.trickle(0));
    expect((await create(server)).json).toEqual({ success: true, message: "" });
    expect(server.requests[0]?.answer).toMatchObject({ status: 200 });
  });

  it("answer takes any status, headers and body, acting first or not", async () => {
    const server = await start();
    const busy = { status: 429, headers: { "retry-after": "7" }, body: { error: { code: "busy" } } };
    server.fault({}, faults.answer(busy));
    server.fault({}, faults.answer(busy, { act: true }));
    for (const made of [0, 1]) {
      const { status, headers, json } = await create(server);
      expect([status, headers.get("retry-after"), json]).toEqual([429, "7", { error: { code: "busy" } }]);
      expect(server.keys()).toHaveLength(made);
    }
  });

  it("html, invalidJson, wrongShape and refuse spoil the body under status 200", async () => {
    const server = await start();
    const replies: Reply[] = [];
    for (const fault of [faults.html(), faults.invalidJson(), faults.wrongShape(), faults.refuse("no")]) {
      server.fault({}, fault);
      replies.push(await create(server));
    }
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const [page, broken, odd, refused] = replies;
    expect(page?.headers.get("content-type")).toMatch("text/html");
    expect(broken).toMatchObject({ json: undefined, text: expect.stringMatching(/^\{/) });
    expect(odd?.json.success).toBe("yes");
    expect(refused?.json).toEqual(refusal("no"));
  });

  it("redirect points elsewhere", async () => {
    const server = await start();
    server.fault({}, faults.redirect("http://127.0.0.1:1/"));
    const { status, headers } = await create(server);
    expect([status, headers.get("location")]).toEqual([302, "http://127.0.0.1:1/"]);
  });

  it("huge streams 100 MB, and stops when the client has had enough", async () => {
    const server = await start();
    server.fault({}, faults.huge(), { times: 2 });
    const whole = await fetch(server.url);
    let bytes = 0;
    for await (const chunk of whole.body ?? []) bytes += chunk.length;
    expect(bytes).toBe(100 * 2 ** 20);
    const part = await fetch(server.url);
    await part.body?.cancel();
    await server.finished(({ seq }) => seq === 2);
  });

  it("latency delays the answer", async () => {
    const server = await start();
    server.fault({ method: "POST" }, faults.latency(20));
    const before = performance.now();
    await create(server);
    expect(performance.now() - before).toBeGreaterThanOrEqual(19);
  });

  it("a hook pauses a request until it is released", async () => {
    const server = await start();
    let release = () => {};
    const gate = new Promise<void>((open) => {
      release = open;
    });
    server.fault({ method: "POST" }, () => gate);
    const made = create(server);
    await server.received(({ method }) => method === "POST");
    expect(server.keys()).toHaveLength(0);
    expect((await manage(server, "GET", "/api/token/")).json.data.total).toBe(0);
    release();
    expect((await made).json.success).toBe(true);
    expect(server.keys()).toHaveLength(1);
  });

  it("a paused request is still acted on after its client has gone", async () => {
    const server = await start();
    let release = () => {};
    const gate = new Promise<void>((open) => {
      release = open;
    });
    let acted = () => {};
    const done = new Promise<void>((tell) => {
      acted = tell;
    });
    server.fault({}, async (exchange) => {
      await gate;
      exchange.act();
      acted();
    });
    const patience = new AbortController();
    const asked = send(server, "POST", "/api/token/", {
      headers: { authorization: server.account.token, "content-type": "application/json" },
      body: JSON.stringify(whole),
      signal: patience.signal,
    });
    await server.received(() => true);
    patience.abort();
    await expect(asked).rejects.toThrow();
    await server.finished(() => true);
    release();
    await done;
    expect(server.keys()).toHaveLength(1);
  });

  it("a hook may act, look and answer by itself", async () => {
    const server = await start();
    server.fault({}, (exchange) => ({ status: 202, body: exchange.act().body }));
    expect(await create(server)).toMatchObject({ status: 202, json: { success: true } });
  });

  it("a hook that acts and then goes on as usual acts once", async () => {
    const server = await start();
    server.fault({}, (exchange) => void exchange.act());
    expect((await create(server)).json.success).toBe(true);
    expect(server.keys()).toHaveLength(1);
  });

  it("hit only what they match, from the nth on, as often as asked", async () => {
    const server = await start();
    const down = faults.answer({ status: 503 });
    const hung = server.fault({ method: "POST", path: "/api/token/", nth: 2 }, down, { times: 2 });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) {
      await manage(server, "GET", "/api/token/");
      statuses.push((await create(server)).status);
    }
    expect(statuses).toEqual([200, 503, 503, 200, 200]);
    expect(hung.hits).toBe(2);
  });

  it("match by pattern and predicate, and can be taken down", async () => {
    const server = await start();
    const down = faults.answer({ status: 503 });
    const always = { times: Number.POSITIVE_INFINITY };
    const paged = server.fault(
      { path: /[?&]p=2/, when: ({ headers }) => headers["x-a"] === "1" },
      down,
      always,
    );
    const ask = async (p: number, a: string) =>
      (await manage(server, "GET", `/api/token/?p=${p}`, undefined, { "x-a": a })).status;
    expect([await ask(1, "1"), await ask(2, "0"), await ask(2, "1"), await ask(2, "1")]).toEqual([
      200, 200, 503, 503,
    ]);
    paged.remove();
    expect(await ask(2, "1")).toBe(200);
  });
});
