import { describe, expect, test } from "vitest";
import { keys as listKeys } from "../../provider/lookups";
import {
  cometApi,
  type Fault,
  faults,
  newApi,
  newApi2025December,
  newApi2025June,
  newApi2026March,
  type ServerOptions,
} from "../server";
import { type Resource, type Rig, rig } from "./rig";

/** Whose account it is and which server, before anything is created, and before a key counts as gone. */

const withoutSelf: ServerOptions = { personality: { lacks: [...cometApi.lacks, "GET /api/user/self"] } };

async function made(options: ServerOptions = {}, count = 1) {
  const setup = await rig(options);
  const keys = Array.from({ length: count }, (_, i) => setup.resource(`key-${i}`));
  await Promise.all(keys.map((key) => key.up({ remainQuota: 100 })));
  restart(setup);
  return { setup, server: setup.server, keys, key: keys[0] as Resource };
}

/** Another run: what the provider remembered is forgotten. */
function restart(setup: Rig, environment: Record<string, string> = {}): void {
  Object.assign(setup.environment, environment);
  setup.lifecycle = setup.provider();
  setup.server.clearRequests();
}

function useAccount(setup: Rig, { token, userId }: { token: string; userId: number }): void {
  restart(setup, { COMETAPI_ACCESS_TOKEN: token, COMETAPI_USER_ID: String(userId) });
}

function asked({ server }: Rig, start: string): number {
  return server.requests.filter(({ method, path }) => `${method} ${path}`.startsWith(start)).length;
}

const self = "GET /api/user/self";

