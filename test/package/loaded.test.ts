import { execFileSync } from "node:child_process";
import { relative, resolve } from "node:path";
import { expect, test } from "vitest";

/** What each entry of the package loads: nobody waits for code of a host that they do not use. */

const repo = resolve(__dirname, "../..");

/** The files that a new process has loaded after it has run this line, from the root of the repo. */
function loadedBy(line: string): string[] {
  const script = `${line}; console.log(JSON.stringify(Object.keys(require.cache))); process.exit()`;
  const printed = execFileSync(process.execPath, ["-e", script], { cwd: repo, encoding: "utf8" });
  const files = JSON.parse(printed.trim().split("\n").at(-1) ?? "") as string[];
  return files.map((file) => relative(repo, file).replaceAll("\\", "/"));
}

test("a program of the dynamic resource loads nothing of the plugin", () => {
  const files = loadedBy(
    `const { CometApiKey } = require("pulumi-cometapi"); require("pulumi-cometapi/provider")`,
  );
  expect(files).toContain("dist/sdk/cometApiKey.js");
  expect(files.filter((file) => /^dist\/(sdk|provider)\/plugin\//.test(file))).toEqual([]);
});

test("a program of the plugin loads nothing of any provider", () => {
  const files = loadedBy(`const { CometApiKey } = require("pulumi-cometapi/plugin")`);
  expect(files).toContain("dist/sdk/plugin/cometApiKey.js");
  expect(files.filter((file) => /^dist\/provider\//.test(file))).toEqual([]);
  const dynamic = ["dist/sdk/cometApiKey.js", "dist/sdk/rotatingCometApiKey.js", "dist/sdk/lookups.js"];
  expect(files.filter((file) => dynamic.includes(file))).toEqual([]);
});

test("the plugin starts without Pulumi's SDK, of which it needs the protocol alone", () => {
  const files = loadedBy(`require("./dist/provider/plugin/main.js")`);
  expect(files).toContain("dist/provider/plugin/protocol/serve.js");
  const sdk = files.filter((file) => file.startsWith("node_modules/@pulumi/pulumi/"));
  expect(sdk.filter((file) => !file.startsWith("node_modules/@pulumi/pulumi/proto/"))).toEqual([]);
});
