import { describe, expect, it } from "vitest";
import { faults, startServer } from "./index";
import { chat, make, manage, newYear, start, whole } from "./testing";

describe("the log", () => {
  it("has what was asked and what was answered", async () => {
    const server = await start();
    await make(server);
    const logged = await server.finished(({ method }) => method === "POST");
    expect(logged).toMatchObject({
      seq: 1,
      at: newYear,
      method: "POST",
      path: "/api/token/",
      headers: { authorization: server.account.token },
      body: whole,
      answer: { status: 200, body: { success: true, message: "" } },
      finishedAt: newYear,
    });
    server.clearRequests();
    expect(server.requests).toEqual([]);
  });

  it("wakes those who wait for a request to come", async () => {
    const server = await start();
    const awaited = server.received(({ path }) => path.startsWith("/api/token/?p=2"));
    await manage(server, "GET", "/api/token/?p=1");
    await manage(server, "GET", "/api/token/?p=2");
    expect((await awaited).seq).toBe(2);
  });

  it("counts a request as finished only when it is", async () => {
    const server = await start();
    const order: string[] = [];
    let release = () => {};
    const gate = new Promise<void>((open) => {
      release = open;
    });
    server.fault({}, () => gate.then(() => void order.push("released")));
    const asked = manage(server, "GET", "/api/token/");
    await server.received(() => true);
    const finished = server.finished(() => true).then(() => order.push("finished"));
    // A promise that were already settled would have its turn first.
    setImmediate(release);
    await Promise.all([asked, finished]);
    expect(order).toEqual(["released", "finished"]);
  });
});

describe("the console", () => {
  it("does what a person does, past the API's checks", async () => {
    const server = await start();
    const { id } = server.console.create({ name: "by hand" });
    expect(server.key(id).createdBy).toBeUndefined();
    expect(server.console.update(id, { status: 2, group: "any" })).toMatchObject({ status: 2, group: "any" });
    expect(server.console.spend(id, 40)).toMatchObject({ remain_quota: 99_960, used_quota: 40 });
    server.console.delete(id);
    expect(server.key(id).deletedAt).toBe(newYear);
    expect(() => server.key(1)).toThrow("never had a key 1");
  });

  it("puts back keys that another server showed, which then live on as they were", async () => {
    const former = await start();
    const { id } = former.console.create({ name: "old" });
    former.console.spend(id, 40);
    const shown = (await manage(former, "GET", `/api/token/${id}`)).json.data;

    const { userId, token } = former.account;
    const server = await start({ accounts: [{ userId, token }], now: () => newYear + 1000 });
    expect(server.console.restore(shown)).toMatchObject({
      ledger: [
        { kind: "grant", amount: 100_000 },
        { kind: "spend", amount: 40 },
      ],
    });
    expect((await manage(server, "GET", `/api/token/${id}`)).json.data).toEqual(shown);
    expect((await chat(server, shown.key)).status).toBe(200);
    expect((await make(server)).id).toBeGreaterThan(id);
    expect(() => server.console.restore(shown)).toThrow("is older than");
    expect(() => server.console.restore({ ...shown, user_id: 1 })).toThrow("which is not here");
  });
});

describe("the server", () => {
  it("tells a moving clock", async () => {
    const server = await start();
    server.setTime(5000);
    server.advance(250);
    expect(server.now()).toBe(5250);
  });

  it("closes at once over idle, hanging and paused requests, and twice", async () => {
    const server = await start();
    await manage(server, "GET", "/api/token/");
    server.fault({ method: "DELETE" }, faults.never());
    server.fault({ method: "POST" }, () => new Promise<void>(() => {}));
    const hanging = [manage(server, "DELETE", "/api/token/1"), manage(server, "POST", "/api/token/", whole)];
    const settled = Promise.allSettled(hanging);
    await Promise.all([
      server.received(({ method }) => method === "DELETE"),
      server.received(({ method }) => method === "POST"),
    ]);
    await server.close();
    await server.close();
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  it("refuses to start on a taken port", async () => {
    const server = await start();
    await expect(startServer({ port: server.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("walks two thousand keys and serves a thousand model requests without a sweat", async () => {
    const server = await start({ personality: { maxKeys: 5000 } });
    for (let i = 0; i < 2000; i++) server.console.create();
    const { key } = server.console.create();
    for (let p = 1; p <= 21; p++) {
      const { data } = (await manage(server, "GET", `/api/token/?p=${p}&page_size=100`)).json;
      expect(data.items).toHaveLength(p === 21 ? 1 : 100);
    }
    for (let batch = 0; batch < 20; batch++) {
      await Promise.all(Array.from({ length: 50 }, () => chat(server, key)));
    }
    expect(server.keys().at(-1)).toMatchObject({ used_quota: 10_000 });
  });
});
