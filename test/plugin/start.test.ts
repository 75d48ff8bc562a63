import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { faults } from "../server";
import { start } from "../server/testing";
import { connect, failure, startEngine } from "./client";

/** The process that the engine starts. */

/** Windows has no SIGINT, and tells no process that its parent is gone. */
const onUnix = test.skipIf(process.platform === "win32");

const main = resolve(__dirname, "../../dist/provider/plugin/main.js");

const engines: ChildProcessByStdio<null, Readable, Readable>[] = [];
afterEach(() => {
  for (const engine of engines.splice(0)) engine.kill("SIGKILL");
});

/** Stands for the engine: a process that starts the plugin, and hands on what that prints. */
async function startByEngine({ address = "127.0.0.1:9", env = {} } = {}) {
  const script = `
    const plugin = require("node:child_process").spawn(process.execPath, ${JSON.stringify([main, address])}, { stdio: ["ignore", "inherit", "inherit"] });
    console.error(plugin.pid);
    setInterval(() => {}, 1000);`;
  const engine = spawn(process.execPath, ["-e", script], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  engines.push(engine);
  const [[printed], [pid]] = (await Promise.all([
    once(engine.stdout, "data"),
    once(engine.stderr, "data"),
  ])) as [Buffer[], Buffer[]];
  return { engine, printed: String(printed), plugin: Number(String(pid)) };
}

onUnix("Start: prints its port alone, and ends when its engine is killed", async () => {
  const { engine, printed, plugin } = await startByEngine();
  expect(printed).toMatch(/^\d+\n$/);
  expect(isAlive(plugin)).toBe(true);
  engine.kill("SIGKILL");
  await ended(plugin);
});

onUnix("Start: ends at once by SIGINT when nothing is under way", async () => {
  const { plugin } = await startByEngine();
  const began = performance.now();
  process.kill(plugin, "SIGINT");
  await ended(plugin);
  expect(performance.now() - began).toBeLessThan(3_000);
});

onUnix(
  "Start: logs to the engine, whatever proxy the environment names for the rest of the network",
  async () => {
    const server = await start();
    const { address, logged } = await startEngine();
    const { printed } = await startByEngine({
      address,
      env: { https_proxy: "http://127.0.0.1:1", no_proxy: "" },
    });
    const client = connect({ port: Number(printed) }, logged, address);
    await client.configure({ accessToken: server.account.token, baseUrl: server.url });
    server.fault({ method: "PUT" }, faults.refuse("not now"));
    const error = await failure(client.up("backend", { name: "mine", remainQuota: 5 }));
    expect(error.half?.id).toBeDefined();
    expect(logged.map(({ message }) => message)).toEqual([expect.stringContaining("not now")]);
  },
);

onUnix.each([
  ["an engine that is killed"],
  // So an engine ends its plugins, with calls under way when it is interrupted a second time.
  ["SIGINT"],
])("Start: deletes what it was creating before it ends: %s", async (end) => {
  const server = await start({ now: () => Date.now() });
  const { engine, printed, plugin } = await startByEngine();
  const client = connect({ port: Number(printed) }, [], "127.0.0.1:9");
  await client.configure({ accessToken: server.account.token, baseUrl: server.url });
  const { inputs } = await client.check("backend", { name: "mine", remainQuota: 5 });
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const sent = new Promise<void>((resolve) => {
    server.fault({ method: "POST" }, async (exchange) => {
      exchange.act();
      resolve();
      await released;
    });
  });
  const created = client.create("backend", inputs).catch(() => "nobody is there to hear of it");
  await sent;
  if (end === "SIGINT") process.kill(plugin, "SIGINT");
  else {
    engine.kill("SIGKILL");
    client.close();
    await created;
  }
  // Longer than the plugin takes to notice.
  await setTimeout(1_500);
  expect(isAlive(plugin)).toBe(true);
  release();
  await created;
  await ended(plugin);
  expect(server.keys()).toMatchObject([{ name: "mine", deletedAt: expect.any(Number) }]);
});

async function ended(pid: number): Promise<void> {
  for (let waited = 0; isAlive(pid) && waited < 10_000; waited += 100) await setTimeout(100);
  expect(isAlive(pid)).toBe(false);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
