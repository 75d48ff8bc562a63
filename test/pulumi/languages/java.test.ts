import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { extract } from "tar";
import { expect, test } from "vitest";
import { mavenConfigFor } from "../../engine/languages.mjs";
import { engine } from "../../engine/locate.mjs";
import { writeSdk } from "../../package/sdks";
import { expectDestroyed, expectExample, lacking, machine, stackOf } from "./languages";

test("examples/java: keys, a rotation and a lookup in two accounts, with the SDK of the release, which `pulumi package add` writes too", {
  timeout: 900_000,
}, async ({ skip }) => {
  const missing = lacking("javac", "mvn", "go");
  skip(missing !== undefined, missing);
  // Maven is short-lived and runs a dozen times here: this halves what it takes.
  const env = { ...(await machine("java")), MAVEN_OPTS: "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" };
  const account = await stackOf({ example: "java", env });
  const { stack } = account;
  const sdk = stack.path("sdks/cometapi");
  mkdirSync(sdk, { recursive: true });
  await extract({ file: await writeSdk("java", stack.path("release")), cwd: sdk, strip: 1 });
  mkdirSync(stack.path(".mvn"));
  stack.write(".mvn/maven.config", await mavenConfigFor(stack.path(".")));

  // As it was unpacked: Maven leaves out a file that says to be from 1970.
  const { output } = await expectExample(account);
  expect(output).not.toMatch(/Exception|\[WARN/);

  const released = contentsOf(sdk);
  execFileSync(engine().command, ["package", "add", "cometapi"], {
    cwd: stack.path("."),
    env: { ...process.env, ...stack.stack.workspace.envVars },
    stdio: "pipe",
  });
  expect(contentsOf(sdk)).toEqual(released);
  await expectDestroyed(account);
});

function contentsOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(files.map((file) => [file, readFileSync(file, "utf8")]));
}
