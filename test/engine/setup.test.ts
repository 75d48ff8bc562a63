// Runs the real setup.mjs in a clone of its own, where npm, go, pulumi and the vendor's site are stand-ins.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chosenEngine, engine, engineEnv } from "./locate.mjs";

const here = __dirname;
const modules = join(here, "..", "..", "node_modules");
const NO_SITE = { HTTPS_PROXY: "http://127.0.0.1:1" };
const OLDEST = { ...NO_SITE, COMETAPI_TEST_ENGINE: "oldest" };

/** The version, without the `v`, that is pinned for each value of COMETAPI_TEST_ENGINE. */
const pinned = (name: string): string => {
  vi.stubEnv("COMETAPI_TEST_ENGINE", name);
  const { version } = chosenEngine();
  vi.unstubAllEnvs();
  return version;
};
const newest = pinned("newest");
const oldest = pinned("oldest");
const [, newestMinor = 0] = newest.split(".").map(Number);
const olderThanNewest = `v3.${newestMinor - 1}.9`;
const newerThanNewest = `v3.${newestMinor + 1}.0`;

let root: string;
let bin: string;
let cache: string;
const children = new Set<ChildProcess>();

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "engine-")));
  bin = join(root, "bin");
  cache = join(root, "cache");
  mkdirSync(bin);
  for (const name of readdirSync(here))
    if (!name.endsWith(".ts"))
      cpSync(join(here, name), join(root, "test", "engine", name), { recursive: true });
  file("package.json", "{}");
  file("tsconfig.json", "{}");
  file("sdk/index.ts", "export {}");
  const dependency = { "node_modules/@pulumi/pulumi": { version: "3.248.0" } };
  file("package-lock.json", JSON.stringify({ packages: { "": {}, ...dependency } }));

  // What the stand-in for `npm ci` installs.
  file("installed/.package-lock.json", JSON.stringify({ packages: dependency }));
  file("installed/@pulumi/pulumi/index.js", "");
  file("installed/@pulumi/pulumi/pulumi-resource-pulumi-nodejs", "#!/bin/sh\n");
  vendorInstall(`throw new Error("the vendor's install was not expected")`);
  for (const name of ["undici", "semver"]) symlinkSync(join(modules, name), join(root, "installed", name));
  npm(DOES_ITS_WORK);
});

afterEach(() => {
  vi.unstubAllEnvs();
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  rmSync(root, { recursive: true, force: true });
});

function file(path: string, text: string, mode = 0o644): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  rmSync(join(root, path), { force: true });
  writeFileSync(join(root, path), text, { mode });
}

/** A command on PATH that notes its call and then does what `body` says. */
function command(name: string, body: string): void {
  const script = `#!${process.execPath}
    const fs = require("node:fs"), path = require("node:path"), root = ${JSON.stringify(root)};
    const args = process.argv.slice(2);
    const hang = () => { fs.writeFileSync(path.join(root, "hangs"), String(process.pid)); setInterval(() => {}, 1000); };
    if (args[0] !== "version") fs.appendFileSync(path.join(root, "calls"), ["${name}", ...args.filter((arg) => /^[a-z]+$/.test(arg))].join(" ") + "\\n");
    ${body}`;
  file(`bin/${name}`, script, 0o755);
}

const calls = (): string[] =>
  existsSync(join(root, "calls")) ? readFileSync(join(root, "calls"), "utf8").trim().split("\n") : [];

const DOES_ITS_WORK = `
  if (args[0] === "ci") fs.cpSync(path.join(root, "installed"), path.join(root, "node_modules"), { recursive: true, verbatimSymlinks: true });
  else { fs.mkdirSync(path.join(root, "dist/sdk"), { recursive: true }); fs.writeFileSync(path.join(root, "dist/sdk/index.js"), ""); }`;
const npm = (body: string): void => command("npm", body);

const saysVersion = (version: string): string => `#!${process.execPath}\nconsole.log("${version}")`;
/** Says the version that the flags gave it, as the real one does. */
const PUTS_A_BINARY = `const name = path.basename(args.at(-1));
  const version = /version\\.Version=(v\\S+)/.exec(args.join(" "))[1];
  fs.writeFileSync(args[args.indexOf("-o") + 1] + name, "#!${process.execPath}\\nconsole.log('" + version + "')", { mode: 0o755 });`;
const go = (build = PUTS_A_BINARY, version = "go1.26.0"): void =>
  command(
    "go",
    `if (args[0] === "version") console.log("go version ${version} test/test"); else { ${build} }`,
  );

