import { describe, expect, test } from "vitest";
import { faults, type KeyView } from "../server";
import { failing } from "./host";
import { allBackends, isReveal, type Resource, type Rig, rig } from "./rig";

const put = { method: "PUT" };
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const legacy = { name: "legacy", remain_quota: 70, model_limits: "gpt-5", model_limits_enabled: true };
/** What the console's key is, declared. */
const same = { remainQuota: 70, modelLimits: ["gpt-5"] };

/** A key that was created in the console and has used 30. */
async function given(options: Parameters<typeof rig>[0] = {}, fields: Partial<KeyView> = legacy) {
  const setup = await rig(options);
  const { server } = setup;
  const { id } = server.console.create({ ...fields, remain_quota: (fields.remain_quota ?? 70) + 30 });
  server.console.spend(id, 30);
  return { setup, server, id, adoptId: String(id), key: setup.resource(), before: server.key(id) };
}

/** Another run of the engine. */
function again(setup: Rig): void {
  setup.lifecycle = setup.provider();
}

/** Why the key cannot be adopted. */
async function refusal(key: Resource, declared: Record<string, unknown>): Promise<string | undefined> {
  const { failures } = await key.checkWhole(declared);
  for (const { property } of failures) expect(property).toBe(failing("adoptId"));
  return failures[0]?.reason;
}

