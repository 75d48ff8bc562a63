import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { engineEnv } from "../engine/locate.mjs";
import { type CometServer, startServer } from "../server/index";

/** A new user's way: the packed package, installed with npm in an empty folder, and the program of the README. */

const repo = resolve(__dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "cometapi-test-user-"));
let server: CometServer;
let env: NodeJS.ProcessEnv;
let packed: { filename: string; files: { path: string }[] };

/** Not synchronous: the server that is being talked to runs in this process. */
async function run(command: string, ...args: string[]): Promise<string> {
  // npm is a script on Windows.
  const shell = process.platform === "win32";
  const { stdout } = await promisify(execFile)(command, args, { cwd: folder, env, shell });
  return stdout;
}

beforeAll(async () => {
  server = await startServer();
  env = {
    ...process.env,
    ...engineEnv({ home: join(folder, ".home"), backend: `file://${folder}` }),
    COMETAPI_BASE_URL: server.url,
    COMETAPI_ACCESS_TOKEN: server.account.token,
  };
  // Without its scripts: they would build anew under the feet of the other tests.
  const report = await run("npm", "pack", repo, "--json", "--ignore-scripts");
  [packed] = JSON.parse(report) as [typeof packed];
  const { version } = JSON.parse(
    readFileSync(join(repo, "node_modules/@pulumi/pulumi/package.json"), "utf8"),
  ) as { version: string };
  const readme = readFileSync(join(repo, "README.md"), "utf8");
  const [, program] = /```ts\n(.+?)```/s.exec(readme) ?? [];
  writeFileSync(join(folder, "index.ts"), program ?? "");
  writeFileSync(join(folder, "Pulumi.yaml"), "name: user\nruntime: nodejs\n");
  writeFileSync(join(folder, "package.json"), '{ "name": "user", "private": true, "main": "index.ts" }');
  await run(
    "npm",
    "install",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    `./${packed.filename}`,
    `@pulumi/pulumi@${version}`,
    "typescript@6.0.3",
  );
  await run("pulumi", "stack", "init", "dev");
}, 180_000);

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

test("the package holds the compiled code, its sources and its documents, and nothing else", () => {
  const kinds = packed.files.map(({ path }) =>
    path.replace(/^(dist\/)?(sdk|provider)\/.+?(\.d\.ts(\.map)?|\.js(\.map)?|\.ts)$/, "$1$2 $3"),
  );
  expect([...new Set(kinds)].sort()).toEqual([
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "dist/provider .d.ts",
    "dist/provider .d.ts.map",
    "dist/provider .js",
    "dist/provider .js.map",
    "dist/sdk .d.ts",
    "dist/sdk .d.ts.map",
    "dist/sdk .js",
    "dist/sdk .js.map",
    "package.json",
    "provider .ts",
    "sdk .ts",
  ]);
});

test("the program of the README goes up, changes nothing the second time and on refresh, and is destroyed", {
  timeout: 120_000,
}, async () => {
  expect(await run("pulumi", "up", "--yes", "--non-interactive")).toContain("+ 2 created");
  expect(server.keys()).toHaveLength(1);
  expect(await run("pulumi", "up", "--yes", "--non-interactive", "--expect-no-changes")).toContain(
    "2 unchanged",
  );
  expect(await run("pulumi", "refresh", "--yes", "--non-interactive", "--expect-no-changes")).toContain(
    "2 unchanged",
  );
  expect((await run("pulumi", "stack", "output", "apiKey", "--show-secrets")).trim()).toBe(
    server.keys()[0]?.key,
  );
  await run("pulumi", "destroy", "--yes", "--non-interactive");
  expect(server.keys().every(({ deletedAt }) => deletedAt !== undefined)).toBe(true);
  expect(server.violations).toEqual([]);
});

test("importing the package loads neither undici nor zod, nor anything else of the provider", async () => {
  const loaded = await run(
    "node",
    "-e",
    'require("pulumi-cometapi"); console.log(Object.keys(require.cache).join("\\n"))',
  );
  expect(loaded).toContain("pulumi-cometapi");
  expect(loaded).not.toMatch(/node_modules\/(undici|zod|dataloader|ipaddr\.js)\/|dist\/provider\//);
});
