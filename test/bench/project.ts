import { execFile, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { engine, engineEnv } from "../engine/locate.mjs";
import { Emulator } from "./emulator";
import type { Count } from "./serve";

const repo = resolve(__dirname, "../..");

/**
 * - floor: a provider that does nothing, with the same inputs and outputs, which no provider can beat
 * - textbook: what a careful person would write in an afternoon
 * - ours: the packed package
 * - plugin: its plugin
 */
export const variants = ["floor", "textbook", "ours", "plugin"] as const;
export type Variant = (typeof variants)[number];

/** A folder with each variant's project beside the others, and above them the packages that npm installed. */
export class Projects {
  readonly folder = mkdtempSync(join(tmpdir(), "cometapi-bench-"));

  static async install(): Promise<Projects> {
    if (!existsSync(join(repo, "dist/sdk/index.js"))) throw new Error("No dist/: run `npm run build` first.");
    const projects = new Projects();
    try {
      await projects.install();
    } catch (error) {
      projects.remove();
      throw error;
    }
    return projects;
  }

  of(variant: Variant): string {
    return join(this.folder, variant);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async install(): Promise<void> {
    const { folder } = this;
    for (const variant of variants) {
      cpSync(join(__dirname, "program"), this.of(variant), { recursive: true });
      // What differs: the class of a key, and where its plugin is.
      cpSync(join(__dirname, variant), this.of(variant), {
        recursive: true,
        filter: (file) => !file.includes("noop"),
      });
    }
    writeFileSync(join(folder, "package.json"), '{ "name": "bench", "private": true }');
    const { version } = JSON.parse(
      readFileSync(join(repo, "node_modules/@pulumi/pulumi/package.json"), "utf8"),
    ) as { version: string };
    const packages = [`@pulumi/pulumi@${version}`, join(__dirname, "floor/noop"), await pack(folder)];
    // Copied, not linked: a user's package does not lie somewhere else either.
    const flags = ["--install-links", "--no-audit", "--no-fund", "--prefer-offline"];
    await npm(folder, "install", ...flags, ...packages);
  }
}

/** Without its scripts: they would build anew under the feet of whoever else works here. */
async function pack(folder: string): Promise<string> {
  const report = await npm(folder, "pack", repo, "--json", "--ignore-scripts");
  const [packed] = JSON.parse(report) as [{ filename: string }];
  return join(folder, packed.filename);
}

async function npm(cwd: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("npm", args, { cwd, shell: process.platform === "win32" });
  return stdout;
}

/** How much of something a run of the CLI took. */
export interface Taken extends Count {
  seconds: number;
  /** Processor time of the provider's process. */
  providerSeconds: number;
  /** Of the provider's process, in bytes; Linux only. */
  peakMemory?: number;
}

/** What a stack keeps of its keys. */
export interface Stored {
  keys: number;
  /** The mean of the keys' JSON, without white space. */
  bytesPerKey: number;
  /** What the file backend writes for all of the stack, indented as it is. */
  fileBytes: number;
  /** The length of the text that stands for the provider. */
  providerText: number;
}

/** One stack of a variant, with a server of its own. */
export class Stack {
  private constructor(
    private readonly project: string,
    private readonly state: string,
    private readonly meter: string,
    private readonly emulator: Emulator,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async create(projects: Projects, variant: Variant, keys: number, latency: number): Promise<Stack> {
    const emulator = await Emulator.start(latency);
    const { url, token } = emulator.address;
    const state = mkdtempSync(join(projects.folder, "state-"));
    const home = join(projects.folder, "home");
    mkdirSync(home, { recursive: true });
    const meter = join(state, "meter.json");
    const stack = new Stack(projects.of(variant), state, meter, emulator, {
      ...process.env,
      ...engineEnv({ home, backend: `file://${state}`, passphrase: "bench" }),
      // Else the engine looks on the network for the plugin of every package in node_modules.
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      COMETAPI_BASE_URL: url,
      COMETAPI_ACCESS_TOKEN: token,
      COMETAPI_USER_ID: "",
      BENCH_KEYS: String(keys),
      BENCH_LATENCY: String(latency),
      BENCH_METER: meter,
      // To look closer, e.g. with a profiler that is required: its figures are then no longer those of a user.
      NODE_OPTIONS: `${process.env["BENCH_NODE_OPTIONS"] ?? ""} --require ${join(__dirname, "meter.cjs")}`,
    });
    try {
      await stack.pulumi(["stack", "init", "dev"], 1);
    } catch (error) {
      await stack.end();
      throw error;
    }
    return stack;
  }

  /** @param round the keys of one round are not those of another */
  async run(args: string[], round: number): Promise<Taken> {
    rmSync(this.meter, { force: true });
    await this.emulator.take();
    const started = performance.now();
    await this.pulumi([...args, "--suppress-progress", "--color", "never"], round);
    const seconds = (performance.now() - started) / 1000;
    const own = JSON.parse(readFileSync(this.meter, "utf8")) as Pick<Taken, "providerSeconds" | "peakMemory">;
    return { seconds, ...own, ...(await this.emulator.take()) };
  }

  stored(): Stored {
    const file = readFileSync(join(this.state, ".pulumi/stacks/bench/dev.json"), "utf8");
    const { checkpoint } = JSON.parse(file) as {
      checkpoint: { latest: { resources?: { type: string; inputs?: { __provider?: unknown } }[] } };
    };
    const keys = (checkpoint.latest.resources ?? []).filter(({ type }) => /:dynamic|^cometapi:/.test(type));
    return {
      keys: keys.length,
      bytesPerKey: JSON.stringify(keys).length / keys.length,
      fileBytes: Buffer.byteLength(file),
      providerText: String(keys[0]?.inputs?.__provider ?? "").length,
    };
  }

  async end(): Promise<void> {
    await this.emulator.stop();
    rmSync(this.state, { recursive: true, force: true });
  }

  private async pulumi(args: string[], round: number): Promise<void> {
    const child = spawn(engine().command, [...args, "--non-interactive"], {
      cwd: this.project,
      env: { ...this.env, BENCH_ROUND: String(round) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output = (output + text).slice(-10_000);
      });
    const code = await new Promise<number | null>((done, failed) => {
      child.on("error", failed).on("close", done);
    });
    if (code !== 0) throw new Error(`\`pulumi ${args.join(" ")}\` ended with exit code ${code}:\n${output}`);
  }
}
