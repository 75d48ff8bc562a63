// Finds the Pulumi CLI that works on this repo: a `pulumi` on PATH, or one that setup.mjs provided earlier.
// Plain Node without dependencies: setup.mjs runs it before `npm ci` has.
//
// COMETAPI_TEST_ENGINE says which:
//   newest  the default: the one in pulumi-newest/go.mod, or a newer one on PATH
//   oldest  the one in pulumi-oldest/go.mod: the oldest that package.json allows and that can be built
//
// What setup.mjs provides is kept per user, so that every clone shares it:
//   COMETAPI_ENGINE_CACHE, or pulumi-cometapi/ in the user's cache folder.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, readFileSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SetupError } from "./work.mjs";

export const ENGINE_DIR = dirname(fileURLToPath(import.meta.url));

/** The engine that is asked for: where its go.mod is, and its version without the `v`. */
export function chosenEngine() {
  const name = process.env.COMETAPI_TEST_ENGINE || "newest";
  if (name !== "newest" && name !== "oldest")
    throw new SetupError(`COMETAPI_TEST_ENGINE is "${name}", but must be newest or oldest`);
  const source = join(ENGINE_DIR, `pulumi-${name}`);
  const pinned = /pulumi\/pkg\/v3 v(\S+)/.exec(readFileSync(join(source, "go.mod"), "utf8"));
  return { name, source, version: pinned[1] };
}

const windows = process.platform === "win32";
const exe = (name) => (windows ? `${name}.exe` : name);

/** One for all engines: later versions of it cannot be had as a Go module. */
export const LANGUAGE_HOST_SOURCE = join(ENGINE_DIR, "language-nodejs");

/** The dynamic provider's launcher lies beside the CLI, as in the vendor's own package. */
export const BINARIES = {
  cli: exe("pulumi"),
  languageHost: exe("pulumi-language-nodejs"),
  dynamicProvider: `pulumi-resource-pulumi-nodejs${windows ? ".cmd" : ""}`,
};

export function cacheDir() {
  const { COMETAPI_ENGINE_CACHE, XDG_CACHE_HOME = "", LOCALAPPDATA } = process.env;
  if (COMETAPI_ENGINE_CACHE) return COMETAPI_ENGINE_CACHE;
  const base = windows
    ? (LOCALAPPDATA ?? join(homedir(), "AppData", "Local"))
    : process.platform === "darwin"
      ? join(homedir(), "Library", "Caches")
      : isAbsolute(XDG_CACHE_HOME)
        ? XDG_CACHE_HOME
        : join(homedir(), ".cache");
  return join(base, "pulumi-cometapi");
}

/** Where each way of providing the CLI puts it: another version, recipe or platform is another folder. */
export function providedDirs() {
  const { source, version } = chosenEngine();
  const recipe = createHash("sha256");
  for (const module of [source, LANGUAGE_HOST_SOURCE])
    for (const file of ["go.mod", "go.sum"]) recipe.update(readFileSync(join(module, file)));
  const platform = `${process.platform}-${process.arch}`;
  const at = (how) => join(cacheDir(), `v${version}-${how}-${platform}`);
  return { installed: at("installed"), built: at(`built-${recipe.digest("hex").slice(0, 12)}`) };
}

export const sha256 = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");

/**
 * Whether `dir` holds a CLI that was put there whole. The receipt is written last and holds sizes and
 * hashes: sizes show a truncated file at once, hashes (`thorough`) whatever else a crash leaves.
 */
export function isWhole(dir, { thorough = false } = {}) {
  try {
    const receipt = JSON.parse(readFileSync(join(dir, "receipt.json"), "utf8"));
    return Object.values(BINARIES).every((name) => {
      const file = join(dir, "bin", name);
      accessSync(file, constants.X_OK);
      const { size, hash } = receipt[name];
      return statSync(file).size === size && (!thorough || sha256(file) === hash);
    });
  } catch {
    return false;
  }
}

function isNewEnough(version, wanted) {
  const parse = (text) => /^v?(\d+)\.(\d+)\.(\d+)(-)?/.exec(text)?.slice(1) ?? [];
  const [major, minor, patch, prerelease] = parse(version);
  const [minMajor, minMinor, minPatch] = parse(wanted);
  if (major !== minMajor) return false;
  const newer = minor - minMinor || patch - minPatch;
  return newer > 0 || (newer === 0 && !prerelease);
}

function onPath(name) {
  for (const dir of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(dir, exe(name));
    try {
      accessSync(file, constants.X_OK);
      if (isAbsolute(dir) && statSync(file).isFile()) return file;
    } catch {}
  }
  return undefined;
}

function pulumiOnPath() {
  const command = onPath("pulumi");
  if (!command) return { why: "none found" };
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const answer = spawnSync(command, ["version"], { encoding: "utf8", env, timeout: 10_000 });
  const version = answer.status === 0 ? answer.stdout.trim() : "";
  if (!/^v?\d+\.\d+\.\d+/.test(version)) return { why: `${command} does not tell its version` };
  const { name, version: wanted } = chosenEngine();
  if (name === "oldest" && version !== `v${wanted}`)
    return { why: `${command} is ${version}; v${wanted} is asked for` };
  if (!isNewEnough(version, wanted))
    return { why: `${command} is ${version}; v${wanted} or a newer v3 is needed` };
  const beside = join(dirname(realpathSync(command)), BINARIES.languageHost);
  if (!isFile(beside) && !onPath("pulumi-language-nodejs"))
    return { why: `${command} has no pulumi-language-nodejs beside it or on PATH` };
  return { engine: { command, bin: dirname(command), version, from: "PATH" } };
}

function isFile(file) {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The first CLI that serves, in the order of the header, and why those before it do not. */
export function look(options) {
  const path = pulumiOnPath();
  if (path.engine) return { engine: path.engine, passedOver: [] };
  const passedOver = [["pulumi on PATH", path.why]];
  for (const [how, dir] of Object.entries(providedDirs())) {
    if (!isWhole(dir, options)) continue;
    const bin = join(dir, "bin");
    const version = `v${chosenEngine().version}`;
    const engine = { command: join(bin, BINARIES.cli), bin, version, from: how };
    return { engine, passedOver };
  }
  passedOver.push(["one provided earlier", `none that is whole in ${cacheDir()}`]);
  return { passedOver };
}

export function engine() {
  const found = look().engine;
  const asked = chosenEngine().name === "oldest" ? "COMETAPI_TEST_ENGINE=oldest " : "";
  if (!found) throw new Error(`No Pulumi CLI: run \`${asked}node test/engine/setup.mjs\` first.`);
  return found;
}

export function engineEnv({ home, backend, passphrase = "" }) {
  return {
    PATH: `${engine().bin}${delimiter}${process.env.PATH ?? ""}`,
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: backend,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
}
