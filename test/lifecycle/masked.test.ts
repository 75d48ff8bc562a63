import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { expectNoLeak, secretsOf } from "../faults/leaks";
import { faults, newApi, newApiMaskedForGood, type Personality } from "../server";
import { isReveal, type Resource, type Rig, rig } from "./rig";

/** Keys that the server shows as masks only, as New API since March 2026. */

const reveals = { when: isReveal };

function revealsOf({ server }: Rig) {
  return server.requests.filter(isReveal);
}

async function made(personality: Partial<Personality> = newApi, count = 1) {
  const setup = await rig({ personality });
  const keys = Array.from({ length: count }, (_, i) => setup.resource(`key-${i}`));
  for (const key of keys) await key.up({ remainQuota: 100 });
  restart(setup);
  return { setup, server: setup.server, keys, key: keys[0] as Resource };
}

/** Another run: what the provider remembered is forgotten. */
function restart(setup: Rig): void {
  setup.lifecycle = setup.provider();
  setup.server.clearRequests();
}

/** As the engine does it: so many at once, and its state is written between any two steps, one at a time. */
async function upAll(keys: Resource[], atOnce: number, declared: Record<string, unknown>): Promise<void> {
  const queue = [...keys];
  let written: Promise<unknown> = Promise.resolve();
  const writeState = () => {
    written = written.then(() => setTimeout(5));
    return written;
  };
  const worker = async () => {
    for (let key = queue.shift(); key !== undefined; key = queue.shift()) {
      await writeState();
      await key.up(declared);
      await writeState();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

describe("a masked key is read in full", () => {
  test.each([{}, { name: "mine" }])("after its create, with %j", async (name) => {
    const { key, setup } = await made({ ...newApi, maskedKeys: true });
    const other = setup.resource("other");
    await other.up({ remainQuota: 5, ...name });
    expect([key.state.key, other.state.key]).toEqual([key.live.key, other.live.key]);
    expect(revealsOf(setup)).toHaveLength(1);
    expect(await other.up({ remainQuota: 5, ...name })).toBe("same");
  });

  test.each([8, 16])("with few requests: 60 keys, %i at once, cost at most 10", async (atOnce) => {
    const setup = await rig({ personality: newApi });
    setup.server.fault({ path: /^\/api\// }, faults.latency(20), { times: Number.POSITIVE_INFINITY });
    const keys = Array.from({ length: 60 }, (_, i) => setup.resource(`key-${i}`));
    await upAll(keys, atOnce, { remainQuota: 100, name: "same" });
    expect(keys.map(({ state }) => state.key)).toEqual(keys.map(({ live }) => live.key));
    expect(revealsOf(setup).length).toBeLessThanOrEqual(10);
  });

  test("one by one where the server has no batches, as New API of March 2026", async () => {
    const lacks = ["POST /api/token/batch/keys"] as const;
    const { keys, setup } = await made({ ...newApi, lacks }, 3);
    await Promise.all(["a", "b"].map((name) => setup.resource(name).up({ remainQuota: 1 })));
    expect(keys.map(({ state }) => state.key)).toEqual(keys.map(({ live }) => live.key));
    const [batch, ...single] = revealsOf(setup).map(({ pathname }) => pathname.endsWith("/batch/keys"));
    expect([batch, ...single]).toEqual([true, false, false]);
  });

  test("by `.get()`, for a program that did not create it", async () => {
    const { setup, server } = await made();
    const { id, key } = server.console.create();
    const found = await setup.lifecycle.read(String(id), {});
    expect(found?.state.key).toBe(key);
  });

  test("by adoption: one request at preview, and one for all in the up", async () => {
    const { setup, server } = await made();
    const live = Array.from({ length: 8 }, (_, i) => server.console.create({ name: `old-${i}` }));
    const declared = live.map(({ id }) => ({ adoptId: String(id), remainQuota: 100_000 }));
    const keys = live.map((_, i) => setup.resource(`adopted-${i}`));
    for (const [i, key] of keys.entries()) {
      expect((await key.checkWhole(declared[i] ?? {})).failures).toEqual([]);
    }
    expect(revealsOf(setup)).toHaveLength(1);
    restart(setup);
    await Promise.all(keys.map((key, i) => key.up(declared[i] ?? {})));
    expect(keys.map(({ state }) => state.key)).toEqual(live.map(({ key }) => key));
    expect(revealsOf(setup).length).toBeLessThanOrEqual(2);
  });

  test("again after an up that could not read it: the same key is finished, and no other one created", async () => {
    const setup = await rig({ personality: newApi });
    const key = setup.resource();
    const hung = setup.server.fault(reveals, faults.reset(), { times: 100 });
    await expect(key.up({ remainQuota: 5, name: "mine" })).rejects.toThrow("no complete answer");
    expect(key.state).not.toHaveProperty("key");
    hung.remove();
    restart(setup);
    expect(await key.up({ remainQuota: 5, name: "mine" })).toBe("updated");
    expect(key.state.key).toBe(key.live.key);
    expect(setup.server.keys()).toHaveLength(1);
  });
});

describe("no request reveals a key that state has the secret of", () => {
  test("in a refresh, an update and a destroy of many", async () => {
    const { setup, keys } = await made(newApi, 12);
    await Promise.all(keys.map((key) => key.refresh()));
    await Promise.all(keys.map((key) => key.up({ remainQuota: 100, name: "other" })));
    expect(keys.map(({ state }) => state.key)).toEqual(keys.map(({ live }) => live.key));
    await Promise.all(keys.map((key) => key.destroy()));
    expect(revealsOf(setup)).toEqual([]);
  });

  test.each(["", "sk-"])(
    "where the stack is older than the masks, and keys began with %j",
    async (keyPrefix) => {
      const { setup, server, key } = await made({ ...newApiMaskedForGood, keyPrefix, maskedKeys: false });
      const secret = key.state.key;
      server.personality.maskedKeys = true;
      expect(await key.refresh()).toBe(false);
      expect(await key.up({ remainQuota: 100, name: "other" })).toBe("updated");
      expect(await key.up({ remainQuota: 100, name: "other" })).toBe("same");
      expect(key.state.key).toBe(secret);
      await key.destroy();
      expect(revealsOf(setup)).toEqual([]);
      expect(setup.living()).toEqual([]);
    },
  );

  test("where the server no longer shows the prefix that state has", async () => {
    const { server, setup, key } = await made({ ...newApi, keyPrefix: "sk-", maskedKeys: false });
    const secret = key.state.key;
    server.console.update(Number(key.id), { key: secret?.slice("sk-".length) ?? "" });
    expect(await key.refresh()).toBe(false);
    server.personality.maskedKeys = true;
    expect(await key.refresh()).toBe(false);
    expect(key.state.key).toBe(secret);
    expect(revealsOf(setup)).toEqual([]);
  });
});

describe("a secret that was changed on the server", () => {
  const changed = "Z".concat("abcdefgh0123456789".repeat(2), "changedABCD");

  test("is read anew by a refresh, and handed on", async () => {
    const { server, setup, keys } = await made(newApi, 5);
    const [, key] = keys as [Resource, Resource];
    server.console.update(Number(key.id), { key: changed });
    await Promise.all(keys.map((one) => one.refresh()));
    expect(keys.map(({ state }) => state.key)).toEqual(keys.map(({ live }) => live.key));
    expect(key.state.key).toBe(changed);
    expect(revealsOf(setup).map(({ body }) => body)).toEqual([{ ids: [Number(key.id)] }]);
  });

  test("is read anew by an update", async () => {
    const { server, key } = await made();
    server.console.update(Number(key.id), { key: changed });
    await key.up({ remainQuota: 100, name: "other" });
    expect(key.state.key).toBe(changed);
  });

  test("is an error where the server does not reveal it, and the known one stays in state", async () => {
    const { server, key } = await made({ ...newApiMaskedForGood, maskedKeys: false });
    const secret = key.state.key;
    server.personality.maskedKeys = true;
    server.console.update(Number(key.id), { key: changed });
    await expect(key.refresh()).rejects.toThrow("shows only a masked form of the key and does not reveal it");
    expect(key.state.key).toBe(secret);
    await key.destroy();
  });
});

describe("a server that masks and does not reveal", () => {
  test.each([1, 8])("gets one key and no second one, %i at once", async (atOnce) => {
    const setup = await rig({ personality: newApiMaskedForGood });
    const keys = Array.from({ length: 8 }, (_, i) => setup.resource(`key-${i}`));
    const queue = [...keys];
    const errors: string[] = [];
    const worker = async () => {
      for (let key = queue.shift(); key !== undefined; key = queue.shift()) {
        await key.up({ remainQuota: 100, name: "mine" }).catch((error: Error) => errors.push(error.message));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    expect(errors).toHaveLength(8);
    for (const message of errors) expect(message).toContain("shows only a masked form of the key");
    expect(setup.server.keys()).toHaveLength(1);
    expectNoLeak([...errors, ...setup.told], secretsOf(setup.server));
  });

  test("refuses an adoption at preview", async () => {
    const { setup, server } = await made({ ...newApiMaskedForGood, maskedKeys: false });
    const { id } = server.console.create();
    server.personality.maskedKeys = true;
    const { failures } = await setup.resource("adopted").checkWhole({ adoptId: String(id), remainQuota: 5 });
    expect(failures.map(({ reason }) => reason)).toEqual([expect.stringContaining("does not reveal it")]);
  });

  test("is not known by a create that failed for another reason: the next one goes ahead", async () => {
    const setup = await rig({ personality: newApi });
    setup.server.fault({ method: "POST", path: "/api/token/" }, faults.refuse("not now"));
    const ups = ["a", "b", "c"].map((name) => setup.resource(name).up({ remainQuota: 5 }));
    const results = await Promise.allSettled(ups);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(setup.living()).toHaveLength(2);
  });

  test("is not one that shows keys in full: creates there do not wait for a first one", async () => {
    const setup = await rig();
    setup.server.console.create();
    const posts: number[] = [];
    setup.server.onFinished(({ method }) => posts.push(method === "POST" ? 1 : 0));
    setup.server.fault({ method: "POST" }, faults.latency(100), { times: 8 });
    await Promise.all(Array.from({ length: 8 }, (_, i) => setup.resource(`k${i}`).up({ remainQuota: 1 })));
    // The page that is read before the first write, then all creates, and only then a lookup.
    expect(posts.slice(0, 9)).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1]);
  });
});

describe("what a server reveals is not believed", () => {
  const answer = (key: (id: string) => string) => (exchange: { request: { body: unknown } }) => {
    const { ids } = exchange.request.body as { ids: number[] };
    return {
      status: 200,
      body: {
        success: true,
        message: "",
        data: { keys: Object.fromEntries(ids.map((id) => [id, key(String(id))])) },
      },
    };
  };

  test("when it is a mask", async () => {
    const setup = await rig({ personality: { ...newApi, lacks: ["POST /api/token/{id}/key"] } });
    setup.server.fault(
      reveals,
      answer(() => "abcd**********wxyz"),
    );
    const key = setup.resource();
    await expect(key.up({ remainQuota: 5 })).rejects.toThrow("does not reveal it");
    expect(key.state).not.toHaveProperty("key");
  });

  test("when it is not the secret whose mask is shown", async () => {
    const setup = await rig({ personality: newApi });
    setup.server.fault(
      reveals,
      answer(() => `QQQQ${"abcdefghij".repeat(4)}QQQQ`),
    );
    const key = setup.resource();
    await expect(key.up({ remainQuota: 5 })).rejects.toThrow("reveals another secret than the one it shows");
    expect(key.state).not.toHaveProperty("key");
    expect(await key.up({ remainQuota: 5 })).toBe("updated");
    expect(key.state.key).toBe(key.live.key);
  });
});

test("a key that a batch leaves out is an error of its own", async () => {
  const { setup, server, key } = await made();
  const gone = setup.resource("gone");
  await gone.up({ remainQuota: 5 });
  restart(setup);
  const both = [key, gone];
  for (const { id, live } of both)
    server.console.update(Number(id), { key: `${"Zz19".repeat(11)}${live.key.slice(0, 4)}` });
  server.fault(reveals, () => server.console.delete(Number(gone.id)));
  const results = await Promise.allSettled(both.map((one) => one.refresh()));
  expect(results).toMatchObject([
    { status: "fulfilled" },
    {
      status: "rejected",
      reason: { message: expect.stringContaining("did not reveal it, though it reveals others") },
    },
  ]);
});
