// Makes this clone ready to work on: `node test/engine/setup.mjs`, which the package's scripts run first.
// It does only what is missing:
//   1. the dependencies, from the lockfile
//   2. the build
//   3. the Pulumi CLI that COMETAPI_TEST_ENGINE asks for: on PATH, provided earlier (see locate.mjs), the vendor's
//      install, or built with Go
// Plain Node without dependencies, as it runs before `npm ci` has.

import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { goBuild, goWanted } from "./goBuild.mjs";
import {
  BINARIES,
  cacheDir,
  chosenEngine,
  ENGINE_DIR,
  isWhole,
  LANGUAGE_HOST_SOURCE,
  look,
  providedDirs,
  sha256,
} from "./locate.mjs";
import { endOnSignals, locked, run, SetupError, say, step, wasInterrupted } from "./work.mjs";

const ROOT = join(ENGINE_DIR, "..", "..");
const MODULES = join(ROOT, "node_modules");

/** Looked at without the lock first: the usual run has nothing to do. */
async function ensure(isDone, lock, work) {
  if (!isDone()) await locked(join(cacheDir(), lock), async () => isDone() || work());
}

const clone = createHash("sha256").update(ROOT).digest("hex").slice(0, 12);
const npm = (...args) =>
  run("npm", args, { cwd: ROOT, shell: process.platform === "win32" }).catch((error) => {
    throw new SetupError(`npm ${args[0]} failed:\n${error.message}`);
  });

// 1. Dependencies

/** npm writes this copy of the lockfile last, with what is really in node_modules. */
const INSTALLED = join(MODULES, ".package-lock.json");

function dependenciesAreInstalled() {
  if (!existsSync(INSTALLED)) return false;
  const packages = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const installed = packages(INSTALLED);
  return Object.entries(packages(join(ROOT, "package-lock.json"))).every(([path, wanted]) => {
    if (!path.startsWith("node_modules/")) return true; // this package itself
    const found = installed[path];
    // Another platform's binaries are in the lockfile only.
    if (!found) return wanted.optional === true || wanted.devOptional === true;
    return (
      found.version === wanted.version &&
      (!wanted.integrity || found.integrity === wanted.integrity) &&
      existsSync(join(ROOT, path))
    );
  });
}

async function installDependencies() {
  // Gone first, so that an install which is interrupted is seen to be.
  rmSync(INSTALLED, { force: true });
  // Said outright: `npm test --omit=dev` or NODE_ENV=production reach the inner npm through the environment.
  await step("installing the dependencies (npm ci)", () =>
    npm("ci", "--include=dev", "--dry-run=false", "--no-audit", "--no-fund"),
  );
}

// 2. Build

const STAMP = join(MODULES, ".cache", "pulumi-cometapi", "build");

function sources() {
  const within = ["sdk", "provider"].flatMap((room) =>
    existsSync(join(ROOT, room))
      ? readdirSync(join(ROOT, room), { recursive: true }).map((file) => join(room, file))
      : [],
  );
  return within.filter((file) => file.endsWith(".ts")).sort();
}

function fingerprint() {
  const hash = createHash("sha256");
  for (const file of [...sources(), "tsconfig.json", "package-lock.json"])
    hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}

function isBuilt() {
  const stamp = existsSync(STAMP) && readFileSync(STAMP, "utf8");
  const output = (file) => join(ROOT, "dist", file.replace(/\.ts$/, ".js"));
  return (
    stamp === fingerprint() && sources().every((file) => file.endsWith(".d.ts") || existsSync(output(file)))
  );
}

async function build() {
  const built = fingerprint();
  rmSync(STAMP, { force: true });
  // The compiler trusts its own notes: it would not write an output anew that is gone, nor remove a stale one.
  rmSync(join(ROOT, "dist"), { recursive: true, force: true });
  await step("building (npm run build)", () => npm("run", "build"));
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, built);
}

// 3. The CLI

const earlier = ({ from, command }) => (from === "PATH" ? `on PATH: ${command}` : `${from} earlier`);

async function provideCli() {
  const found = look({ thorough: true });
  if (found.engine) return { ...found, how: earlier(found.engine) };
  return locked(join(cacheDir(), "engine.lock"), async () => {
    const { engine, passedOver } = look({ thorough: true });
    if (engine) return { engine, how: earlier(engine), passedOver };
    const dirs = providedDirs();
    const tried = [...passedOver];
    for (const [label, provide, dir] of [
      ["the vendor's install", installFromVendor, dirs.installed],
      ["a build from the Go module proxy", buildWithGo, dirs.built],
    ]) {
      try {
        await place(dir, provide);
        const provided = look().engine;
        return { engine: provided, how: `${provided.from} just now`, passedOver };
      } catch (error) {
        if (wasInterrupted()) throw error;
        tried.push([label, error.message]);
      }
    }
    throw new SetupError(whatWasTried(tried));
  });
}

