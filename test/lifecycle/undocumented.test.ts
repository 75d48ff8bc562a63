import { expect, test } from "vitest";
import { backends, type Resource, type Rig, rig } from "./rig";

/** Fields that a server resets when an update leaves them out, and what somebody has set them to. */
const zeros = { auto_groups: [], billing_type: "", remark: "" };
const set = { auto_groups: ["vip", "default"], billing_type: "prepaid", remark: "owned by the billing team" };
const readOnly = {
  DeletedAt: null,
  updated_at: 1_767_225_600,
  masked_key: "abcd**********wxyz",
  last_used_time: 0,
};

const cases = backends.map(
  ([name, personality]) => [name, { ...personality, editableExtras: zeros, extraFields: readOnly }] as const,
);

test.each(cases)(
  "no update of any kind wipes a field that the package does not know, on %s",
  async (_, personality) => {
    const setup = await rig({ personality });
    const key = setup.resource();
    const declared = { name: "mine", remainQuota: 100 };
    await key.up(declared);
    const id = Number(key.id);
    setup.server.console.update(id, set);
    const kinds: Record<string, () => Promise<unknown>> = {
      "a rename": () => key.up({ ...declared, name: "renamed" }),
      "a new quota": () => key.up({ ...declared, remainQuota: 200 }),
      "a new status": () => key.up({ ...declared, remainQuota: 200, status: "disabled" }),
      "a status that goes back": () => key.up({ ...declared, remainQuota: 200 }),
      "an update of a key in use": () =>
        whileUsed(setup, key, () => key.up({ ...declared, remainQuota: 200, name: "used" })),
      "an update of a key with little left": async () => {
        setup.server.console.spend(id, key.live.remain_quota - 5);
        await key.up({ ...declared, remainQuota: 200, name: "nearly empty" });
      },
      "an exhausted key that gets a total": async () => {
        setup.server.console.spend(id, key.live.remain_quota);
        setup.server.console.update(id, { status: 4 });
        await key.up({ name: "mine", totalQuota: 1_000 });
      },
    };
    for (const [kind, update] of Object.entries(kinds)) {
      await update();
      expect(key.live, kind).toMatchObject(set);
    }
    expect(key.live.status).toBe(1);
    expect(JSON.stringify(setup.requests("PUT"))).not.toMatch(
      /DeletedAt|updated_at|masked_key|last_used_time|user_id/,
    );
    expect(JSON.stringify([key.state, key.inputs])).not.toMatch(/billing|remark/);
  },
);

test("adopting a key wipes nothing of it either", async () => {
  const setup = await rig({ personality: { editableExtras: zeros, extraFields: readOnly } });
  const { id } = setup.server.console.create({ name: "legacy", ...set });
  const key = setup.resource();
  await key.up({ adoptId: String(id), name: "mine", remainQuota: 100_000 });
  expect(key.live).toMatchObject({ name: "mine", ...set });
});

/** The key is used between any two requests, so that its update corrects and pauses. */
async function whileUsed({ server }: Rig, key: Resource, work: () => Promise<unknown>): Promise<void> {
  let busy = true;
  server.onFinished(() => {
    if (busy && key.live.status === 1) server.console.spend(Number(key.id), 1);
  });
  await work();
  busy = false;
}
