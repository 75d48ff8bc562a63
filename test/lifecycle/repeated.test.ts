import { describe, expect, test } from "vitest";
import { ResourceInitFailedError } from "../../provider/errors";
import type { KeyInputs } from "../../provider/key/types";
import { faults } from "../server";
import { allBackends, type Rig, rig } from "./rig";

/** What the engine does when an `onError` hook answers "retry": it calls once more, with what it knew before. */

const post = { method: "POST" };
const put = { method: "PUT" };
const dark = faults.answer({ status: 503, body: {} });

async function checked(setup: Rig, declared: Record<string, unknown>, name = "backend"): Promise<KeyInputs> {
  const { inputs, failures } = await setup.resource(name).checkWhole(declared);
  expect(failures).toEqual([]);
  return inputs;
}

function fails(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => expect.fail("succeeded"),
    (error: Error) => error,
  );
}

describe.each(allBackends)("on %s", (_, personality) => {
  test.each<[string, Record<string, unknown>]>([
    ["a declared name", { name: "mine" }],
    ["a generated name", { status: "disabled" }],
  ])(
    "a create that is repeated after it failed half-way finishes the key it has, with %s",
    async (_, more) => {
      const setup = await rig({ personality });
      const inputs = await checked(setup, { remainQuota: 100, ...more });
      setup.server.fault(put, faults.refuse("not now"), { times: 2 });
      const ids = new Set<unknown>();
      for (let tries = 0; tries < 2; tries++) {
        const error = await fails(setup.lifecycle.create(inputs));
        expect(error).toBeInstanceOf(ResourceInitFailedError);
        ids.add((error as ResourceInitFailedError).id);
      }
      const { id, state } = await setup.lifecycle.create(inputs);
      expect([...ids]).toEqual([id]);
      expect(setup.living()).toEqual([
        expect.objectContaining({ id: Number(id), name: inputs.name, remain_quota: 100 }),
      ]);
      expect(state).not.toHaveProperty("__unfinished");
      expect(setup.requests("POST")).toHaveLength(1);
    },
  );

  test("a create that is repeated after nobody could look for its key finds it", async () => {
    for (const name of [undefined, "mine"]) {
      const setup = await rig({ personality });
      const inputs = await checked(setup, { remainQuota: 100, name });
      setup.server.fault(post, faults.reset({ act: true }));
      const lists = setup.server.fault({ method: "GET", nth: 2 }, dark, { times: 1000 });
      expect((await fails(setup.lifecycle.create(inputs))).message).toContain(
        "may have been created all the same",
      );
      lists.remove();
      await setup.lifecycle.create(inputs);
      expect(setup.living()).toEqual([expect.objectContaining({ name: inputs.name, remain_quota: 100 })]);
    }
  });

  test("a create that never happened is sent again", async () => {
    const setup = await rig({ personality });
    const inputs = await checked(setup, { remainQuota: 100, name: "mine" });
    setup.server.fault(post, faults.refuse("not now"));
    await fails(setup.lifecycle.create(inputs));
    await setup.lifecycle.create(inputs);
    expect(setup.living()).toHaveLength(1);
  });

  test("two resources that declare the same have two keys, whichever create is repeated", async () => {
    const setup = await rig({ personality });
    const declared = { remainQuota: 100, name: "same" };
    const [one, other] = [await checked(setup, declared, "one"), await checked(setup, declared, "other")];
    setup.server.fault(put, faults.refuse("not now"));
    await fails(setup.lifecycle.create(one));
    const made = [await setup.lifecycle.create(other), await setup.lifecycle.create(one)];
    expect(new Set(made.map(({ id }) => id)).size).toBe(2);
    expect(setup.living().map(({ name, remain_quota }) => [name, remain_quota])).toEqual([
      ["same", 100],
      ["same", 100],
    ]);
  });

  test("a key that a failed create has left in state is not given to another resource", async () => {
    const setup = await rig({ personality });
    const declared = { remainQuota: 100, name: "same" };
    const [one, other] = [setup.resource("one"), setup.resource("other")];
    setup.server.fault(put, faults.refuse("not now"));
    await fails(one.up(declared));
    await one.up(declared);
    await other.up(declared);
    expect(one.id).not.toBe(other.id);
    expect(setup.living()).toHaveLength(2);
  });

  test.each<[string, Record<string, unknown>, number]>([
    ["a new quota", { remainQuota: 200 }, 200],
    ["another name", { remainQuota: 100, name: "renamed" }, 100],
    ["a total", { totalQuota: 150 }, 150],
  ])(
    "an update to %s that is repeated with the old outputs grants nothing twice",
    async (_, next, granted) => {
      const setup = await rig({ personality });
      const key = setup.resource();
      await key.up({ remainQuota: 100 });
      const inputs = await checked(setup, next);
      const old = key.state;
      // The update takes effect, and use in the same moment is granted twice; then nobody can be reached.
      setup.server.fault(put, (exchange) => {
        setup.server.console.spend(Number(key.id), 10);
        exchange.act();
        exchange.response.socket?.resetAndDestroy();
        return "handled";
      });
      const looks = setup.server.fault({ method: "GET", nth: 2 }, dark, { times: 1000 });
      const error = await fails(setup.lifecycle.update(String(key.id), old, inputs));
      expect(error).toBeInstanceOf(ResourceInitFailedError);
      looks.remove();
      setup.server.console.spend(Number(key.id), 30);
      const state = await setup.lifecycle.update(String(key.id), old, inputs);
      const assigned = "remainQuota" in next && next["remainQuota"] !== 100 ? 10 : 0;
      expect(key.live.remain_quota + key.live.used_quota).toBe(granted + assigned);
      expect(state).not.toHaveProperty("__unfinished");
    },
  );

  test("an adoption that is repeated finishes what it has begun", async () => {
    const setup = await rig({ personality });
    const { id } = setup.server.console.create({ name: "legacy", remain_quota: 100 });
    const inputs = await checked(setup, { adoptId: String(id), remainQuota: 100, name: "mine" });
    setup.server.fault(put, (exchange) => {
      setup.server.console.spend(id, 10);
      exchange.act();
      exchange.response.socket?.resetAndDestroy();
      return "handled";
    });
    // A check has looked already.
    const looks = setup.server.fault({ method: "GET", nth: 2 }, dark, { times: 1000 });
    await fails(setup.lifecycle.create(inputs));
    looks.remove();
    const made = await setup.lifecycle.create(inputs);
    expect(made.id).toBe(String(id));
    const live = setup.server.key(id);
    expect(live).toMatchObject({ name: "mine" });
    expect(live.remain_quota + live.used_quota).toBe(100);
  });
});
