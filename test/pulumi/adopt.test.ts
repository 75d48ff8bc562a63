import { expect, test } from "vitest";
import { faults } from "../server/index";
import { failure, newStack, startEmulator } from "./stack";

/** A stack that adopts a key of the console. */
async function given() {
  const server = await startEmulator();
  const { id } = server.console.create({ name: "legacy", remain_quota: 70 });
  const program = (args: string, more = "") => `
    import * as pulumi from "@pulumi/pulumi";
    import { CometApiKey } from "pulumi-cometapi";
    const backend = new CometApiKey("backend", ${args});
    ${more}
  `;
  const adopting = `{ adoptId: "${id}", remainQuota: 100 }`;
  const stack = await newStack({ server, program: program(adopting) });
  const write = (args: string, more?: string) => stack.write("index.js", program(args, more));
  return { server, stack, write, id, adopting, live: () => server.key(id) };
}

test("two resources that adopt one key are refused at preview, whatever they are called and whoever holds it", async () => {
  const { server, stack, write, id, adopting, live } = await given();
  const component = `
    const component = new pulumi.ComponentResource("test:Component", "component");
    new CometApiKey("backend", ${adopting}, { parent: component });
  `;
  write(adopting, component);
  const { run } = await failure(stack.preview());
  expect(run.output).toContain(`another resource of this stack adopts the key ${id} too`);

  write(adopting);
  await stack.up();
  write("{ remainQuota: 100 }", component);
  const { run: held } = await failure(stack.preview());
  expect(held.output).toContain(`the key ${id} is in this stack already`);

  // Handed on in one run, from a resource that goes to one that comes.
  stack.write(
    "index.js",
    `import { CometApiKey } from "pulumi-cometapi"; new CometApiKey("other", ${adopting});`,
  );
  await stack.up();
  expect(stack.keyId("other")).toBe(id);
  expect(stack.resources().filter(({ id: held }) => held === String(id))).toHaveLength(1);
  expect(live()).toMatchObject({ remain_quota: 70, status: 1 });
  expect(live().deletedAt).toBeUndefined();
  await stack.destroy();
  expect(live().deletedAt).toBeDefined();
  const { run: gone } = await failure(stack.preview());
  expect(gone.output).toContain("remove adoptId, and a new key is created");
  expect(server.violations).toEqual([]);
});

test("replacing what was adopted never deletes the key unawares", async () => {
  const { stack, write, id, adopting, live } = await given();
  await stack.up();
  const { urn } = stack.resource("backend");
  const { output } = await stack.up({ replace: [urn] });
  expect(output).toContain(
    `key "legacy" (id ${id}) was not deleted: another resource of this stack, or a replacement, has`,
  );
  expect(stack.keyId("backend")).toBe(id);
  expect(live()).toMatchObject({ remain_quota: 70, status: 1 });

  write(`${adopting}, { replacementTrigger: "one" }`);
  await stack.up();
  write(`${adopting}, { replacementTrigger: "two" }`);
  const { run } = await failure(stack.up());
  expect(run.output).toContain("to replace the key by a new one, remove adoptId.");
  write('{ remainQuota: 100 }, { replacementTrigger: "two" }');
  await stack.up();
  expect(stack.keyId("backend")).not.toBe(id);
  expect(live().deletedAt).toBeDefined();
});

test("a key that could not be changed is no part of the stack, and one that was only read can be adopted", async () => {
  const { server, stack, write, id, live } = await given();
  const before = live();
  write(`{ adoptId: "${id}", name: "mine", remainQuota: 100 }`);
  server.fault({ method: "PUT" }, faults.refuse("not today"));
  const { run } = await failure(stack.up());
  expect(run.output).toContain(`adopting key ${id}: CometAPI refused: "not today".`);
  expect(stack.resources().some(({ type }) => type.endsWith("CometApiKey"))).toBe(false);
  expect(live()).toEqual(before);

  const read = `import { CometApiKey } from "pulumi-cometapi"; CometApiKey.get("backend", "${id}");`;
  stack.write("index.js", read);
  await stack.up();
  write(`{ adoptId: "${id}", name: "mine", remainQuota: 100 }`);
  await stack.up();
  expect(live()).toMatchObject({ name: "mine", remain_quota: 70 });
  expect(stack.resource("backend")).toMatchObject({ id: String(id) });
  expect(stack.resource("backend")).not.toHaveProperty("external");
});
