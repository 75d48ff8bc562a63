import { expect, test } from "vitest";
import { newStack, startEmulator } from "../stack";
import { program, pulumiYaml } from "./program";

test("a key lives and dies on the plugin", async () => {
  const server = await startEmulator();
  const stack = await newStack({
    program: program(
      `const one = new Key("one", { remainQuota: 1000 });`,
      `new Key("two", { name: pulumi.interpolate\`of-\${one.userId}\`, remainQuota: 1 });`,
      `export const key = one.key;`,
    ),
    files: { "Pulumi.yaml": pulumiYaml },
    server,
  });
  const { outputs } = await stack.up();
  expect(outputs["key"]).toEqual({ value: server.key(stack.keyId("one")).key, secret: true });
  expect((await stack.preview()).changes).toEqual([]);

  stack.edit("index.js", "1000", "2000");
  const { changes } = await stack.preview();
  expect(changes).toEqual([{ name: "one", op: "update", properties: ["remainQuota"] }]);
  await stack.destroy();
  expect(server.keys().filter((key) => key.deletedAt === undefined)).toEqual([]);
});
