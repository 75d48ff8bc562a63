import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";

/** The process that the engine starts. */

const main = resolve(__dirname, "../../dist/provider/plugin/main.js");

test("Start: prints its port alone, and ends when its engine is killed", async () => {
  // Stands for the engine: it starts the plugin, and hands on what that prints.
  const engine = spawn(process.execPath, [
    "-e",
    `const plugin = require("node:child_process").spawn(process.execPath, [${JSON.stringify(main)}, "127.0.0.1:9"], { stdio: ["ignore", "inherit", "inherit"] });
     console.error(plugin.pid);
     setInterval(() => {}, 1000);`,
  ]);
  const [[port], [pid]] = (await Promise.all([once(engine.stdout, "data"), once(engine.stderr, "data")])) as [
    Buffer[],
    Buffer[],
  ];
  expect(String(port)).toMatch(/^\d+\n$/);
  const plugin = Number(String(pid));
  expect(isAlive(plugin)).toBe(true);
  engine.kill("SIGKILL");
  for (let waited = 0; isAlive(plugin) && waited < 10_000; waited += 100) await setTimeout(100);
  expect(isAlive(plugin)).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