describe.each(allBackends)("on %s", (server, personality) => {
  // A New API may count in another unit.
  const left = server === "CometAPI" ? "70 ($0.00014)" : "70";
  test("a key that is as declared already is adopted without a change, secret included", async () => {
    const { setup, server, adoptId, key, before } = await given({ personality });
    expect(await key.up({ adoptId, ...same })).toBe("created");
    expect(key.id).toBe(adoptId);
    expect(key.live).toEqual(before);
    expect(key.state).toMatchObject({
      key: before.key,
      name: "legacy",
      remainQuota: 70,
      usedQuota: 30,
      availableQuota: 70,
      modelLimits: ["gpt-5"],
    });
    // Once at preview and once in the up, and in between whose token it is.
    expect(server.requests.filter((request) => !isReveal(request)).map(({ path }) => path)).toEqual([
      `/api/token/${adoptId}`,
      "/api/user/self",
      `/api/token/${adoptId}`,
    ]);
    expect(setup.told).toEqual([
      `adopts the key "legacy" (id ${adoptId}): nothing changes; what it has left, ${left}, stays`,
    ]);
    expect(await key.up({ adoptId, ...same })).toBe("same");
    expect(await key.refresh()).toBe(false);
    expect(await key.up({ adoptId, ...same })).toBe("same");
  });

  test("what differs is reported at preview, applied by one full update, and the quota stays as it stands", async () => {
    const { setup, adoptId, key } = await given({ personality });
    const declared = { adoptId, name: "mine", remainQuota: 500, allowIps: ["::1"], status: "disabled" };
    await key.checkWhole(declared);
    expect(setup.told).toEqual([
      `adopts the key "legacy" (id ${adoptId}): name "legacy" => "mine", status "enabled" => "disabled", ` +
        'modelLimits ["gpt-5"] => [], modelLimitsEnabled true => false, allowIps [] => ["::1"]; ' +
        `what it has left, ${left}, stays`,
    ]);
    expect(setup.requests("PUT")).toEqual([]);
    await key.up(declared);
    expect(setup.requests("POST")).toEqual([]);
    expect(setup.requests("PUT")).toHaveLength(personality.statusOnly ? 2 : 1);
    expect(key.live).toMatchObject({ name: "mine", allow_ips: "::1", remain_quota: 70, status: 2 });
    expect(key.state).toMatchObject({ name: "mine", remainQuota: 500, availableQuota: 70 });
    expect(await key.refresh()).toBe(false);
    expect(await key.up(declared)).toBe("same");
  });

  test("another number declared later is written as usual", async () => {
    const { adoptId, key } = await given({ personality });
    await key.up({ adoptId, remainQuota: 500 });
    expect(key.live.remain_quota).toBe(70);
    await key.up({ adoptId, remainQuota: 500, name: "other" });
    expect(key.live.remain_quota).toBe(70);
    await key.up({ adoptId, remainQuota: 501, name: "other" });
    expect(key.live.remain_quota).toBe(501);
  });

  test.each<[string, Record<string, unknown>, boolean, Partial<KeyView>]>([
    ["a limited key unlimited", { unlimitedQuota: true }, false, { unlimited_quota: true, remain_quota: 70 }],
    ["an unlimited key limited", { remainQuota: 500 }, true, { unlimited_quota: false, remain_quota: 500 }],
    [
      "a limited key that of a total",
      { totalQuota: 500 },
      false,
      { unlimited_quota: false, remain_quota: 470 },
    ],
    [
      "an unlimited key that of a total",
      { totalQuota: 500 },
      true,
      { unlimited_quota: false, remain_quota: 470 },
    ],
    [
      "an unlimited key the same",
      { unlimitedQuota: true },
      true,
      { unlimited_quota: true, remain_quota: 70 },
    ],
  ])("a declared kind makes %s", async (_name, declared, unlimited, live) => {
    const { adoptId, key } = await given({ personality }, { ...legacy, unlimited_quota: unlimited });
    await key.up({ adoptId, ...declared });
    expect(key.live).toMatchObject({ ...live, used_quota: 30 });
    expect(await key.refresh()).toBe(false);
    expect(await key.up({ adoptId, ...declared })).toBe("same");
  });

  test("what is left stays to the unit while the key is used between every two requests", async () => {
    const { server, id, adoptId, key } = await given({ personality }, { ...legacy, remain_quota: 100_000 });
    server.onFinished(() => {
      if (server.key(id).status === 1) server.console.spend(id, 1);
    });
    await key.up({ adoptId, name: "mine", remainQuota: 5 });
    const { remain_quota, used_quota } = server.key(id);
    expect(remain_quota + used_quota).toBe(100_030);
  });

  test("what no program could declare of a new key is adopted as it is, and stays so", async () => {
    const { setup, adoptId, key, before } = await given(
      { personality },
      {
        name: "legacy",
        model_limits_enabled: true,
        model_limits: "",
        cross_group_retry: true,
        expired_time: 1_767_222_000,
        allow_ips: "example.com",
      },
    );
    const asItIs = {
      modelLimitsEnabled: true,
      crossGroupRetry: true,
      expiredTime: before.expired_time,
      allowIps: ["example.com"],
      remainQuota: 70,
    };
    await key.up({ adoptId, ...asItIs });
    expect(setup.requests("PUT")).toEqual([]);
    expect(await key.up({ adoptId, ...asItIs })).toBe("same");
    expect(await key.refresh()).toBe(false);
    expect(await key.up({ adoptId, ...asItIs })).toBe("same");
    // Once it has a model, to take that away again is new.
    const usable = { ...asItIs, crossGroupRetry: false };
    await key.up({ adoptId, ...usable, modelLimits: ["gpt-5"] });
    expect(key.check({ adoptId, ...usable }).failures.map(({ property }) => property)).toEqual([
      "modelLimitsEnabled",
    ]);
  });

  test("a spent key is adopted as it is, and serves again with what it lacks", async () => {
    const { server, id, adoptId, key } = await given({ personality }, { ...legacy, remain_quota: 0 });
    server.console.update(id, { status: 4 });
    await key.up({ adoptId, ...same, name: "mine" });
    expect(key.live).toMatchObject({ status: 4, remain_quota: 0, name: "mine" });
    expect(key.state.status).toBe("exhausted");
    await key.up({ adoptId, ...same, name: "mine", totalQuota: 40, remainQuota: undefined });
    expect(key.live).toMatchObject({ status: 1, remain_quota: 10 });
  });

  test("a failure before anything was changed leaves nothing in state and the key as it was", async () => {
    const { server, id, adoptId, key, before } = await given({ personality });
    server.fault(put, faults.refuse("not now"));
    await expect(key.up({ adoptId, ...same, name: "mine" })).rejects.toThrow(
      `adopting key ${adoptId}: CometAPI refused: "not now"`,
    );
    expect(key.id).toBeUndefined();
    expect(server.key(id)).toEqual(before);
    await key.up({ adoptId, ...same, name: "mine" });
    expect(key.live.name).toBe("mine");
  });

  test.each([false, true])(
    "a failure half-way is finished by the next up (refreshed: %s)",
    async (refreshed) => {
      const { setup, server, adoptId, key } = await given({ personality });
      const declared = { adoptId, unlimitedQuota: false, remainQuota: 500, name: "mine", status: "disabled" };
      server.fault(put, faults.reset({ act: true }));
      // After both looks at the key, whose token it is, and the list.
      const dark = server.fault({ method: "GET", nth: 5 }, faults.html(), { times: 1000 });
      await expect(key.up(declared)).rejects.toThrow("is not JSON");
      dark.remove();
      expect(key.id).toBe(adoptId);
      again(setup);
      if (refreshed) await key.refresh();
      expect(await key.up(declared)).toBe("updated");
      expect(key.live).toMatchObject({ name: "mine", status: 2, remain_quota: 70, used_quota: 30 });
      expect(await key.up(declared)).toBe("same");
      await key.destroy();
      expect(setup.living()).toEqual([]);
    },
  );
});

