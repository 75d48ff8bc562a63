import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { engine } from "../../engine/locate.mjs";
import { host } from "../../pulumi/host";
import { newStack, startEmulator, type TestStack } from "../../pulumi/stack";
import { type CometServer, type Fault, faults, type Personality } from "../../server";
import { secretsOf } from "../leaks";
import { type Ended, type Process, Terminal } from "./terminal";

/**
 * One stack's life with a server that gossips, and a search of all that it leaves behind for tokens and keys. One token
 * is in the environment, that of another account in the configuration: one life is enough for both.
 */

const repo = resolve(__dirname, "../../..");
const proxyPassword = "pr0xy-Passw0rd!";

vi.setConfig({ testTimeout: 300_000, maxConcurrency: 2 });
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const fragment = 8;
const searched = { places: 0, bytes: 0, commands: 0, processes: 0, providerBytes: 0 };

/** Finds any 8 characters in a row of any secret. */
class Search {
  private readonly parts = new Set<string>();

  constructor(secrets: readonly string[]) {
    for (const secret of secrets) {
      for (let i = 0; i + fragment <= secret.length; i++) this.parts.add(secret.slice(i, i + fragment));
    }
    expect(this.parts.size).toBeGreaterThan(0);
  }

  finds(text: string): boolean {
    for (let i = 0; i + fragment <= text.length; i++) {
      if (this.parts.has(text.slice(i, i + fragment))) return true;
    }
    return false;
  }

  /** The lines that give something away, as `place:line text`. */
  in(place: string, text: string): string[] {
    searched.places++;
    searched.bytes += text.length;
    if (!this.finds(text)) return [];
    return text
      .split("\n")
      .flatMap((line, i) => (this.finds(line) ? [`${place}:${i + 1} ${line.slice(0, 400)}`] : []));
  }
}

/** Every file below a folder, not through links. */
function filesIn(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => lstatSync(file).isFile())
    .map((file) => [file, readFileSync(file, "latin1")]);
}

/** The launcher of the provider, and what it runs. */
const launchers = {
  dynamic: () => ({
    name: "pulumi-resource-pulumi-nodejs",
    runs: `"${join(engine().bin, "pulumi-resource-pulumi-nodejs")}"`,
  }),
  plugin: () => ({
    name: "pulumi-resource-cometapi",
    runs: `node --require "$(dirname "$0")/log.cjs" "${join(repo, "dist/provider/plugin/main.js")}"`,
  }),
};

/** Has the plugin also write down what it hands to the engine's log, which it uses in place of its streams. */
const writingLog = (file: string) => `
  const { EngineClient } = require(${JSON.stringify(join(repo, "node_modules/@pulumi/pulumi/proto/engine_grpc_pb"))});
  const { log } = EngineClient.prototype;
  EngineClient.prototype.log = function (request, ...others) {
    require("node:fs").appendFileSync(${JSON.stringify(file)}, request.getMessage() + "\\n");
    return log.call(this, request, ...others);
  };
`;

/**
 * A folder with a launcher of the provider that writes down what the provider says: the engine mixes that with lines of
 * its own, or hides it.
 */
function overhearing(folder: string): { path: string; heard: () => string } {
  const bin = join(folder, "bin");
  const heard = join(folder, "heard");
  for (const made of [bin, heard]) mkdirSync(made);
  const { name, runs } = launchers[host]();
  const [out, err] = [join(heard, "stdout"), join(heard, "stderr")];
  const script = `exec ${runs} "$@" > >(tee -a "${out}") 2> >(tee -a "${err}" >&2)`;
  writeFileSync(join(bin, name), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 });
  writeFileSync(join(bin, "log.cjs"), writingLog(join(heard, "log")));
  return {
    path: bin,
    heard: () =>
      filesIn(heard)
        .map(([, text]) => text)
        .join(""),
  };
}

const program = `
  import { CometApiKey } from "pulumi-cometapi";
  const remainQuota = 500;
  const named = new CometApiKey("named", { name: "mine", remainQuota });
  new CometApiKey("second", { name: "second", remainQuota });
  new CometApiKey("third", { name: "third", remainQuota });
  const generated = new CometApiKey("generated", { unlimitedQuota: true, account: "team" });
  export const namedKey = named.key;
  export const sentence = generated.key.apply((key) => "Bearer " + key);
  export const name = generated.name;
`;

