import { expect, test } from "vitest";
import { generateSdk, pythonPathFor } from "../../engine/languages.mjs";
import { expectDestroyed, expectExample, lacking, machine, schema, stackOf } from "./languages";

test("examples/python: keys, a rotation and a lookup in two accounts, with the generated SDK", {
  timeout: 900_000,
}, async ({ skip }) => {
  const missing = lacking("python3", "go");
  skip(missing !== undefined, missing);
  const account = await stackOf({ example: "python", env: await machine("python") });
  const { stack } = account;
  const sdk = stack.path("sdks/cometapi");
  await generateSdk("python", schema, sdk);
  stack.stack.workspace.envVars["PYTHONPATH"] = await pythonPathFor(sdk);

  const { output } = await expectExample(account);
  expect(output).not.toMatch(/Traceback|DeprecationWarning/);
  await expectDestroyed(account);
});
