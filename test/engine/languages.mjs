// Provides what programs in other languages than TypeScript need, when a test first asks for it: language hosts, the
// generator of SDKs, and Pulumi's packages for Python and Java. Kept beside the engine: see locate.mjs. Each is asked for by the
// tests of one language alone, so setup.mjs provides none of it.

import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { goBuild, goEnv } from "./goBuild.mjs";
import { cacheDir, ENGINE_DIR, engine } from "./locate.mjs";
import { locked, run, SetupError, step } from "./work.mjs";

const windows = process.platform === "win32";
const sdk = "github.com/pulumi/pulumi/sdk/v3";

/** The last versions that can be had as Go modules. */
const hosts = {
  yaml: {
    source: "language-yaml",
    command: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    version: "1.25.0",
  },
  python: {
    source: "language-nodejs",
    command: `${sdk}/python/cmd/pulumi-language-python`,
    version: "3.68.0",
    // It starts programs with this script, which has to be beside it.
    script: "python/cmd/pulumi-language-python-exec",
  },
  go: { source: "language-go", command: `${sdk}/go/pulumi-language-go`, version: "3.62.0" },
  java: {
    source: "language-java",
    command: "github.com/pulumi/pulumi-java/pkg/cmd/pulumi-language-java",
    version: "1.22.0",
  },
  dotnet: {
    source: "language-java",
    command: "github.com/pulumi/pulumi-dotnet/pulumi-language-dotnet/v3",
    what: "pulumi-language-dotnet",
    version: "3.101.2",
  },
};

/** What PATH has to be for programs in `language`. */
export async function pathFor(language) {
  const path = `${engine().bin}${delimiter}${process.env.PATH ?? ""}`;
  const name = `pulumi-language-${language}${windows ? ".exe" : ""}`;
  // The vendor's own package has one beside the CLI, or on PATH.
  if (path.split(delimiter).some((folder) => existsSync(join(folder, name)))) return path;
  const { source, script, ...host } = hosts[language];
  const folder = await provide(`language-${language}`, filesOf(source), async (out) => {
    await goBuild({ ...host, source: join(ENGINE_DIR, source), out });
    if (script === undefined) return;
    const list = ["list", "-m", "-f", "{{.Dir}}", sdk];
    const module = await run("go", list, {
      cwd: join(ENGINE_DIR, source),
      env: { ...process.env, ...goEnv },
    });
    copyFileSync(join(module, script), join(out, script.split("/").at(-1)));
  });
  return `${folder}${delimiter}${path}`;
}

/** Writes the SDK for `language` into `folder`, as `pulumi package add` does with the vendor's language hosts. */
export async function generateSdk(language, schema, folder) {
  if (language === "java" || language === "dotnet") return sdkByHost(language, schema, folder);
  const source = "generate-sdk";
  const bin = await provide(source, filesOf(source), (out) =>
    goBuild({ source: join(ENGINE_DIR, source), command: ".", what: source, version: "0.0.0", out }),
  );
  await run(join(bin, `generate-sdk${windows ? ".exe" : ""}`), [language, schema, folder]);
}

/** These hosts are new enough to generate, which the CLI asks them to do. */
async function sdkByHost(language, schema, folder) {
  const aside = mkdtempSync(join(tmpdir(), "cometapi-generated-"));
  // The generator for .NET fetches the package's icon: from here, so that no other host is asked and each run is alike.
  const icons = createServer((_, response) => response.end(icon)).listen(0, "127.0.0.1");
  try {
    await once(icons, "listening");
    const logoUrl = `http://127.0.0.1:${icons.address().port}`;
    const spec = join(aside, "schema.json");
    writeFileSync(spec, JSON.stringify({ ...JSON.parse(readFileSync(schema, "utf8")), logoUrl }));
    const env = { ...process.env, PATH: await pathFor(language), PULUMI_HOME: aside };
    const args = ["package", "gen-sdk", spec, "--language", language, "--local", "--out", aside];
    await run(engine().command, args, { env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" } });
    cpSync(join(aside, language), folder, { recursive: true });
  } finally {
    icons.close();
    rmSync(aside, { recursive: true, force: true });
  }
}

/** One transparent pixel. */
const icon = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);

/** Fetches what the Maven project in `folder` needs. Returns what its `.mvn/maven.config` has to be to need no network. */
export async function mavenConfigFor(folder) {
  const [version] = (await run("mvn", ["--version"])).split("\n");
  const repository = await provide("maven", [version, readFileSync(join(folder, "pom.xml"))], (out) => {
    // What the language host runs before each operation, to ask for plugins: it uses all that a program does.
    const ask = ["-DmainClass=com.pulumi.bootstrap.internal.Main", "-DmainArgs=packages"];
    const args = [`-Dmaven.repo.local=${out}`, "--no-transfer-progress", "compile", "exec:java", ...ask];
    return step("fetching Pulumi's packages for Java", () => run("mvn", args, { cwd: folder }));
  });
  return `--offline\n-Dmaven.repo.local=${repository}\n`;
}

/** Installs the SDK `archive` into `folder`. Returns what PYTHONPATH has to be for a program with it. */
export async function pythonPathWith(archive, folder) {
  const requirements = join(ENGINE_DIR, "language-python", "requirements.txt");
  const version = await run("python3", ["--version"]);
  const packages = await provide("python", [version, readFileSync(requirements)], (out) =>
    step("installing Pulumi's package for Python", () => pipInstall(out, ["-r", requirements])),
  );
  const env = { ...process.env, PYTHONPATH: packages };
  await pipInstall(folder, ["--no-deps", "--no-build-isolation", archive], env);
  return `${folder}${delimiter}${packages}`;
}

function pipInstall(target, what, env = process.env) {
  const args = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--target",
    target,
    ...what,
  ];
  return run("python3", args, { env });
}

function filesOf(source) {
  const folder = join(ENGINE_DIR, source);
  const files = readdirSync(folder).filter((name) => name !== "tools.go");
  return files.sort().map((name) => readFileSync(join(folder, name)));
}

/** A folder of the cache, filled aside and under a lock: another recipe or platform is another folder. */
async function provide(name, recipe, fill) {
  const hash = createHash("sha256");
  for (const part of recipe) hash.update(part);
  const platform = `${process.platform}-${process.arch}`;
  const folder = join(cacheDir(), `${name}-${hash.digest("hex").slice(0, 12)}-${platform}`);
  if (existsSync(folder)) return folder;
  await locked(`${folder}.lock`, async () => {
    if (existsSync(folder)) return;
    const aside = join(dirname(folder), `${name}-unfinished-${process.pid}`);
    mkdirSync(aside, { recursive: true });
    try {
      await fill(aside);
      renameSync(aside, folder);
    } catch (error) {
      throw new SetupError(`${name} could not be provided: ${error.message}`, { cause: error });
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  });
  return folder;
}