/** A stack of two accounts: the token of one is in the environment, that of the other in the configuration. */
async function twoAccounts({
  plugin,
  personality = {},
}: {
  plugin?: string;
  personality?: Partial<Personality>;
} = {}) {
  const server = await startEmulator({ personality, accounts: [{}, {}] });
  const stack = await newStack({ program, server, ...(plugin !== undefined && { plugin }) });
  const value = tokens(server).config;
  await stack.stack.setConfig("cometapi:accounts.team.accessToken", { value, secret: true }, true);
  return { server, stack };
}

/** The same, where every command is overheard, with folders of its own for whatever is written. */
async function scene(personality: Partial<Personality> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "cometapi-leaks-"));
  folders.push(folder);
  const logs = join(folder, "logs");
  mkdirSync(logs);
  const { path, heard } = overhearing(folder);
  const { server, stack } = await twoAccounts({ plugin: path, personality });
  const { PATH = "" } = stack.stack.workspace.envVars;
  // Log files go where temporary files do.
  const env = { TMPDIR: logs, PATH: `${path}:${PATH}` };
  return new Scene(server, stack, env, logs, heard);
}

/** The two tokens, by where they are. */
function tokens({ accounts: [own, team] }: CometServer): { environment: string; config: string } {
  if (own === undefined || team === undefined) throw new Error("two accounts are needed");
  return { environment: own.token, config: team.token };
}

class Scene {
  readonly told: [string, Ended][] = [];

  constructor(
    readonly server: CometServer,
    readonly stack: TestStack,
    private readonly env: Record<string, string>,
    readonly logs: string,
    readonly heard: () => string,
  ) {}

  private terminal(env: Record<string, string> = {}): Terminal {
    return new Terminal(this.stack, { ...this.env, ...env });
  }

  async succeed(...args: string[]): Promise<Ended> {
    return this.keep(args, await this.terminal().succeed(...args));
  }

  async fail(...args: string[]): Promise<Ended> {
    return this.keep(args, await this.terminal().fail(...args));
  }

  /** With other settings in the environment. */
  async failWith(env: Record<string, string>, ...args: string[]): Promise<Ended> {
    return this.keep(args, await this.terminal(env).fail(...args));
  }

  private keep(args: string[], ended: Ended): Ended {
    searched.commands++;
    this.told.push([`pulumi ${args.join(" ")}`, ended]);
    return ended;
  }

  /** Every secret there ever was, as an unwise server or a proxy's error page would repeat it. */
  gossip(): string {
    return `no: ${secretsOf(this.server).join(" ")}`;
  }

