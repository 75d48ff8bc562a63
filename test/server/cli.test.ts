import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";

const children: ChildProcess[] = [];
// A test that fails half-way must not leave its emulator running.
afterEach(async () => {
  const alive = children
    .splice(0)
    .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  await Promise.all(
    alive.map((child) => {
      const closed = once(child, "close");
      child.kill();
      return closed;
    }),
  );
});

describe("the command line", () => {
  const cli = resolve("test/server/cli.ts");

  function run(...args: string[]) {
    const child = spawn(process.execPath, ["--import", "tsx", cli, ...args]);
    children.push(child);
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output.stderr += chunk;
    });
    const closed = once(child, "close").then(([code]) => ({ code, ...output }));
    const lines = createInterface(child.stdout);
    const line = (pattern: RegExp) =>
      new Promise<string>((found, lost) => {
        lines.on("line", (text) => pattern.test(text) && found(text));
        closed.then(({ stderr }) => lost(new Error(`ended without ${pattern}: ${stderr}`)));
      });
    return { child, closed, line };
  }

  it.each(["SIGINT", "SIGTERM"] as const)(
    "says how to use it, logs without secrets, and ends on %s",
    async (signal) => {
      const { child, closed, line } = run("--port", "0", "--personality", "new-api");
      const settings = [
        line(/COMETAPI_BASE_URL/),
        line(/COMETAPI_ACCESS_TOKEN/),
        line(/COMETAPI_USER_ID/),
        line(/Ctrl-C/),
      ];
      const logged = line(/GET \/api\/token\//);
      const [url = "", token = "", user = ""] = (await Promise.all(settings)).map(
        (text) => text.split("=")[1],
      );
      const headers = { authorization: token, "new-api-user": user };
      const answer = await fetch(`${url}/api/token/?stray=${token}`, { headers });
      expect(await answer.json()).toMatchObject({ success: true });
      expect(await logged).toMatch(/^\d\d:\d\d:\d\d GET \/api\/token\/\?stray=\*\*\* 200$/);
      child.kill(signal);
      expect(await closed).toMatchObject({ code: 0, stderr: "" });
    },
  );

  it("explains itself", async () => {
    const { code, stdout } = await run("--help").closed;
    expect(code).toBe(0);
    expect(stdout).toMatch(/--port[\s\S]*--personality/);
  });

  it("says in one line what was wrong", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const wrong = await Promise.all(
      [
        ["--port", String(port)],
        ["--port", "99999"],
        ["--personality", "nobody"],
        ["--colour", "red"],
      ].map((args) => run(...args).closed),
    );
    other.close();
    expect(wrong.map(({ code }) => code)).toEqual([1, 1, 1, 1]);
    const [taken, bad, nobody, unknown] = wrong.map(({ stderr }) => stderr);
    expect(taken).toBe(`emulator: port ${port} is taken: choose another with --port\n`);
    expect(bad).toMatch(/^emulator: "99999" is no port[^\n]*\n$/);
    expect(nobody).toMatch(/^emulator: unknown personality "nobody": use cometapi, new-api, [^\n]*\n$/);
    expect(unknown).toMatch(/^emulator: Unknown option '--colour'[^\n]*\n$/);
  });
});
