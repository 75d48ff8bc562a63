import { describe, expect, test } from "vitest";
import { type Fault, newApi } from "../server";
import { rig } from "./rig";

/** New API since August 2026: the groups of an auto-routed key, in the order in which they are tried. */
const personality = { ...newApi, maskedKeys: false, editableExtras: { auto_groups: [] } };
const auto = { remainQuota: 5, group: "auto" };

async function given(autoGroups: string[]) {
  const setup = await rig({ personality });
  const key = setup.resource();
  await key.up({ ...auto, autoGroups });
  return { setup, server: setup.server, key };
}

describe("autoGroups", () => {
  test("are created in their order, kept by updates of something else, and never a change by themselves", async () => {
    const { key } = await given(["vip", "default"]);
    expect(key.live).toMatchObject({ group: "auto", auto_groups: ["vip", "default"] });
    expect(key.state.autoGroups).toEqual(["vip", "default"]);
    expect(await key.up({ ...auto, autoGroups: ["vip", "default"] })).toBe("same");
    expect(await key.up({ ...auto, autoGroups: ["vip", "default"], name: "other" })).toBe("updated");
    expect(key.live.auto_groups).toEqual(["vip", "default"]);
  });

  test("in another order are a change", async () => {
    const { key } = await given(["vip", "default"]);
    expect(await key.up({ ...auto, autoGroups: ["default", "vip"] })).toBe("updated");
    expect(key.live.auto_groups).toEqual(["default", "vip"]);
    expect(await key.up({ ...auto, autoGroups: [] })).toBe("updated");
    expect(key.live.auto_groups).toEqual([]);
  });

  test("that are not declared any more stay as they are", async () => {
    const { key } = await given(["vip", "default"]);
    expect(await key.up(auto)).toBe("updated");
    expect(key.live.auto_groups).toEqual(["vip", "default"]);
    expect(key.state).not.toHaveProperty("autoGroups");
    expect(await key.up(auto)).toBe("same");
  });

  test("changed in the console are drift, which the next up repairs", async () => {
    const { server, key } = await given(["vip", "default"]);
    server.console.update(Number(key.id), { auto_groups: ["default"] });
    expect(await key.refresh()).toBe(true);
    expect(key.inputs?.autoGroups).toEqual(["default"]);
    expect(await key.up({ ...auto, autoGroups: ["vip", "default"] })).toBe("updated");
    expect(key.live.auto_groups).toEqual(["vip", "default"]);
    expect(await key.refresh()).toBe(false);
  });

  test("of an adopted key are compared and set", async () => {
    const setup = await rig({ personality });
    const { id } = setup.server.console.create({ group: "auto", auto_groups: ["default"] });
    const key = setup.resource();
    await key.up({ ...auto, adoptId: String(id), autoGroups: ["vip"] });
    expect(setup.told.join()).toContain('autoGroups ["default"] => ["vip"]');
    expect(key.live.auto_groups).toEqual(["vip"]);
  });

  test("are an error that names them on a server that does not know them, with the key safe in state", async () => {
    const setup = await rig({ personality });
    const key = setup.resource();
    const dropped: Fault = (exchange) => {
      const { status, body } = exchange.act();
      return { status, body: JSON.stringify(body).replace(/"auto_groups":\[[^\]]*\],?/g, "") };
    };
    const dropping = setup.server.fault({}, dropped, { times: Number.POSITIVE_INFINITY });
    await expect(key.up({ ...auto, autoGroups: ["vip"] })).rejects.toThrow(
      'did not keep autoGroups (sent ["vip"], stored [])',
    );
    expect(key.id).toBeDefined();
    dropping.remove();
    expect(await key.up(auto)).toBe("updated");
    expect(await key.up(auto)).toBe("same");
  });

  test("are looked up at preview like the group, if cometapi:checkModels says so", async () => {
    const setup = await rig({ personality });
    setup.lifecycle = setup.provider({ "cometapi:checkModels": "error" });
    const { failures } = await setup.resource().checkWhole({ ...auto, autoGroups: ["vip", "vipp"] });
    expect(failures).toEqual([
      {
        property: "autoGroups",
        reason: 'autoGroups names "vipp", which is not a group of the account; did you mean "vip"?',
      },
    ]);
  });

  test("leave no trace in state, requests or previews of those who do not declare them", async () => {
    const setup = await rig();
    const key = setup.resource();
    await key.up({ remainQuota: 5, name: "plain" });
    await key.up({ remainQuota: 6, name: "plain" });
    await key.refresh();
    const traces = [key.state, key.inputs, ...setup.server.requests.map(({ body }) => body)];
    expect(JSON.stringify(traces)).not.toMatch(/auto_?groups/i);
    expect(Object.keys(key.state)).not.toContain("autoGroups");
  });
});
