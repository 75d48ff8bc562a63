import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { startEmulator } from "../pulumi/stack";
import { faults } from "../server/index";

const temporary = mkdtempSync(join(tmpdir(), "cometapi-demo-test-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe("npm run demo", () => {
  it("shows a key's life from preview to destroy, and leaves nothing", async () => {
    const started = performance.now();
    const { code, stdout, stderr } = await demo().ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expectInOrder(stdout, [
      'new CometApiKey("backend", {',
      "$ pulumi preview",
      "CometApiKey backend create",
      "apiKey: [unknown]",
      "$ pulumi up --yes --skip-preview",
      "+ 2 created",
      "$ pulumi stack output",
      "apiKey  [secret]",
      "> POST /v1/chat/completions",
      "the model says: Hello.",
      "used 1250, left 98750, of 100000",
      "$ pulumi preview",
      "2 unchanged",
      "$ pulumi preview",
      "CometApiKey backend update [diff: ~modelLimits]",
      "$ pulumi up --yes --skip-preview",
      "~ 1 updated",
      "used 1250, left 98750, of 100000",
      "$ pulumi refresh --yes --skip-preview --diff",
      '+ status: "disabled"',
      "$ pulumi up --yes --skip-preview",
      "CometApiKey backend updated",
      "~ 1 updated",
      "$ pulumi destroy --yes --remove --skip-preview",
      "- 2 deleted",
      "Nothing of it is left",
    ]);
    expect(stdout.trim().split("\n").length).toBeLessThanOrEqual(120);
    expect(stdout).not.toMatch(/sk-\w{10}/);
    expect(performance.now() - started).toBeLessThan(60_000);
    expectNothingLeft();
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("cleans up when %s comes in the middle, and exits with %i", async (signal, code) => {
    const { child, printed, ended } = demo();
    await printed("CometApiKey backend creating");
    child.kill(signal);
    const { stdout, ...rest } = await ended;
    expect(rest).toEqual({ code, stderr: expect.stringContaining("Interrupted") });
    expect(stdout).not.toContain("$ pulumi destroy");
    expectNothingLeft();
  });

  it("cleans up when its reader goes away", async () => {
    const { child, printed, ended } = demo();
    await printed("$ pulumi up");
    child.stdout.destroy();
    expect((await ended).code).toBe(1);
    expectNothingLeft();
  });

  it("explains itself, and says in one line what it does not know", async () => {
    expect(await demo(["--help"]).ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("--live"),
    });
    expect(await demo(["--life"]).ended).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^demo: Unknown option '--life'.*\n$/),
    });
  });
});