/** Fills a folder aside, tries what is in it, and only then lets it be found under its name. */
async function place(dir, provide) {
  const cache = dirname(dir);
  // Only the holder of the lock fills one: any other was left by a set-up that was killed.
  for (const name of readdirSync(cache))
    if (name.startsWith("unfinished-")) rmSync(join(cache, name), { recursive: true, force: true });
  const unfinished = join(cache, `unfinished-${process.pid}-${basename(dir)}`);
  const bin = join(unfinished, "bin");
  const temp = join(unfinished, "tmp");
  mkdirSync(bin, { recursive: true });
  mkdirSync(temp);
  try {
    await provide(unfinished, { ...process.env, TMPDIR: temp, TEMP: temp, TMP: temp, GOTMPDIR: temp });
    const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const version = await run(join(bin, BINARIES.cli), ["version"], { env, timeout: 60_000 });
    const wanted = `v${chosenEngine().version}`;
    if (version.split("\n").at(-1) !== wanted)
      throw new SetupError(`it says that it is ${version}, not ${wanted}`);
    const receipt = Object.values(BINARIES).map((name) => {
      const file = join(bin, name);
      if (!existsSync(file)) throw new SetupError(`it came without ${name}`);
      return [name, { size: statSync(file).size, hash: sha256(file) }];
    });
    writeFileSync(join(unfinished, "receipt.json"), JSON.stringify(Object.fromEntries(receipt), null, 2));
    rmSync(temp, { recursive: true, force: true });
    rmSync(dir, { recursive: true, force: true });
    renameSync(unfinished, dir);
    if (!isWhole(dir, { thorough: true }))
      throw new SetupError(`what was put in ${dir} is not what was made`);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

async function installFromVendor(root, env) {
  const vendor = (limit, ...args) =>
    run(process.execPath, [join(ENGINE_DIR, "vendor.mjs"), ...args], { env, timeout: limit });
  await step("looking for the vendor's site", () => vendor(8_000, "reach"));
  const { version } = chosenEngine();
  await step(`installing pulumi v${version} from the vendor's site`, () =>
    vendor(600_000, "install", version, root),
  );
}

async function buildWithGo(root, env) {
  const { source, version } = chosenEngine();
  const shared = { version, out: join(root, "bin"), env };
  const nodejs = "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs";
  await goBuild({ ...shared, source: LANGUAGE_HOST_SOURCE, command: nodejs });
  const cli = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
  await goBuild({ ...shared, source, command: cli, what: `pulumi v${version}` });
  const launcher = join(root, "bin", BINARIES.dynamicProvider);
  copyFileSync(join(MODULES, "@pulumi", "pulumi", BINARIES.dynamicProvider), launcher);
  chmodSync(launcher, 0o755);
}

function whatWasTried(tried) {
  const { name, version } = chosenEngine();
  const indented = (text) => text.replaceAll("\n", "\n      ");
  return [
    "no Pulumi CLI could be provided. Tried:",
    ...tried.map(([what, why]) => `  - ${what}: ${indented(why)}`),
    "What you can do, any one of these, and then run it again:",
    `  - install Pulumi ${version}${name === "newest" ? " or a newer v3" : ""} from https://www.pulumi.com/docs/install/ and have it on PATH`,
    "  - let this machine reach https://get.pulumi.com (HTTPS_PROXY is honoured)",
    `  - have go on PATH and let it reach a Go module proxy (GOPROXY is honoured): ${goWanted(chosenEngine().source)}`,
  ].join("\n");
}

const started = performance.now();
endOnSignals();
try {
  await ensure(dependenciesAreInstalled, `clone-${clone}.lock`, installDependencies);
  await ensure(isBuilt, `clone-${clone}.lock`, build);
  const { engine, how, passedOver } = await provideCli();
  const tooOld = passedOver.find(([what, why]) => what === "pulumi on PATH" && why !== "none found");
  const note = tooOld ? `; passed over: ${tooOld[1]}` : "";
  say(
    `pulumi ${engine.version} (${how}${note}) — ready in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
} catch (error) {
  if (wasInterrupted()) say("interrupted; the next run starts afresh");
  else {
    say(error instanceof SetupError || error.code ? error.message : error.stack);
    process.exitCode = 1;
  }
}