test("what is not known yet is reported as such, and the quota as staying", async () => {
  const { setup, adoptId, key } = await given();
  await key.checkWhole({ adoptId, remainQuota: unknown, modelLimits: [unknown], name: unknown });
  expect(setup.told).toEqual([
    `adopts the key "legacy" (id ${adoptId}): name "legacy" => [unknown], modelLimits ["gpt-5"] => [unknown]; ` +
      "what it has left, 70 ($0.00014), stays",
  ]);
  await key.checkWhole({ adoptId, totalQuota: unknown, modelLimits: ["gpt-5"] });
  expect(setup.told.at(-1)).toBe(
    `adopts the key "legacy" (id ${adoptId}): totalQuota 100 ($0.0002) => [unknown]`,
  );
});

test("a list that is not known yet at all is reported as such, and with it whether it applies", async () => {
  const { setup, adoptId, key } = await given({}, { ...legacy, allow_ips: "::1" });
  await key.checkWhole({ adoptId, remainQuota: 1, modelLimits: unknown, allowIps: unknown });
  expect(setup.told).toEqual([
    `adopts the key "legacy" (id ${adoptId}): modelLimits ["gpt-5"] => [unknown], allowIps ["::1"] => [unknown]; ` +
      "what it has left, 70 ($0.00014), stays",
  ]);
});

describe("a key cannot be adopted", () => {
  test.each([
    [1234, 'must be the key\'s id as a string, such as "1234", but is 1234'],
    [true, "must be the key's id as a string"],
    ["", "not the id of a CometAPI key"],
    ["legacy", 'is "legacy", which is not the id of a CometAPI key: an id is a whole number, such as "1234"'],
    ["0", "not the id of a CometAPI key"],
    ["-1", "not the id of a CometAPI key"],
    ["1 OR 1", "not the id of a CometAPI key"],
    ["12345678901234567", "not the id of a CometAPI key"],
  ])("by %j", async (adoptId, reason) => {
    const { server, key } = await given();
    expect(await refusal(key, { adoptId, ...same })).toContain(reason);
    expect(server.requests).toEqual([]);
  });

  test("that the account does not have, or has no more", async () => {
    const { server, id, adoptId, key } = await given();
    const foreign = server.console.create({}, server.addAccount());
    expect(await refusal(key, { adoptId: String(foreign.id), ...same })).toContain(
      `adoptId cannot be used: looking up key ${foreign.id}: the account has no key of the id ${foreign.id}.`,
    );
    await key.up({ adoptId, ...same });
    await key.destroy();
    expect(await refusal(key, { adoptId, ...same })).toContain("remove adoptId, and a new key is created");
    expect(server.key(id).deletedAt).toBeDefined();
  });

  test("whose secret the server does not show", async () => {
    const { adoptId, key } = await given({ personality: { maskedKeys: true } });
    expect(await refusal(key, { adoptId, ...same })).toContain(
      "the server shows only a masked form of the key",
    );
  });

  test("while CometAPI cannot be asked", async () => {
    const { server, adoptId, key } = await given();
    server.fault({}, faults.html());
    expect(await refusal(key, { adoptId, ...same })).toContain("is not JSON");
    expect(await refusal(key, { adoptId, ...same })).toBeUndefined();
  });

  test("along with other faults, all reported at once", async () => {
    const { key } = await given();
    const { failures } = await key.checkWhole({ adoptId: "7", remainQuota: -1, name: "" });
    expect(failures.map(({ property }) => property).sort()).toEqual(
      ["adoptId", "name", "remainQuota"].map(failing),
    );
  });

  test("by two resources of one stack", async () => {
    const { setup, adoptId, key } = await given();
    const other = setup.resource("other");
    await key.checkWhole({ adoptId, ...same });
    expect(await refusal(other, { adoptId, ...same })).toContain(
      `another resource of this stack adopts the key ${adoptId} too`,
    );
    await key.up({ adoptId, ...same });
    expect(await refusal(other, { adoptId, ...same })).toContain("is in this stack already");
  });

  test.each(["that adopted it", "that created it"])("from the resource %s", async (how) => {
    const { setup, server, adoptId, key } = await given();
    const declared = how === "that created it" ? same : { adoptId, ...same };
    await key.up(declared);
    const held = String(key.id);
    for (const first of ["holder", "taker"]) {
      again(setup);
      const taker = setup.resource("taker");
      const take = () => refusal(taker, { adoptId: held, ...same });
      if (first === "holder") {
        expect(await key.preview(declared)).toBe(false);
        expect(await take()).toContain("aliases");
      } else {
        expect(await take()).toBeUndefined();
        await expect(key.preview(declared)).rejects.toThrow(`the key ${held} is in this stack already`);
      }
    }
    expect(server.key(Number(held)).deletedAt).toBeUndefined();
  });
});

