import { expect, test } from "vitest";
import { faults } from "../../server";
import { failure, newStack, type Run, startEmulator } from "../stack";
import { program, pulumiYaml } from "./program";

/** Without what is only looked up. */
const written = ({ changes }: Run) => changes.filter(({ op }) => op !== "read");

const files = { "Pulumi.yaml": pulumiYaml };

test("previews say what changes, in words, and nothing of what depends on a key that is updated", async () => {
  const server = await startEmulator();
  const { id } = server.console.create({ name: "elsewhere" });
  const stack = await newStack({
    program: program(
      `const one = new Key("one", { remainQuota: 1000, status: "enabled", group: "default" });`,
      // It would be shown as changing if the preview of the other one did not know its outputs.
      `new Key("two", { name: pulumi.interpolate\`of-\${one.userId}-\${one.id}\`, remainQuota: 1 });`,
      `const got = new Key("got", {}, { id: "${id}" });`,
      `export const key = one.key;`,
      `export const gotKey = got.key;`,
    ),
    files,
    server,
  });
  expect(written(await stack.preview()).map(({ op }) => op)).toEqual(["create", "create"]);
  const { outputs } = await stack.up();
  const [one] = server.keys().filter(({ name }) => name.startsWith("one-"));
  expect(outputs["key"]).toEqual({ value: one?.key, secret: true });
  expect(outputs["gotKey"]).toEqual({ value: server.key(id).key, secret: true });
  expect(server.key(stack.keyId("two")).name).toBe(`of-${server.account.userId}-${one?.id}`);
  expect(written(await stack.preview())).toEqual([]);

  stack.edit("index.js", `1000, status: "enabled", group: "default"`, `2000, status: "disabled"`);
  const edited = await stack.preview({ diff: true });
  const { output } = edited;
  expect(written(edited).map(({ name, op }) => ({ name, op }))).toEqual([{ name: "one", op: "update" }]);
  expect(output).toMatch(/~ remainQuota\s*: 1000 => 2000/);
  expect(output).toMatch(/~ status\s*: "enabled" => "disabled"/);
  // The engine's way to print a change to an empty string.
  expect(output).toMatch(/- group\s*: "default"/);
  expect(output).not.toContain("<null>");
  await stack.up();
  expect(server.key(stack.keyId("one"))).toMatchObject({ remain_quota: 2000, status: 2, group: "" });
  stack.edit("index.js", `, status: "disabled"`, "");
  expect((await stack.preview({ diff: true })).output).toMatch(/~ status\s*: "disabled" => "enabled"/);

  server.console.update(stack.keyId("one"), { name: "drifted" });
  const refreshed = await stack.refresh({ diff: true });
  expect(refreshed.output).toMatch(/~ name\s*: "one-[0-9a-f]{7}" => "drifted"/);
  expect((await stack.preview({ diff: true })).output).toMatch(/~ name\s*: "drifted" => "one-[0-9a-f]{7}"/);
  await stack.destroy();
  expect(server.keys().filter(({ deletedAt }) => deletedAt === undefined)).toEqual([server.key(id)]);
});

test("a key that is half made is in state with its secret encrypted, and the next up finishes it", async () => {
  const server = await startEmulator();
  const stack = await newStack({
    program: program(`new Key("one", { name: "mine", remainQuota: 1000 });`),
    files,
    server,
  });
  server.fault({ method: "PUT" }, faults.answer({ status: 400, body: { success: false, message: "no" } }));
  const { run } = await failure(stack.up());
  expect(run.output).toContain('creating key "mine": CometAPI refused');
  expect(run.output).toContain("the next `pulumi up` finishes it");
  const [live] = server.keys();
  expect(stack.keyId("one")).toBe(live?.id);
  expect(stack.stateText()).not.toContain(String(live?.key));

  await stack.up();
  expect(server.keys()).toHaveLength(1);
  expect(server.key(stack.keyId("one"))).toMatchObject({ name: "mine", remain_quota: 1000 });
  expect(stack.resource("one")).not.toHaveProperty("initErrors");
  expect((await stack.preview()).changes).toEqual([]);
});
