import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { engine } from "../../engine/locate.mjs";
import { writeArchives } from "../../package/bundle";
import type { CometServer } from "../../server/index";
import { newStack, startEmulator, type TestStack } from "../stack";

/** The archives of a release: how the engine gets the plugin where Pulumi.yaml does not name it. */

const repo = resolve(__dirname, "../../..");
const folder = mkdtempSync(join(tmpdir(), "cometapi-test-archives-"));
const { version } = JSON.parse(readFileSync(join(repo, "package.json"), "utf8")) as { version: string };
let archives: string[];
let downloads: Server;
let address: string;
let asked: string[] = [];
let server: CometServer;

beforeAll(async () => {
  archives = await writeArchives(folder);
  downloads = createServer((request, response) => {
    const name = basename(request.url ?? "");
    asked.push(name);
    const file = archives.find((path) => basename(path) === name);
    if (file === undefined) response.writeHead(404).end();
    else response.end(readFileSync(file));
  });
  await new Promise<void>((done) => downloads.listen(0, "127.0.0.1", done));
  address = `http://127.0.0.1:${(downloads.address() as AddressInfo).port}`;
  server = await startEmulator();
});
afterAll(() => {
  downloads.close();
  rmSync(folder, { recursive: true, force: true });
});

/** On a machine that has no plugin yet, in a project with the program's half of the package alone. */
async function stackWith(opts: string, env: Record<string, string> = {}): Promise<TestStack> {
  const stack = await newStack({
    program: `
      import { CometApiKey } from "pulumi-cometapi/plugin";
      export const key = new CometApiKey("own", { remainQuota: 1000 }, ${opts}).key;
    `,
    server,
    env: {
      PULUMI_HOME: mkdtempSync(join(folder, "home-")),
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "false",
      ...env,
    },
  });
  const modules = join(dirname(stack.path("index.js")), "node_modules");
  rmSync(modules);
  mkdirSync(join(modules, "@pulumi"), { recursive: true });
  symlinkSync(join(repo, "node_modules/@pulumi/pulumi"), join(modules, "@pulumi/pulumi"), "junction");
  for (const part of ["package.json", "dist/sdk"])
    cpSync(join(repo, part), join(modules, "pulumi-cometapi", part), { recursive: true });
  asked = [];
  return stack;
}

const own = `pulumi-resource-cometapi-v${version}-`;

test("an archive for each system, named as the engine asks for it", () => {
  const systems = archives.map((path) => basename(path).replace(own, "").replace(".tar.gz", ""));
  expect(systems.sort()).toEqual([
    "darwin-amd64",
    "darwin-arm64",
    "linux-amd64",
    "linux-arm64",
    "windows-amd64",
    "windows-arm64",
  ]);
});

test("a plugin installed from a file creates keys, with nothing of this package beside it", async () => {
  const home = mkdtempSync(join(folder, "home-"));
  const stack = await stackWith("{}", {
    PULUMI_HOME: home,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  });
  const install = ["plugin", "install", "resource", "cometapi", version, "--file", archives[0] ?? ""];
  execFileSync(engine().command, install, { env: { ...process.env, PULUMI_HOME: home }, stdio: "pipe" });
  const { output, outputs } = await stack.up();
  expect(outputs["key"]).toEqual({ value: server.key(stack.keyId("own")).key, secret: true });
  expect(output).not.toMatch(/warning|\$PATH/);
});

test("the first preview downloads it from where the program says", async () => {
  const stack = await stackWith(`{ pluginDownloadURL: "${address}" }`);
  const { changes, output } = await stack.preview();
  expect(output).not.toContain("warning");
  expect(changes).toEqual([{ name: "own", op: "create", properties: [] }]);
  expect(asked).toEqual([expect.stringContaining(own)]);
});

test("the first preview downloads it from a mirror", async () => {
  const stack = await stackWith("{}", { PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES: `.*=${address}` });
  const { changes, output } = await stack.preview();
  expect(output).not.toContain("warning");
  expect(changes).toEqual([{ name: "own", op: "create", properties: [] }]);
  expect(asked).toEqual([expect.stringContaining(own)]);
});