describe("once adopted", () => {
  test("keeping, dropping and re-adding the same adoptId changes nothing, a refresh between or not", async () => {
    const { server, adoptId, key } = await given();
    await key.up({ adoptId, ...same });
    server.clearRequests();
    for (const adopted of [{ adoptId }, {}, { adoptId }, { adoptId: unknown }, { adoptId: null }]) {
      expect(await key.preview({ ...same, ...adopted })).toBe(false);
      expect(await key.up({ ...same, ...adopted })).toBe("same");
      expect(key.inputs).toMatchObject({ adoptId });
    }
    expect(server.requests).toEqual([]);
    for (const adopted of [{}, { adoptId }]) {
      expect(await key.refresh()).toBe(false);
      expect(await key.up({ ...same, ...adopted })).toBe("same");
      expect(key.inputs).toMatchObject({ adoptId });
    }
  });

  test("the name it had is kept for life, as long as none is declared", async () => {
    const { server, id, adoptId, key } = await given();
    await key.up({ adoptId, ...same });
    server.console.update(id, { name: "renamed" });
    expect(await key.refresh()).toBe(true);
    await key.up(same);
    expect(key.live.name).toBe("legacy");
    await key.up({ ...same, name: "mine" });
    expect(key.live.name).toBe("mine");
  });

  test("a different adoptId is a failure that says what to do, also after the first was dropped", async () => {
    const { server, adoptId, key } = await given();
    const second = server.console.create();
    await key.up({ adoptId, ...same });
    for (const adopted of [{ adoptId }, {}]) {
      await key.up({ ...same, ...adopted });
      expect(await refusal(key, { ...same, adoptId: String(second.id) })).toBe(
        `adoptId is "${second.id}", but this resource holds key ${adoptId} and keeps it for its whole life. Leave adoptId ` +
          `out, and adopt key ${second.id} by another resource with its own logical name.`,
      );
    }
    expect(server.key(second.id)).toEqual(second);
  });

  test("a key that the resource created itself may be named, and no other", async () => {
    const { setup, server, adoptId } = await given();
    const key = setup.resource("made");
    await key.up(same);
    server.clearRequests();
    expect(await key.up({ ...same, adoptId: key.id })).toBe("same");
    expect(await key.up(same)).toBe("same");
    expect(server.requests).toEqual([]);
    const made = setup.resource("made too");
    await made.up(same);
    await expect(made.preview({ ...same, adoptId })).rejects.toThrow(
      `adoptId is "${adoptId}", but this resource holds key ${made.id} and keeps it for its whole life.`,
    );
  });

  test("deleting the resource deletes the key", async () => {
    const { setup, adoptId, key } = await given();
    await key.up({ adoptId, ...same });
    again(setup);
    await key.destroy();
    expect(setup.living()).toEqual([]);
  });

  test("everything else is as for any other key: changes, drift, use", async () => {
    const { server, id, adoptId, key } = await given();
    await key.up({ adoptId, ...same });
    server.console.update(id, { group: "vip" });
    expect(await key.refresh()).toBe(true);
    await key.up({ adoptId, ...same });
    expect(key.live).toMatchObject({ group: "", remain_quota: 70 });
    await key.up({ adoptId, unlimitedQuota: true });
    expect(key.live.unlimited_quota).toBe(true);
  });
});

