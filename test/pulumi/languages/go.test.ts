import { mkdirSync } from "node:fs";
import { extract } from "tar";
import { expect, test } from "vitest";
import { writeSdk } from "../../package/sdks";
import { expectDestroyed, expectExample, lacking, machine, stackOf } from "./languages";

test("examples/go: keys, a rotation and a lookup in two accounts, with the generated SDK", {
  timeout: 900_000,
}, async ({ skip }) => {
  const missing = lacking("go");
  skip(missing !== undefined, missing);
  // With the flags that the engine is built with here, so that what both need is compiled once.
  const env = { ...(await machine("go")), GOFLAGS: "-trimpath", CGO_ENABLED: "0" };
  const account = await stackOf({ example: "go", env });
  const sdk = await writeSdk("go", account.stack.path("sdks"));
  mkdirSync(account.stack.path("sdks/cometapi"));
  await extract({ file: sdk, cwd: account.stack.path("sdks/cometapi"), strip: 1 });

  expect((await expectExample(account)).output).not.toContain("panic");
  await expectDestroyed(account);
});
