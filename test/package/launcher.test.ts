import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { connect, failure } from "../plugin/client";

/** What starts the plugin, wherever it lies. */

const repo = resolve(__dirname, "../..");
const windows = process.platform === "win32";
const name = `pulumi-resource-cometapi${windows ? ".cmd" : ""}`;
const folder = mkdtempSync(join(tmpdir(), "cometapi-test-launcher-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const started: ChildProcess[] = [];
afterEach(() => {
  for (const plugin of started.splice(0)) plugin.kill();
});

/** Starts the plugin, and returns the first that it prints. */
async function printedBy(command: string, env: Record<string, string> = {}): Promise<string> {
  const plugin = spawn(windows ? `"${command}"` : command, ["127.0.0.1:9"], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    shell: windows,
  });
  started.push(plugin);
  const [printed] = (await Promise.race([once(plugin.stdout, "data"), once(plugin.stderr, "data")])) as [
    Buffer,
  ];
  return String(printed);
}

const link = (to: string, ...from: string[]): string => {
  const path = join(folder, ...from);
  mkdirSync(join(path, ".."), { recursive: true });
  symlinkSync(to, path);
  return path;
};

test("the launcher starts the plugin from a folder of any name", async () => {
  const copy = join(folder, "a & b's (copy) $HOME");
  for (const part of ["plugin", "dist", "package.json"])
    cpSync(join(repo, part), join(copy, part), { recursive: true });
  symlinkSync(join(repo, "node_modules"), join(copy, "node_modules"), "junction");
  expect(await printedBy(join(copy, "plugin", name))).toMatch(/^\d+\n$/);
});

// There links take rights that not everybody has.
test.skipIf(windows)("the launcher starts the plugin through links, as on a PATH", async () => {
  const absolute = link(join(repo, "plugin", name), "absolute", name);
  const relative = link(join("..", "absolute", name), "relative", name);
  const toFolder = join(link(join(repo, "plugin"), "linked"), name);
  for (const path of [absolute, relative, toFolder]) expect(await printedBy(path)).toMatch(/^\d+\n$/);
});

test("a Node that is too old is refused in one sentence", async () => {
  const older = join(folder, "older.cjs");
  writeFileSync(
    older,
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.8" } });`,
  );
  const port = await printedBy(join(repo, "plugin", name), {
    NODE_OPTIONS: `--require ${JSON.stringify(older)}`,
  });
  const { message } = await failure(connect({ port: Number(port) }, [], "127.0.0.1:9").configure({}));
  expect(message).toBe(
    "the plugin needs Node 20.18.1 or newer, but the one on the PATH is 18.20.8. Update it.",
  );
});
