import { setTimeout } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { Terminal } from "../../faults/engine/terminal";
import { type CometServer, faults } from "../../server";
import { failure, newStack, startEmulator, type TestStack } from "../stack";
import { program, pulumiYaml } from "./program";

/** A server that takes requests and does not answer, and what ends the wait for it: one stack, step by step. */

let server: CometServer;
let stack: TestStack;
let terminal: Terminal;
const living = () => server.keys().filter(({ deletedAt }) => deletedAt === undefined);
const isPost = ({ method }: { method: string }) => method === "POST";
const key = (name: string) => `new Key("${name}", { name: "${name}", remainQuota: 5 });`;
const up = ["up", "--yes", "--skip-preview"];

beforeAll(async () => {
  server = await startEmulator();
  const hasty = key("hasty").replace(" });", " }, { customTimeouts: { create: '2s' } });");
  stack = await newStack({ program: program(hasty), files: { "Pulumi.yaml": pulumiYaml }, server });
  terminal = new Terminal(stack);
});

test("customTimeouts ends a create that waits for a lookup, and nothing is created", async () => {
  let hangs = true;
  server.fault({ method: "GET", when: () => hangs }, faults.never(), { times: 1_000 });
  const { run } = await failure(stack.up());
  expect(run.output).toContain(
    `creating key "hasty": CometAPI has not answered yet (given up: customTimeouts gives 2 s). Nothing was changed`,
  );
  expect(server.requests.filter(isPost)).toEqual([]);
  hangs = false;
});

test("Ctrl-C ends a create that is not answered within seconds, and its key is in state", async () => {
  stack.write("index.js", program(key("interrupted")));
  server.fault({ method: "POST" }, faults.never({ act: true }));
  const running = terminal.start(...up);
  await server.received(isPost);
  const began = performance.now();
  running.interrupt();
  const { code } = await running.ended;
  expect(performance.now() - began).toBeLessThan(7_000);
  expect(code).not.toBe(0);
  expect(running.processes()).toEqual([]);
  expect(living()).toMatchObject([{ id: stack.keyId("interrupted"), name: "interrupted" }]);
  expect((await stack.up()).changes).toEqual([]);
});

test("when the engine is killed the plugin deletes the key that it was creating, and ends", async () => {
  stack.write("index.js", program(key("interrupted"), key("killed")));
  server.clearRequests();
  server.fault({ method: "POST" }, faults.never({ act: true }));
  const running = terminal.start(...up);
  await server.received(isPost);
  running.killEngine();
  await running.ended;
  const plugin = () => running.processes().filter(({ command }) => /plugin\/main\.js/.test(command));
  expect(plugin()).toHaveLength(1);
  for (let waited = 0; plugin().length > 0 && waited < 20_000; waited += 100) await setTimeout(100);
  expect(plugin()).toEqual([]);
  expect(living()).toMatchObject([{ name: "interrupted" }]);

  await terminal.succeed("cancel", "--yes");
  expect((await stack.up()).changes).toMatchObject([{ name: "killed", op: "create" }]);
  expect(living().map(({ name }) => name)).toEqual(["interrupted", "killed"]);
  await stack.destroy();
  expect(living()).toEqual([]);
});