function pulumiOnPath(version: string): void {
  file("bin/pulumi", saysVersion(version), 0o755);
  file("bin/pulumi-language-nodejs", "#!/bin/sh\n", 0o755);
}

function vendorInstall(body: string): void {
  file(
    "installed/@pulumi/pulumi/automation/index.js",
    `const fs = require("node:fs");
     exports.PulumiCommand = { async install({ root, version }) { ${body} } };`,
  );
}

/** The vendor's site as if it were there. */
function site(): Record<string, string> {
  file("site.mjs", `globalThis.fetch = async () => new Response("#!/bin/sh");`);
  return { NODE_OPTIONS: `--import ${join(root, "site.mjs")}` };
}

interface Run {
  child: ChildProcess;
  ended: Promise<{ code: number | null; said: string; seconds: number }>;
}

function start(env: Record<string, string> = NO_SITE): Run {
  const started = performance.now();
  const child = spawn(process.execPath, [join(root, "test/engine/setup.mjs")], {
    env: { PATH: bin, HOME: root, COMETAPI_ENGINE_CACHE: cache, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.add(child);
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = once(child, "close").then(() => ({
    code: child.exitCode,
    said,
    seconds: (performance.now() - started) / 1000,
  }));
  return { child, ended };
}

const setup = (env?: Record<string, string>): Run["ended"] => start(env).ended;

/** Resolves to the pid of the stand-in that has come to where it hangs. */
const hanging = (): Promise<number> =>
  vi.waitFor(() => Number(readFileSync(join(root, "hangs"), "utf8")), { timeout: 10_000, interval: 20 });

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** The CLI that the set-up has put in its cache. */
function providedCommand(): string {
  const [entry = ""] = readdirSync(cache);
  return join(cache, entry, "bin", "pulumi");
}

describe.skipIf(process.platform === "win32")("the set-up", { timeout: 30_000 }, () => {
  describe("dependencies and build", () => {
    it("installs and builds on a fresh clone, and does neither a second time", async () => {
      pulumiOnPath(newerThanNewest);
      expect((await setup()).code).toBe(0);
      expect(calls()).toEqual(["npm ci", "npm run build"]);

      const again = await setup();
      expect(calls()).toHaveLength(2);
      expect(again.said).toMatch(
        new RegExp(`^engine: pulumi ${newerThanNewest} \\(on PATH: .*\\) — ready in 0\\.\\d s\\n$`),
      );
    });

    it("does not install again what `npm ci` by hand has installed", async () => {
      pulumiOnPath(newerThanNewest);
      cpSync(join(root, "installed"), join(root, "node_modules"), {
        recursive: true,
        verbatimSymlinks: true,
      });
      await setup();
      expect(calls()).toEqual(["npm run build"]);
    });

    it("installs again when the lockfile asks for another version", async () => {
      pulumiOnPath(newerThanNewest);
      await setup();
      const newer = { packages: { "node_modules/@pulumi/pulumi": { version: "3.249.0" } } };
      file("package-lock.json", JSON.stringify(newer));
      file("installed/.package-lock.json", JSON.stringify(newer));
      await setup();
      expect(calls().filter((call) => call === "npm ci")).toHaveLength(2);
    });

    it("builds again when a source has changed, and when an output is gone", async () => {
      pulumiOnPath(newerThanNewest);
      await setup();
      file("sdk/index.ts", "export const changed = true;");
      await setup();
      rmSync(join(root, "dist/sdk/index.js"));
      await setup();
      expect(calls().slice(2)).toEqual(["npm run build", "npm run build"]);
    });

    it("starts over after an install that was interrupted", async () => {
      pulumiOnPath(newerThanNewest);
      npm(`fs.mkdirSync(path.join(root, "node_modules/@pulumi/pulumi"), { recursive: true }); hang();`);
      const { child, ended } = start();
      const pid = await hanging();
      child.kill("SIGTERM");
      expect((await ended).code).toBe(143);
      expect(isAlive(pid)).toBe(false);

      npm(DOES_ITS_WORK);
      expect((await setup()).code).toBe(0);
      expect(calls()).toEqual(["npm ci", "npm ci", "npm run build"]);
    });

    it("shows what npm said when it fails", async () => {
      npm(`console.error("npm error EUSAGE"); process.exit(1);`);
      const { code, said } = await setup();
      expect(code).toBe(1);
      expect(said).toContain("npm ci failed:\nnpm error EUSAGE");
    });
  });

  describe("the order in which the CLI is looked for", () => {
    it("takes one on PATH before one that was provided earlier", async () => {
      go();
      await setup();
      pulumiOnPath(newerThanNewest);
      expect((await setup()).said).toContain(`pulumi ${newerThanNewest} (on PATH`);
    });

    it.each([olderThanNewest, `v${newest}-alpha.1`, "v4.0.0"])(
      "passes over %s on PATH, and says so",
      async (version) => {
        pulumiOnPath(version);
        go();
        const { code, said } = await setup();
        expect(code).toBe(0);
        expect(said).toContain(`passed over: ${join(bin, "pulumi")} is ${version}`);
        expect(said).toContain(`pulumi v${newest} (built just now`);
      },
    );

    it("passes over one on PATH that has no language host", async () => {
      pulumiOnPath(newerThanNewest);
      rmSync(join(bin, "pulumi-language-nodejs"));
      go();
      expect((await setup()).said).toContain("has no pulumi-language-nodejs");
    });

    it("takes what was provided earlier, in another clone too, without building", async () => {
      go();
      await setup();
      const { said } = await setup();
      expect(said).toMatch(
        new RegExp(`^engine: pulumi v${newest} \\(built earlier\\) — ready in 0\\.\\d s\\n$`),
      );
      expect(calls().filter((call) => call.startsWith("go"))).toHaveLength(2);
    });

    it("takes the vendor's install before a build", async () => {
      go();
      vendorInstall(`fs.mkdirSync(root + "/bin", { recursive: true });
        for (const name of ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"])
          fs.writeFileSync(root + "/bin/" + name, "#!${process.execPath}\\nconsole.log('v" + version + "')", { mode: 0o755 });`);
      expect((await setup(site())).said).toContain(`pulumi v${newest} (installed just now)`);
      expect((await setup()).said).toContain(`pulumi v${newest} (installed earlier)`);
      expect(calls()).not.toContain("go build");
    });

    it("does not take half an install for a whole one", async () => {
      go();
      vendorInstall(
        `fs.writeFileSync(root + "/bin/pulumi", ${JSON.stringify(saysVersion(`v${newest}`))}, { mode: 0o755 });`,
      );
      expect((await setup(site())).said).toContain("(built just now)");
    });

    it("gives up within seconds on a site that never answers", async () => {
      go();
      const silent = createServer(() => {}).listen(0, "127.0.0.1");
      await once(silent, "listening");
      const { port } = silent.address() as AddressInfo;
      const { code, seconds } = await setup({ HTTPS_PROXY: `http://127.0.0.1:${port}` });
      silent.close();
      expect(code).toBe(0);
      expect(seconds).toBeLessThan(12);
    });
  });

  describe("when nothing can be had", () => {
    it("says what was tried, and what the reader can do, without a stack", async () => {
      const { code, said } = await setup();
      expect(code).toBe(1);
      expect(said).toContain("pulumi on PATH: none found");
      expect(said).toContain("one provided earlier: none");
      expect(said).toMatch(/the vendor's install: get\.pulumi\.com cannot be reached: .*ECONNREFUSED/);
      expect(said).toContain("a build from the Go module proxy: go is not on PATH");
      expect(said).toContain("What you can do");
      expect(said).not.toMatch(/^\s+at /m);
    });

    it("names a go that is too old", async () => {
      go(PUTS_A_BINARY, "go1.20.4");
      expect((await setup()).said).toMatch(/go1\.20\.4 is too old: Go 1\.\d+\S* or newer is needed/);
    });

    it("shows what go said", async () => {
      go(`console.error("go: go.mod requires go >= 9.9"); process.exit(1);`);
      expect((await setup()).said).toContain(
        "a build from the Go module proxy: go: go.mod requires go >= 9.9",
      );
    });
  });

  describe("what must not trip the next one", () => {
    it("builds anew when a binary in the cache is truncated or altered", async () => {
      go();
      await setup();
      const provided = providedCommand();
      truncateSync(provided, 10);
      expect((await setup()).said).toContain("(built just now)");
      writeFileSync(provided, readFileSync(provided, "utf8").replace("v3", "v9"));
      expect((await setup()).said).toContain("(built just now)");
    });

    it("an interrupted build leaves no process, no lock and no files", async () => {
      go(`fs.writeFileSync(args[args.indexOf("-o") + 1] + "pulumi", "half"); hang();`);
      const { child, ended } = start();
      const pid = await hanging();
      child.kill("SIGINT");
      const { code, said } = await ended;
      expect(code).toBe(130);
      expect(said).toContain("interrupted");
      expect(isAlive(pid)).toBe(false);
      expect(readdirSync(cache)).toEqual([]);

      go();
      expect((await setup()).said).toContain("(built just now)");
    });

    it("a set-up that was killed outright leaves a dead lock, which the next one adopts", async () => {
      go("hang();");
      const { child, ended } = start();
      const pid = await hanging();
      child.kill("SIGKILL");
      process.kill(pid, "SIGKILL");
      await ended;
      expect(readdirSync(cache)).toContain("engine.lock");

      go();
      expect((await setup()).said).toContain("(built just now)");
      expect(readdirSync(cache)).toEqual([expect.stringMatching(`^v${newest}-built-`)]);
    });

    it("two at once do the work once", async () => {
      npm(`setTimeout(() => { ${DOES_ITS_WORK} }, 300);`);
      go(`setTimeout(() => { ${PUTS_A_BINARY} }, 300);`);
      const both = await Promise.all([setup(), setup()]);
      expect(both.map(({ code }) => code)).toEqual([0, 0]);
      expect(both.map(({ said }) => said).join()).toContain("waiting for another set-up");
      expect(calls()).toEqual(["npm ci", "npm run build", "go build", "go build"]);
    });
  });

  describe("the engine that COMETAPI_TEST_ENGINE asks for", () => {
    it("is kept beside the others, and not built again for having been away", async () => {
      go();
      expect((await setup()).said).toContain(`pulumi v${newest} (built just now)`);
      expect((await setup(OLDEST)).said).toContain(`pulumi v${oldest} (built just now)`);
      expect((await setup()).said).toContain(`pulumi v${newest} (built earlier)`);
      expect((await setup(OLDEST)).said).toContain(`pulumi v${oldest} (built earlier)`);
      expect(readdirSync(cache)).toHaveLength(2);
    });

    it("is the oldest, though a newer one is on PATH", async () => {
      pulumiOnPath(newerThanNewest);
      go();
      const { said } = await setup(OLDEST);
      expect(said).toContain(`pulumi v${oldest} (built just now`);
      expect(said).toContain(
        `passed over: ${join(bin, "pulumi")} is ${newerThanNewest}; v${oldest} is asked for`,
      );
    });

    it("is the oldest on PATH, if that is the very version", async () => {
      pulumiOnPath(`v${oldest}`);
      expect((await setup(OLDEST)).said).toContain(`pulumi v${oldest} (on PATH`);
    });

    it("tells what to install when it cannot be had", async () => {
      expect((await setup(OLDEST)).said).toContain(`install Pulumi ${oldest} from`);
      expect((await setup()).said).toContain(`install Pulumi ${newest} or a newer v3 from`);
    });

    it("is refused by its name when there is none of that name", async () => {
      pulumiOnPath(newerThanNewest);
      const { code, said } = await setup({ COMETAPI_TEST_ENGINE: "older" });
      expect(code).toBe(1);
      expect(said).toContain('engine: COMETAPI_TEST_ENGINE is "older", but must be newest or oldest\n');
    });

    it("is one that package.json allows and the README names", () => {
      const read = (path: string) => readFileSync(join(here, "../..", path), "utf8");
      expect(read("README.md")).toContain(`v${oldest} and v${newest}`);
      const { peerDependencies } = JSON.parse(read("package.json"));
      const { satisfies, lt } = createRequire(require.resolve("@pulumi/pulumi"))("semver");
      for (const version of [oldest, newest])
        expect(satisfies(version, peerDependencies["@pulumi/pulumi"])).toBe(true);
      expect(lt(oldest, newest)).toBe(true);
    });
  });

  describe("engine()", () => {
    beforeEach(() => {
      vi.stubEnv("COMETAPI_TEST_ENGINE", undefined);
    });

    it("finds what the set-up provided, for a run with a home of its own", async () => {
      vi.stubEnv("PATH", bin);
      pulumiOnPath(newerThanNewest);
      expect(engine()).toMatchObject({
        command: join(bin, "pulumi"),
        bin,
        version: newerThanNewest,
        from: "PATH",
      });
      expect(engineEnv({ home: "/home", backend: "file:///state" })).toMatchObject({
        PATH: `${bin}:${bin}`,
        PULUMI_HOME: "/home",
      });
    });

    it("says in one line what to run when there is none", () => {
      vi.stubEnv("PATH", bin);
      vi.stubEnv("COMETAPI_ENGINE_CACHE", cache);
      expect(() => engine()).toThrow(/^No Pulumi CLI: run `node test\/engine\/setup\.mjs` first\.$/);
      vi.stubEnv("COMETAPI_TEST_ENGINE", "oldest");
      expect(() => engine()).toThrow("run `COMETAPI_TEST_ENGINE=oldest node test/engine/setup.mjs` first.");
    });
  });
});
