import { expect, test } from "vitest";
import { pythonPathWith } from "../../engine/languages.mjs";
import { writeSdk } from "../../package/sdks";
import { expectDestroyed, expectExample, lacking, machine, stackOf } from "./languages";

test("examples/python: keys, a rotation and a lookup in two accounts, with the generated SDK", {
  timeout: 900_000,
}, async ({ skip }) => {
  const missing = lacking("python3", "go");
  skip(missing !== undefined, missing);
  const account = await stackOf({ example: "python", env: await machine("python") });
  const { stack } = account;
  const sdk = await writeSdk("python", stack.path("sdks"));
  stack.stack.workspace.envVars["PYTHONPATH"] = await pythonPathWith(sdk, stack.path("installed"));

  const { output } = await expectExample(account);
  expect(output).not.toMatch(/Traceback|DeprecationWarning/);
  await expectDestroyed(account);
});