  /** For as long as `work` takes, requests that match are answered with every secret: those of one key in one way. */
  async gossiping(
    method: string,
    ways: ((secrets: string) => Fault)[],
    work: () => Promise<Ended>,
  ): Promise<Ended> {
    const wayOf = new Map<string, (secrets: string) => Fault>();
    // The engine begins nothing more after the first failure, so the first answer waits for the last request.
    let answer = () => {};
    const allAsked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const fault: Fault = async (exchange) => {
      const { body, pathname } = exchange.request;
      const { id = pathname } = (body ?? {}) as { id?: number };
      const way = wayOf.get(String(id)) ?? ways[wayOf.size % ways.length];
      if (way === undefined) throw new Error("no way to tell");
      wayOf.set(String(id), way);
      if (wayOf.size >= ways.length) answer();
      await allAsked;
      return way(this.gossip())(exchange);
    };
    const hung = this.server.fault({ method, path: /^\/api\/token\// }, fault, { times: 1000 });
    const ended = await work();
    expect(wayOf.size, ended.output).toBeGreaterThanOrEqual(ways.length);
    hung.remove();
    return ended;
  }

  /** Whatever is on disk: states, backups, history, the project with its config, PULUMI_HOME, log files. */
  files(): [string, string][] {
    const { workDir, envVars } = this.stack.stack.workspace;
    return [this.stack.backend.folder, workDir, envVars["PULUMI_HOME"] ?? "", this.logs].flatMap(filesIn);
  }

  /** What of any request is not where a secret belongs. */
  requests(): [string, string][] {
    return this.server.requests.map(({ seq, method, path, headers, body }) => {
      const { authorization, ...others } = headers;
      const management = path.startsWith("/api/");
      const expected = management
        ? Object.values(tokens(this.server)).some((token) => token === authorization)
        : authorization?.startsWith("Bearer sk-") === true;
      expect(expected, `the authorization of ${method} ${path}`).toBe(true);
      return [`request ${seq}`, JSON.stringify({ path, others, body })];
    });
  }

  expectNoLeak(): void {
    const search = new Search([...secretsOf(this.server), proxyPassword]);
    searched.providerBytes += this.heard().length;
    const places: [string, string][] = [
      ...this.told.map(([command, { output }]): [string, string] => [command, output]),
      ...this.files(),
      ...this.requests(),
      ["what the provider printed", this.heard()],
    ];
    expect(places.flatMap(([place, text]) => search.in(place, text))).toEqual([]);
  }
}

const told = (secrets: string): Fault => faults.refuse(secrets);
const toldOnceDone = (secrets: string): Fault => faults.refuse(secrets, { act: true });
const page = (secrets: string): Fault =>
  faults.answer({ status: 200, headers: { "content-type": "text/html" }, body: `<h1>${secrets}</h1>` });
const redirect = (secrets: string): Fault =>
  faults.redirect(`http://127.0.0.1:1/?q=${encodeURIComponent(secrets)}`);
/** Long enough that the person at the terminal is told of the wait. */
const slowDown = (secrets: string): Fault =>
  faults.answer({ status: 503, headers: { "retry-after": "4" }, body: { success: false, message: secrets } });

/** Log files of the engine, without what {@link theirs} tells. Without -v it writes none. */
const logged = ["-v=2", "--logflow"];
const verbose = ["-v=9", "--logtostderr", "--logflow"];

/**
 * What Pulumi prints, keys and all: with --debug or from -v=3 on, what the SDK in the user's program says of each
 * resource, as a line of its own or in the engine's log.
 */
const theirs =
  /\bdebug: RegisterResource RPC finished:|"msg":"(eventSink::Debug\(<\{%reset%\}>)?RegisterResource RPC finished:/;

const yes = ["--yes", "--skip-preview"];

describe.concurrent("with a token in the environment and one in the configuration", () => {
  test("neither they nor a key is anywhere but in two headers, from the first preview to destroy", async () => {
    const it = await scene();
    const { server, stack } = it;
    const secrets = () => new Search([...secretsOf(server), proxyPassword]);

    // Create, those with a declared name half-made in between.
    await it.succeed("preview", "--diff");
    const halfMade = await it.gossiping("PUT", [told], () => it.fail("up", ...yes, ...logged));
    expect(halfMade.output).toContain('creating key "mine": CometAPI refused: "no: [secret]');
    it.expectNoLeak();
    await it.succeed("up", ...yes);
    for (const { key } of server.keys()) await chat(server, key);

    // Update, with a failure of each sort.
    stack.edit("index.js", "remainQuota = 500", "remainQuota = 600");
    await it.gossiping("PUT", [page, redirect, toldOnceDone], () => it.fail("up", ...yes));
    await it.succeed("preview", "--diff");
    // The read before the write: a write that went unanswered is looked for instead of repeated.
    server.fault({ method: "GET" }, slowDown(it.gossip()));
    expect((await it.succeed("up", ...yes)).output).toMatch(/no: \[secret\].*trying again in \d+ s/);

    // Drift, and refreshes that fail.
    server.console.update(stack.keyId("named"), { name: "drifted", status: 2 });
    for (const way of [told, page, redirect]) {
      await it.gossiping("GET", [way], () => it.fail("refresh", ...yes, ...logged));
    }
    await it.fail("refresh", ...yes, "--expect-no-changes");
    await it.succeed("refresh", ...yes);
    await it.succeed("preview", "--diff");
    await it.succeed("preview", "--json");
    await it.succeed("up", "--yes");

    // What people look at.
    for (const looking of [
      "stack",
      "stack output",
      "stack output --json",
      "stack export",
      "stack history",
      "config",
    ]) {
      await it.succeed(...looking.split(" "));
    }
    it.expectNoLeak();
    const { envVars } = stack.stack.workspace;
    expect(secrets().finds(Object.values(envVars).join("\n")), "the search finds what is there").toBe(true);

    // Pulumi, told to log more, prints keys. The provider, told the same, prints none.
    stack.edit("index.js", "remainQuota = 600", "remainQuota = 700");
    const before = it.told.length;
    await it.gossiping("PUT", [told], () => it.fail("up", ...yes, ...verbose, "--debug"));
    const proxied = await it.failWith(
      {
        COMETAPI_BASE_URL: "https://api.cometapi.test",
        HTTPS_PROXY: `http://me:${proxyPassword}@127.0.0.1:9`,
      },
      "up",
      ...yes,
      ...verbose,
    );
    expect(proxied.output).toContain("127.0.0.1:9");
    // One that fails may end before the SDK has told of anything.
    await it.succeed("up", ...yes, ...verbose, "--debug");
    await it.succeed("refresh", ...yes, ...verbose);
    const lines = it.told.splice(before).flatMap(([, { output }]) => output.split("\n"));
    const givingAway = lines.filter((line) => secrets().finds(line));
    expect(givingAway.filter((line) => !theirs.test(line))).toEqual([]);
    for (const sign of ["debug: RegisterResource", '"msg":"RegisterResource', '"msg":"eventSink::Debug']) {
      expect(givingAway.join("\n"), "or there is nothing to warn of").toContain(sign);
    }
    const tokensAlone = new Search([...Object.values(tokens(server)), proxyPassword]);
    expect(lines.filter((line) => tokensAlone.finds(line))).toEqual([]);

    // Destroy.
    await it.gossiping("DELETE", [told], () => it.fail("destroy", ...yes));
    await it.succeed("destroy", ...yes);
    expect(filesIn(it.logs), "log files of the engine").not.toEqual([]);
    expect(it.heard(), "the provider had something to hide").toContain("no: [secret]");
    it.expectNoLeak();
    expect(server.violations).toEqual([]);
  });

  test("the environment of a process holds them only where Pulumi or the user has put them, and never a key", async () => {
    const { server, stack } = await twoAccounts();
    const terminal = new Terminal(stack);
    await terminal.succeed("up", ...yes);
    stack.edit("index.js", "remainQuota = 500", "remainQuota = 600");
    let seen: Process[] = [];
    const up = terminal.start("up", ...yes);
    server.fault({ method: "PUT" }, () => {
      seen = up.processes();
    });
    expect((await up.ended).code).toBe(0);
    searched.processes += seen.length;

    const search = new Search(secretsOf(server));
    expect(seen.filter(({ command }) => search.finds(command))).toEqual([]);
    const launched = host === "dynamic";
    const keys = new Search(server.keys().map(({ key }) => key));
    expect(seen.flatMap(({ environment }) => environment).filter((text) => keys.finds(text))).toEqual([]);
    const holding = (token: string) => {
      const one = new Search([token]);
      const variables = seen.map(({ role, environment }) => {
        const holders = environment.filter((text) => one.finds(text)).map((text) => text.split("=")[0]);
        return [role, holders];
      });
      return Object.fromEntries(variables);
    };
    // Inherited by all when it is in the user's environment. From config, the language host gives it to the program.
    const inherited = ["COMETAPI_ACCESS_TOKEN"];
    expect(holding(tokens(server).environment)).toEqual({
      engine: inherited,
      "language host": inherited,
      program: inherited,
      ...(launched && { launcher: inherited }),
      provider: inherited,
    });
    expect(holding(tokens(server).config)).toEqual({
      engine: [],
      "language host": [],
      program: ["PULUMI_CONFIG"],
      ...(launched && { launcher: [] }),
      // To a plugin the engine gives its configuration by a call, and this way too.
      provider: host === "plugin" ? ["PULUMI_CONFIG"] : [],
    });
    const provider = seen.find(({ role }) => role === "provider");
    expect(
      seen.filter(({ parent }) => parent === provider?.pid),
      "what the provider has started",
    ).toEqual([]);
  });
});

test("a masked key that is not revealed is an error and no output, and what was made is destroyed", async () => {
  const it = await scene({ maskedKeys: true });
  const { server, stack } = it;
  const { output } = await it.fail("up", ...yes);
  expect(output).toContain("the server shows only a masked form of the key");
  expect(output).toContain("Use a server that returns keys in full");
  expect(stack.outputs()).toEqual({});
  const made = stack.resources().filter(({ type }) => type.endsWith(":CometApiKey"));
  expect(made).toHaveLength(server.keys().length);
  for (const { outputs } of made) expect(outputs).not.toHaveProperty("key");
  it.expectNoLeak();
  await it.succeed("destroy", ...yes);
  expect(server.keys().filter(({ deletedAt }) => deletedAt === undefined)).toEqual([]);
  it.expectNoLeak();
});

async function chat(server: CometServer, key: string): Promise<void> {
  const answer = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Hello?" }] }),
  });
  expect(answer.status).toBe(200);
}

// Not in afterAll: a failure there would keep stacks and processes from being cleaned up.
test("what was searched was there to be searched", () => {
  console.log(
    `leaks: ${searched.commands} commands, ${searched.places} files and streams with ${searched.bytes} bytes searched for ` +
      `every ${fragment} characters of the tokens and the keys; ${searched.processes} environments of processes looked ` +
      `into; ${searched.providerBytes} bytes that the provider itself printed`,
  );
  expect(searched.commands).toBeGreaterThan(20);
  expect(searched.processes).toBeGreaterThan(3);
  expect(searched.providerBytes, "or the provider was never overheard").toBeGreaterThan(500);
});
