// Builds commands that are pinned as Go modules: one folder with go.mod and go.sum for each set of versions.
// Plain Node without dependencies, for setup.mjs.

import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { run, SetupError, step } from "./work.mjs";

export function goWanted(source) {
  const goMod = readFileSync(join(source, "go.mod"), "utf8");
  return `Go ${/^go (\S+)/m.exec(goMod)?.[1]} or newer is needed`;
}

/** The Go that is on PATH, such as `go1.26.0`. */
export async function goVersion(source) {
  const version = /go(\d+)\.(\d+)\S*/.exec(await run("go", ["version"], { cwd: dirname(source) }));
  // Older ones cannot even read go.mod; from 1.21 on, go says itself which version it wants, or fetches it.
  if (version && (Number(version[1]) < 1 || Number(version[2]) < 21))
    throw new SetupError(`${version[0]} is too old: ${goWanted(source)}`);
  return version?.[0] ?? "go";
}

/** GOFLAGS is set, not emptied: an empty one lets `go env -w GOFLAGS=-mod=vendor` through. */
export const goEnv = {
  CGO_ENABLED: "0",
  GOFLAGS: "-mod=readonly",
  GOWORK: "off",
  GO111MODULE: "on",
  GOOS: "",
  GOARCH: "",
};

/**
 * @param source the folder of the module
 * @param command the package to build, as that module names it
 * @param version what the command is to say of itself
 */
export async function goBuild({
  source,
  command,
  what = basename(command),
  version,
  out,
  env = process.env,
}) {
  const label = `building ${what} with ${await goVersion(source)}`;
  const stamp = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`;
  const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", `-s -w ${stamp}`];
  const args = ["build", ...flags, "-o", `${out}/`, command];
  await step(label, () => run("go", args, { cwd: source, env: { ...env, ...goEnv } }));
}
