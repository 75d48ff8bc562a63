import { expect, test } from "vitest";
import { generateSdk } from "../../engine/languages.mjs";
import { expectDestroyed, expectExample, lacking, machine, schema, stackOf } from "./languages";

test("examples/go: keys, a rotation and a lookup in two accounts, with the generated SDK", {
  timeout: 900_000,
}, async ({ skip }) => {
  const missing = lacking("go");
  skip(missing !== undefined, missing);
  // With the flags that the engine is built with here, so that what both need is compiled once.
  const env = { ...(await machine("go")), GOFLAGS: "-trimpath", CGO_ENABLED: "0" };
  const account = await stackOf({ example: "go", env });
  await generateSdk("go", schema, account.stack.path("sdks/cometapi"));

  expect((await expectExample(account)).output).not.toContain("panic");
  await expectDestroyed(account);
});