describe("a replacement", () => {
  /** As the engine does it: the new one first, then the old one goes. */
  async function replace(setup: Rig, old: Resource, declared: Record<string, unknown>): Promise<Resource> {
    const replacement = setup.resource();
    await replacement.up(declared);
    await old.destroy();
    return replacement;
  }

  test("of a key that was adopted is a new key, once adoptId is removed", async () => {
    const { setup, server, id, adoptId, key } = await given();
    await key.up({ adoptId, ...same });
    again(setup);
    expect(await key.preview(same)).toBe(false);
    const replacement = await replace(setup, key, same);
    expect(replacement.id).not.toBe(adoptId);
    expect(server.key(id).deletedAt).toBeDefined();
    expect(setup.living().map((living) => String(living.id))).toEqual([replacement.id]);
  });

  test("with adoptId still there is a failure where the provider is asked about the old one first", async () => {
    const { setup, adoptId, key } = await given();
    await key.up({ adoptId, ...same });
    again(setup);
    await key.checkWhole({ adoptId, ...same });
    expect(await refusal(setup.resource(), { adoptId, ...same })).toContain(
      "to replace the key by a new one, remove adoptId",
    );
  });

  test("by --replace, which the provider does not hear of, adopts the key anew and does not delete it", async () => {
    const { setup, server, id, adoptId, key } = await given();
    await key.up({ adoptId, ...same });
    again(setup);
    const replacement = await replace(setup, key, { adoptId, ...same });
    expect(replacement.id).toBe(adoptId);
    expect(server.key(id).deletedAt).toBeUndefined();
    expect(setup.told.at(-1)).toBe(
      `key "legacy" (id ${adoptId}) was not deleted: another resource of this stack, or a replacement, has adopted it`,
    );
    again(setup);
    await replacement.destroy();
    expect(server.key(id).deletedAt).toBeDefined();
  });

  test("cut off before the old one was deleted does not delete the key in the next run either", async () => {
    const { setup, server, id, adoptId, key } = await given();
    await key.up({ adoptId, ...same });
    again(setup);
    const replacement = setup.resource();
    await replacement.up({ adoptId, ...same });
    again(setup);
    expect(await replacement.up({ adoptId, ...same })).toBe("same");
    await key.destroy();
    expect(server.key(id).deletedAt).toBeUndefined();
    await replacement.up({ adoptId, ...same, name: "changed" });
    await replacement.refresh();
    await replacement.destroy();
    expect(server.key(id).deletedAt).toBeDefined();
  });

  test("a key handed from one resource to another in one run is not deleted with the first", async () => {
    const { setup, server } = await given();
    const first = setup.resource("first");
    await first.up(same);
    again(setup);
    const second = setup.resource("second");
    await second.up({ adoptId: first.id, ...same });
    await first.destroy();
    expect(server.key(Number(second.id)).deletedAt).toBeUndefined();
  });

  test("a key that a resource was to adopt in vain is not deleted with the one that gives it away", async () => {
    const { setup, server } = await given();
    const first = setup.resource("first");
    await first.up(same);
    const { id } = first;
    again(setup);
    const second = setup.resource("second");
    server.fault(put, faults.refuse("no access to group"));
    await expect(second.up({ adoptId: id, ...same, group: "gold" })).rejects.toThrow("no access to group");
    // With --continue-on-error the engine goes on to what is to be deleted.
    await expect(first.destroy()).rejects.toThrow(
      "another resource of this stack was to adopt it and failed",
    );
    expect(server.key(Number(id)).deletedAt).toBeUndefined();
    await second.up({ adoptId: id, ...same });
    await first.destroy();
    expect(server.key(Number(id)).deletedAt).toBeUndefined();
  });

  test("a resource whose key is found to be gone may adopt another in the same run", async () => {
    const { server, id, adoptId, key } = await given();
    await key.up({ adoptId, ...same });
    await key.up({ adoptId, ...same });
    server.console.delete(id);
    await key.refresh();
    const next = String(server.console.create(legacy).id);
    expect(await key.up({ adoptId: next, ...same })).toBe("created");
  });

  test("of two resources the one that held a key is refused once the other has taken it over", async () => {
    const { setup } = await given();
    const first = setup.resource("first");
    await first.up(same);
    again(setup);
    // As when the id is known only to the update.
    const made = await setup.lifecycle.create({ name: "legacy", remainQuota: 70, adoptId: String(first.id) });
    expect(made.id).toBe(first.id);
    await expect(first.preview(same)).rejects.toThrow("is in this stack already");
  });
});

test("state, inputs and requests of keys that were created have nothing of it", async () => {
  const { setup, server } = await given();
  const key = setup.resource();
  await key.up(same);
  await key.refresh();
  expect(
    JSON.stringify([key.state, key.inputs, server.requests.map(({ path, body }) => [path, body])]),
  ).not.toMatch(/adopt/i);
  expect(server.requests.map(({ method }) => method)).toEqual(["GET", "POST", "GET", "GET"]);
});