describe("a key is not gone because it is not in the list", () => {
  const operations = {
    refresh: (key: Resource) => key.refresh(),
    up: (key: Resource) => key.up({ remainQuota: 5 }),
    destroy: (key: Resource) => key.destroy(),
  };

  describe.each([
    ["an empty account", 0],
    ["an account with keys", 3],
  ])("of %s", (_, count) => {
    test.each(Object.entries(operations))("%s with its token drops nothing", async (_name, operation) => {
      const { setup, server, key } = await made();
      const other = server.addAccount();
      for (let i = 0; i < count; i++) server.console.create({}, other);
      useAccount(setup, other);
      const { id } = key;
      await expect(operation(key)).rejects.toThrow(
        `the access token is of account ${other.userId}, but the key belongs to account ${server.account.userId}. ` +
          "Set cometapi:accessToken (from COMETAPI_ACCESS_TOKEN) to a token of that account",
      );
      expect(key.id).toBe(id);
      expect(key.live.deletedAt).toBeUndefined();
      expect(asked(setup, self)).toBe(1);
    });

    test("a server that does not say whose token it is drops nothing either", async () => {
      const { setup, server, key } = await made(withoutSelf);
      const other = server.addAccount();
      for (let i = 0; i < count; i++) server.console.create({}, other);
      useAccount(setup, other);
      await expect(key.refresh()).rejects.toThrow(
        `the key belongs to account ${server.account.userId}, but nothing shows that the access token is of that account`,
      );
      await expect(key.destroy()).rejects.toThrow("`pulumi state delete`");
      expect(key.id).toBeDefined();
    });
  });

  test("many keys cost one question for the account", async () => {
    const { setup, server, keys } = await made({}, 20);
    useAccount(setup, server.addAccount());
    const refreshed = await Promise.allSettled(keys.map((key) => key.refresh()));
    expect(new Set(refreshed.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    expect(asked(setup, self)).toBe(1);
  });

  test("whose account is not asked again after a server was out of order for a moment only", async () => {
    const { setup, server, key } = await made();
    useAccount(setup, server.addAccount());
    server.fault({ path: "/api/user/self" }, () => ({ status: 503, body: {} }));
    await expect(key.refresh()).rejects.toThrow("but the key belongs to account");
    expect(asked(setup, self)).toBe(2);
  });

  test("state that does not say whose key it is drops nothing", async () => {
    const { server, key } = await made();
    server.console.delete(Number(key.id));
    const { userId: _, ...state } = key.state;
    key.outputs = state as typeof key.outputs;
    await expect(key.refresh()).rejects.toThrow("state does not say to which account it belongs");
  });
});

describe("a key is gone when the list of its own account does not hold it", () => {
  test("which is known by another key of that account: no question is asked", async () => {
    const { setup, server, keys, key } = await made(withoutSelf, 2);
    server.console.delete(Number(key.id));
    expect(await key.refresh()).toBe(true);
    expect(key.id).toBeUndefined();
    expect(keys[1]?.id).toBeDefined();
    expect(asked(setup, self)).toBe(0);
  });

  test("which is known by one question where the list is empty", async () => {
    const { setup, server, keys } = await made({}, 3);
    for (const { id } of keys) server.console.delete(Number(id));
    await Promise.all(keys.map((key) => key.refresh()));
    expect(keys.map(({ id }) => id)).toEqual([undefined, undefined, undefined]);
    expect(asked(setup, self)).toBe(1);
  });

  test("which the last key of an account has shown before it was deleted", async () => {
    const { setup, key } = await made(withoutSelf);
    await key.destroy();
    expect(setup.living()).toEqual([]);
    expect(key.id).toBeUndefined();
  });

  test("also for a key that no state knows: the account has none of that id", async () => {
    const { setup } = await made();
    await expect(setup.lifecycle.read("1", {})).rejects.toThrow("there is no key 1 in the default account");
  });
});

describe("an administrator is shown everybody's keys", () => {
  async function administrator(options: ServerOptions = {}) {
    const setup = await made({ ...options, accounts: [{ administrator: true }, {}] }, 2);
    const { server } = setup;
    const [own, other] = server.accounts as [(typeof server.accounts)[0], (typeof server.accounts)[0]];
    const foreign = [1, 2, 3].map(() => server.console.create({}, other));
    return { ...setup, own, other, foreign };
  }

  test("which stops no refresh, update or destroy", async () => {
    const { setup, server, keys, key, foreign } = await administrator();
    expect(await key.refresh()).toBe(false);
    expect(await key.up({ remainQuota: 100, name: "other" })).toBe("updated");
    server.console.delete(Number(key.id));
    expect(await key.refresh()).toBe(true);
    expect(key.id).toBeUndefined();
    await keys[1]?.destroy();
    expect(setup.living().map(({ id }) => id)).toEqual(foreign.map(({ id }) => id));
    expect(asked(setup, self)).toBe(1);
  });

  test("which proves nothing about a key of an account that is not the administrator's", async () => {
    const { setup, server, other } = await administrator();
    useAccount(setup, other);
    const key = setup.resource("of-the-other");
    await key.up({ remainQuota: 5 });
    server.console.delete(Number(key.id));
    useAccount(setup, server.account);
    await expect(key.refresh()).rejects.toThrow(`but the key belongs to account ${other.userId}`);
    expect(key.id).toBeDefined();
  });

  test("of which getCometApiKeys returns the account's own", async () => {
    const { setup, keys } = await administrator();
    const found = await listKeys(setup.host(), {});
    expect(found.map(({ id }) => id)).toEqual(keys.map(({ id }) => id));
  });

  test("of which getCometApiKeys returns none to an administrator without keys", async () => {
    const { setup, keys } = await administrator();
    for (const key of keys) await key.destroy();
    expect(await listKeys(setup.host(), {})).toEqual([]);
  });

  test("of which getCometApiKeys returns those of cometapi:userId where the server does not say whose they are", async () => {
    const { setup, keys } = await administrator(withoutSelf);
    expect((await listKeys(setup.host(), {})).map(({ id }) => id)).toEqual(keys.map(({ id }) => id));
    restart(setup, { COMETAPI_USER_ID: "" });
    await expect(listKeys(setup.host(), {})).rejects.toThrow(
      "the list holds keys of several accounts, and the server does not tell whose access token it is. Set cometapi:userId",
    );
  });

  test("of which adoptId takes only the account's own", async () => {
    const { setup, server, own, other, foreign } = await administrator();
    const id = String(foreign[0]?.id);
    const key = setup.resource("adopted");
    const { failures } = await key.checkWhole({ adoptId: id, remainQuota: 100_000 });
    expect(failures.map(({ reason }) => reason)).toEqual([
      expect.stringContaining(
        `the key ${id} belongs to account ${other.userId}, and the access token is of account ${own.userId}`,
      ),
    ]);
    const mine = server.console.create({}, own);
    await setup.resource("mine").up({ adoptId: String(mine.id), remainQuota: 100_000 });
    expect(asked(setup, self)).toBe(1);
    expect(setup.requests("PUT")).toEqual([]);
  });

  test("of which adoptId takes none where it cannot be known whose they are", async () => {
    const { setup, foreign } = await administrator(withoutSelf);
    restart(setup, { COMETAPI_USER_ID: "" });
    const { failures } = await setup
      .resource("adopted")
      .checkWhole({ adoptId: String(foreign[0]?.id), remainQuota: 100_000 });
    expect(failures.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("the server does not tell whose access token it is. Set cometapi:userId"),
    ]);
  });
});

describe("before the first write of a run", () => {
  test("one page of the list is read, however many keys are created, updated and deleted", async () => {
    const { setup, server, keys } = await made({}, 8);
    const [a, b, ...rest] = keys as [Resource, Resource, ...Resource[]];
    await Promise.all(rest.map((key) => key.up({ remainQuota: 200 })));
    const order = server.requests.map(({ method, path }) => `${method} ${path.split("?")[0]}`);
    expect(order.filter((request) => request === "GET /api/token/")).toHaveLength(1);
    expect(order.indexOf("GET /api/token/")).toBeLessThan(order.indexOf("PUT /api/token/"));
    await Promise.all([a.destroy(), b.destroy()]);
    expect(asked(setup, self)).toBe(0);
  });

  test.each([
    [
      "before July 2025",
      newApi2025June,
      /calls itself New API emulated-2025-06; supported are CometAPI, and New API from December 2025 on/,
    ],
    [
      "that is too old to name its version in a header",
      { ...newApi2025June, version: undefined },
      /way of New API before July 2025.*\(it does not tell its version; supported are/,
    ],
  ])("New API %s is refused, and nothing is created", async (_, personality, text) => {
    const setup = await rig({ personality });
    const ups = ["a", "b", "c"].map((name) => setup.resource(name).up({ remainQuota: 5 }));
    for (const up of ups) await expect(up).rejects.toThrow(text);
    expect(setup.server.keys()).toEqual([]);
    expect(asked(setup, "POST")).toBe(0);
  });

  test("a server that says its version only on request is asked for it", async () => {
    const setup = await rig({ personality: { ...newApi2025June, version: undefined } });
    setup.server.fault({ path: "/api/status" }, () => ({
      status: 200,
      body: { success: true, message: "", data: { version: "v0.7.1" } },
    }));
    await expect(setup.resource().up({ remainQuota: 5 })).rejects.toThrow("it calls itself New API v0.7.1;");
  });

  test.each<[string, Fault, string]>([
    ["an HTML page", faults.html(), "with a page that is not JSON"],
    [
      "another shape",
      () => ({ status: 200, body: { success: true, message: "", data: { rows: [] } } }),
      "(it calls itself New API emulated-2026-07; supported are CometAPI, and New API from December 2025 on)",
    ],
  ])("a server that answers the list with %s is refused, and nothing is created", async (_, fault, text) => {
    const setup = await rig({ personality: newApi });
    setup.server.fault({ path: "/api/token/", method: "GET" }, fault, { times: 100 });
    const message = await setup
      .resource()
      .up({ remainQuota: 5 })
      .catch((error: Error) => error.message);
    expect(message).toContain(text);
    expect(message).not.toContain("may have been created");
    expect(setup.server.keys()).toEqual([]);
  });

  test("an unanswered look at the list is not taken for a key that may have been created", async () => {
    const setup = await rig();
    setup.server.fault({ path: "/api/token/", method: "GET" }, faults.answer({ status: 504, body: {} }), {
      times: 100,
    });
    const up = setup.resource().up({ remainQuota: 5 });
    const message = await up.catch((error: Error) => error.message);
    expect(message).toContain("HTTP 504");
    expect(message).not.toContain("may have been created");
    expect(asked(setup, "POST")).toBe(0);
  });

  test.each([
    ["December 2025", newApi2025December],
    ["March 2026", newApi2026March],
    ["July 2026", newApi],
  ])("New API of %s is not: a key lives there from its create to its destroy", async (_, personality) => {
    const { setup, key } = await made({ personality });
    expect(key.state.key).toBe(key.live.key);
    expect(await key.refresh()).toBe(false);
    expect(await key.up({ remainQuota: 200, name: "other" })).toBe("updated");
    expect(await key.up({ remainQuota: 200, name: "other" })).toBe("same");
    await key.destroy();
    expect(setup.living()).toEqual([]);
  });

  test("an account that has none of the stack's keys is refused, and nothing is created in it", async () => {
    const { setup, server, key } = await made();
    const other = server.addAccount();
    useAccount(setup, other);
    expect(await key.preview({ remainQuota: 100 })).toBe(false);
    await expect(setup.resource("new").up({ remainQuota: 5 })).rejects.toThrow(
      `the access token is of account ${other.userId}, but the stack's keys belong to account ${server.account.userId}`,
    );
    expect(asked(setup, "POST")).toBe(0);
    expect(setup.living()).toHaveLength(1);
  });

  test("the account of the stack's other keys is known by the list, without a question", async () => {
    const { setup, key } = await made();
    expect(await key.preview({ remainQuota: 100 })).toBe(false);
    await setup.resource("new").up({ remainQuota: 5 });
    expect(asked(setup, self)).toBe(0);
  });
});

test("a banned user's keys are neither dropped nor changed, and no other is created", async () => {
  const { setup, server, key } = await made({ personality: newApi });
  server.account.banned = true;
  const text = "an administrator of the server lifts the ban";
  await expect(key.refresh()).rejects.toThrow(text);
  await expect(key.up({ remainQuota: 5 })).rejects.toThrow(text);
  await expect(key.destroy()).rejects.toThrow(text);
  await expect(setup.resource("new").up({ remainQuota: 5 })).rejects.toThrow(text);
  expect(key.id).toBeDefined();
  server.account.banned = false;
  expect(await key.refresh()).toBe(false);
});

describe("a server that was restored from an old backup", () => {
  async function restored() {
    const setup = await rig();
    await setup.resource("old").up({ remainQuota: 5 });
    const restore = setup.server.console.backUp();
    const key = setup.resource("new");
    setup.server.advance(60_000);
    await key.up({ remainQuota: 5 });
    setup.server.advance(60_000);
    restore();
    restart(setup);
    return { setup, server: setup.server, key };
  }

  test("has lost the newer keys: they are gone, and created again", async () => {
    const { setup, key } = await restored();
    expect(await key.refresh()).toBe(true);
    expect(key.id).toBeUndefined();
    expect(await key.up({ remainQuota: 5 })).toBe("created");
    expect(setup.living()).toHaveLength(2);
  });

  test.each(["refresh", "up", "destroy"] as const)(
    "has given the id of a lost key to another one: %s leaves that alone and says what happened",
    async (operation) => {
      const { server, key } = await restored();
      let other = server.console.create();
      while (other.id < Number(key.id)) other = server.console.create();
      key.id = String(other.id);
      const work = {
        refresh: () => key.refresh(),
        up: () => key.up({ remainQuota: 7 }),
        destroy: () => key.destroy(),
      };
      await expect(work[operation]()).rejects.toThrow(
        "If that is the right server, it was set up anew or restored from a backup, and the stack's key is lost",
      );
      expect(server.key(other.id)).toEqual(other);
      expect(key.id).toBe(String(other.id));
    },
  );
});

test("a server whose ids began anew has lost all keys: they are gone where their ids are, and errors where others have them", async () => {
  const { setup, server, keys } = await made({}, 3);
  const fresh = await rig({ accounts: [{ token: server.account.token, userId: server.account.userId }] });
  setup.environment["COMETAPI_BASE_URL"] = fresh.server.url;
  setup.lifecycle = setup.provider();
  fresh.server.setTime(server.now() + 60_000);
  const taken = fresh.server.console.create();
  const [first, ...others] = keys as [Resource, ...Resource[]];
  first.id = String(taken.id);
  await expect(first.refresh()).rejects.toThrow("this id belongs to a different key on this server");
  for (const [i, key] of others.entries()) {
    key.id = String(taken.id + 100 + i);
    expect(await key.refresh()).toBe(true);
  }
  expect(fresh.living().map(({ id }) => id)).toEqual([taken.id]);
});
