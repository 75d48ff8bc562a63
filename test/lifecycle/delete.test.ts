import { describe, expect, test } from "vitest";
import { faults, newApi2025December } from "../server";
import { rig } from "./rig";

async function made(options: Parameters<typeof rig>[0] = {}) {
  const setup = await rig(options);
  const key = setup.resource();
  await key.up({ remainQuota: 100 });
  const page = () => ({
    method: "GET",
    when: ({ pathname }: { pathname: string }) => pathname === "/api/token/",
  });
  return { ...setup, setup, server: setup.server, key, page };
}

describe("a delete", () => {
  test("is done when the list proves the key gone", async () => {
    const { server, key, setup } = await made();
    server.clearRequests();
    await key.destroy();
    expect(setup.living()).toEqual([]);
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      expect.stringMatching(/^DELETE \/api\/token\/\d+$/),
      "GET /api/token/?p=1&page_size=100",
    ]);
  });

  test.each(["en", "zh", "fr"] as const)(
    "of a key that is gone already is done, whatever the refusal says (%s)",
    async (language) => {
      const { server, key } = await made({ personality: { language } });
      server.console.delete(Number(key.id));
      await key.destroy();
      expect(key.id).toBeUndefined();
    },
  );

  test("that was refused while the key is still there is an error", async () => {
    const { server, key, setup } = await made();
    server.fault({ method: "DELETE" }, faults.refuse("令牌不存在"));
    await expect(key.destroy()).rejects.toThrow('CometAPI refused: "令牌不存在"');
    expect(setup.living()).toHaveLength(1);
  });

  test("believed done is an error while the key is still listed", async () => {
    const { server, key, setup } = await made();
    server.fault({ method: "DELETE" }, faults.answer({ status: 200, body: { success: true, message: "" } }));
    await expect(key.destroy()).rejects.toThrow("still lists it");
    expect(setup.living()).toHaveLength(1);
  });

  test.each([true, false])("whose answer was lost is settled by looking (acted: %s)", async (act) => {
    const { server, key, setup } = await made();
    server.fault({ method: "DELETE" }, faults.reset({ act }));
    server.clearRequests();
    await key.destroy();
    expect(setup.living()).toEqual([]);
    expect(server.requests.filter(({ method }) => method === "DELETE")).toHaveLength(act ? 1 : 2);
  });

  test("waits for a list that lags behind", async () => {
    const { key, setup } = await made({ listLagMs: 3000 });
    await key.destroy();
    expect(setup.living()).toEqual([]);
  });

  test("touches no other key", async () => {
    const { server, key } = await made();
    const others = [server.console.create(), server.console.create({ name: key.state.name })];
    await key.destroy();
    for (const other of others) expect(server.key(other.id)).toEqual(other);
  });
});

describe("a key is dropped from state", () => {
  test("only when the list proves that it is gone", async () => {
    const { server, key } = await made();
    server.console.delete(Number(key.id));
    expect(await key.refresh()).toBe(true);
    expect(key.id).toBeUndefined();
  });

  test("not for a bad token, which is refused in the same way as an absent key", async () => {
    const { setup, key } = await made();
    setup.environment["COMETAPI_ACCESS_TOKEN"] = "another-token-altogether";
    setup.lifecycle = setup.provider();
    await expect(key.refresh()).rejects.toThrow("cometapi:accessToken");
    expect(key.id).toBeDefined();
  });

  test("not when the get is refused but the list still holds it", async () => {
    const { server, key } = await made();
    server.fault({ method: "GET" }, faults.refuse("record not found"));
    expect(await key.refresh()).toBe(false);
    expect(key.id).toBeDefined();
  });

  test("not when a page border hides it: a key deleted meanwhile shifts the pages", async () => {
    const { server, key, page } = await made();
    const newer = Array.from({ length: 100 }, () => server.console.create());
    server.fault({ method: "GET" }, faults.refuse("not now"));
    // Between the first page and the second, one newer key goes: ours moves up to the page already read.
    server.fault({ ...page(), nth: 2 }, () => server.console.delete(newer[50]?.id ?? 0));
    expect(await key.refresh()).toBe(false);
    expect(key.id).toBeDefined();
  });

  test("from an account of many pages, with a walk that stops below its id", async () => {
    const { server, key } = await made();
    for (let i = 0; i < 250; i++) server.console.create();
    const setupKey = key.id;
    server.console.delete(Number(setupKey));
    server.clearRequests();
    await key.refresh();
    expect(key.id).toBeUndefined();
    expect(server.requests.length).toBeLessThanOrEqual(4);
  });

  test("not by a list that is not newest first", async () => {
    const { server, key, page } = await made();
    server.console.create();
    server.console.delete(Number(key.id));
    server.console.create();
    server.fault(page(), (exchange) => {
      const answer = exchange.act();
      const body = structuredClone(answer.body) as { data: { items: unknown[] } };
      body.data.items.reverse();
      return { ...answer, body };
    });
    await expect(key.refresh()).rejects.toThrow("not newest first");
  });
});

test("another account's token neither deletes nor drops a key: its list proves nothing", async () => {
  const { setup, server, key } = await made();
  const other = server.addAccount();
  server.console.create({}, other);
  setup.environment["COMETAPI_ACCESS_TOKEN"] = other.token;
  setup.lifecycle = setup.provider();
  const account = `the key belongs to account ${server.account.userId}`;
  await expect(key.refresh()).rejects.toThrow(account);
  await expect(key.destroy()).rejects.toThrow(account);
  await expect(key.up({ remainQuota: 5 })).rejects.toThrow(account);
  expect(key.id).toBeDefined();
});

test("an update of a key that is gone says so and says what to do", async () => {
  const { server, key } = await made();
  server.console.delete(Number(key.id));
  await expect(key.up({ remainQuota: 100, name: "x" })).rejects.toThrow("Run `pulumi refresh`");
});

test("only whole numbers are ids", async () => {
  const { setup } = await made();
  const requests = setup.server.requests.length;
  for (const id of ["", "abc", "1/../2", "0", "-1", "1e3", "?p=1"]) {
    await expect(setup.lifecycle.read(id, {})).rejects.toThrow("is no id of a CometAPI key");
  }
  expect(setup.server.requests).toHaveLength(requests);
});

test("a key looked up by its id alone has every output", async () => {
  const { setup, key } = await made({ personality: newApi2025December });
  const found = await setup.lifecycle.read(key.id ?? "", {});
  const { __autoName: _, ...state } = key.state;
  expect(found?.state).toEqual(state);
});