describe("npm run demo -- --live", () => {
  it.each(["no\n", "\n", ""])(
    "makes nothing, and asks nothing of CometAPI, when answered %j",
    async (answer) => {
      const server = await startEmulator();
      const { child, ended } = demo(["--live"], {
        COMETAPI_BASE_URL: server.url,
        COMETAPI_ACCESS_TOKEN: server.account.token,
      });
      child.stdin.end(answer);
      const { code, stdout } = await ended;
      expect(code).toBe(0);
      expect(stdout).toContain(`against ${server.url}`);
      expect(stdout).toContain("Go on? [y/N]");
      expect(stdout).toContain("Nothing was created.");
      expect(server.requests).toEqual([]);
      expectNothingLeft();
    },
  );

  it("asks for the token, does its round when answered yes, and removes the one key it made", async () => {
    const server = await startEmulator();
    server.console.create({ name: "somebody else's" });
    const { child, ended } = demo(["--live", "--model", "gemini-3-pro"], { COMETAPI_BASE_URL: server.url });
    child.stdin.end(`${server.account.token}\nyes\n`);
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expectInOrder(stdout, [
      "Your access token",
      "Go on?",
      'modelLimits: ["gemini-3-pro"]',
      "the model says: Hello.",
      "- 2 deleted",
    ]);
    expect(stdout).not.toContain(server.account.token);
    expect(server.keys()).toHaveLength(2);
    expect(server.account.living.map(({ record }) => record.name)).toEqual(["somebody else's"]);
    expect(server.requests.filter(({ path }) => path === "/v1/chat/completions")).toHaveLength(1);
    expect(server.violations).toEqual([]);
    expectNothingLeft();
  });

  it("deletes the key when it is interrupted just after making it", async () => {
    const server = await startEmulator();
    const { child, ended } = demo(["--live"], {
      COMETAPI_BASE_URL: server.url,
      COMETAPI_ACCESS_TOKEN: server.account.token,
    });
    child.stdin.end("y\n");
    await server.finished(({ method, pathname }) => method === "POST" && pathname === "/api/token/");
    child.kill("SIGINT");
    expect((await ended).code).toBe(130);
    expect(server.keys()).toHaveLength(1);
    expect(server.account.living).toEqual([]);
    expectNothingLeft();
  });

  it("names the key that it could not delete", async () => {
    const server = await startEmulator();
    server.fault({ method: "DELETE" }, faults.refuse("not today"), { times: Number.POSITIVE_INFINITY });
    const { child, ended } = demo(["--live"], {
      COMETAPI_BASE_URL: server.url,
      COMETAPI_ACCESS_TOKEN: server.account.token,
    });
    child.stdin.end("y\n");
    await server.finished(({ method }) => method === "POST");
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    const [key] = server.keys();
    expect(code).toBe(130);
    expect(stderr).toContain(`demo: the key "${key?.name}" (id ${key?.id}) could not be deleted`);
    expect(stderr).toContain("not today");
    expectNothingLeft();
  });

  it("shows why CometAPI refuses a wrong token, without a stack, and fails", async () => {
    const server = await startEmulator();
    const { child, ended } = demo(["--live"], {
      COMETAPI_BASE_URL: server.url,
      COMETAPI_ACCESS_TOKEN: "mistyped",
    });
    child.stdin.end("y\n");
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(1);
    expect(stdout).toContain("Check cometapi:accessToken");
    expect(stderr).toMatch(/^demo: `pulumi up --yes --skip-preview` ended with exit code \d+\n$/);
    expect(stdout).not.toMatch(/^\s+at /m);
    expectNothingLeft();
  });

  it("does not go on without a token", async () => {
    const { child, ended } = demo(["--live"]);
    child.stdin.end();
    expect(await ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^demo: without an access token.*\n$/),
    });
  });
});

function demo(args: string[] = [], env: Record<string, string> = {}) {
  const file = (path: string) => resolve(__dirname, "../..", path);
  // As in package.json: the command `tsx` kills a program that takes more than 60 ms to hear of a signal.
  const child = spawn(process.execPath, ["--import", "tsx", file("test/demo/demo.ts"), ...args], {
    cwd: file("."),
    env: { ...process.env, COMETAPI_ACCESS_TOKEN: "", COMETAPI_USER_ID: "", ...env, TMPDIR: temporary },
  });
  onTestFinished(() => {
    child.kill();
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr }));
  const printed = (text: string) =>
    new Promise<void>((found, lost) => {
      child.stdout.on("data", () => stdout.includes(text) && found());
      ended.then(() => lost(new Error(`ended without "${text}":\n${stdout}${stderr}`)));
    });
  return { child, ended, printed };
}

function expectInOrder(text: string, pieces: string[]): void {
  let at = 0;
  for (const piece of pieces) {
    const found = text.indexOf(piece, at);
    expect(
      found,
      `"${piece}" is due after:\n${text.slice(0, at)}\nbut comes not in:\n${text.slice(at)}`,
    ).toBeGreaterThanOrEqual(0);
    at = found + piece.length;
  }
}

function expectNothingLeft(): void {
  expect(readdirSync(temporary).filter((name) => name.startsWith("pulumi-cometapi-demo"))).toEqual([]);
  if (process.platform === "linux") expect(processesIn(temporary)).toEqual([]);
}

/** The commands of all processes whose environment names a folder. */
function processesIn(folder: string): string[] {
  const read = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8");
    } catch {
      return ""; // it has just ended, or is somebody else's
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && read(name, "environ").includes(`TMPDIR=${folder}\0`))
    .map((pid) => read(pid, "cmdline").replaceAll("\0", " "));
}
