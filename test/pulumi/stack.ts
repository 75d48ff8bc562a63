/**
 * Drives stacks on the real Pulumi engine, through the Automation API.
 *
 * ```ts
 * const server = await startEmulator();
 * const stack = await newStack({ example: "quickstart", server });
 * await stack.up();
 * expect((await stack.preview()).changes).toEqual([]);
 * stack.edit("index.ts", "100_000", "200_000");
 * ```
 *
 * A stack is a copied project in a folder of its own, with a state backend of its own unless it is given one. The
 * program runs as users run it: in a process of its own, with the provider in another. Folders and servers are
 * gone when the test file ends.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  type ConfigMap,
  type EngineEvent,
  LocalWorkspace,
  type OpType,
  type OutputMap,
  PulumiCommand,
  Stack,
  type StepEventMetadata,
} from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, vi } from "vitest";
import { engine, engineEnv } from "../engine/locate.mjs";
import { type CometServer, type ServerOptions, startServer } from "../server/index";
import { host, keyTypes, onHost } from "./host";
import { newProject, type Project, type ProjectOptions } from "./project";
import { inTheClear, isSecret } from "./stateSecrets";

const repo = resolve(__dirname, "../..");

/** The stacks of the main job start as those of users do. */
const startsLazily = process.env["COMETAPI_TEST_START"] === "lazily";
const loadsLazily = join(repo, "test/engine/lazily.cjs");

const folders: string[] = [];
const servers: CometServer[] = [];

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
beforeAll(() => {
  if (!existsSync(join(repo, "dist/sdk/index.js"))) throw new Error("No dist/: run `npm run build` first.");
});
afterAll(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export interface StackOptions extends ProjectOptions {
  /** The server and account the stack works with, by `COMETAPI_BASE_URL` and `COMETAPI_ACCESS_TOKEN`. */
  server?: CometServer;
  /** Environment on top of the caller's. */
  env?: Record<string, string>;
  /** The stack's configuration, by full name. */
  config?: ConfigMap;
  /** Where its state is, for stacks that shall see each other. Default: a new place. */
  backend?: Backend;
  /** Default "dev". */
  name?: string;
}

/** A resource that an operation did, or would do, something to. Stack and providers do not count. */
export interface Change {
  name: string;
  op: OpType;
  /**
   * The inputs that an update changes, sorted. From one secret to another is no difference that could be seen here,
   * as in the engine's own display.
   */
  properties: string[];
}

/** What became of one operation. */
export interface Run {
  /** Everything printed: stdout and stderr as they came. */
  output: string;
  /** In the order of the engine's steps. */
  changes: Change[];
  events: EngineEvent[];
}

/** An `up` as well says what the stack's outputs are. */
export interface UpRun extends Run {
  outputs: OutputMap;
}

/** An operation that ended with an error, and what it had printed and done until then. */
export class OperationFailed extends Error {
  constructor(
    operation: string,
    readonly run: Run,
  ) {
    super(`pulumi ${operation} failed:\n${run.output}`);
  }
}

/** The failure of an operation that has to fail: `const { run } = await failure(stack.up())`. */
export async function failure(operation: Promise<unknown>): Promise<OperationFailed> {
  const outcome = await operation.catch((error: unknown) => error);
  if (outcome instanceof OperationFailed) return outcome;
  throw outcome instanceof Error ? outcome : new Error("the operation succeeded, but was to fail");
}

/** A resource as the state file has it. Secrets are encrypted there. */
export interface StoredResource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  [more: string]: unknown;
}

/** What a state file has of a stack. */
interface Checkpoint {
  resources?: StoredResource[];
  secrets_providers?: { state: { salt: string } };
}

/** Keeps what runs printed, so that it can be searched in the end. */
export function keepPrinted() {
  const printed: string[] = [];
  const told = <T extends Pick<Run, "output">>(run: T): T => {
    printed.push(run.output);
    return run;
  };
  return { printed, told };
}

/** A file backend, its passphrase, and a PULUMI_HOME. */
export class Backend {
  readonly folder = newFolder("state");
  readonly env: Record<string, string>;

  constructor(readonly passphrase = "correct horse battery staple") {
    this.env = {
      ...engineEnv({ home, backend: `file://${this.folder}`, passphrase }),
      // `npm run check` compiles the examples once; each of their ups would do it again.
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      ...(startsLazily && { NODE_OPTIONS: `--require ${JSON.stringify(loadsLazily)}` }),
    };
  }

  /** The text of every file there: states, backups and history. */
  text(): string {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
      .join("\n");
  }
}

/** One for all stacks of a test file: creating it takes time. */
const home = newFolder("home");
const command = lazily(() => {
  const { bin } = engine();
  return PulumiCommand.get({ root: dirname(bin), skipVersionCheck: true });
});

/** CometAPI on this machine, until the test file ends. */
export async function startEmulator(options?: ServerOptions): Promise<CometServer> {
  const server = await startServer(options);
  servers.push(server);
  return server;
}

/** Creates the project's folder, and the stack in its backend. */
export async function newStack(options: StackOptions): Promise<TestStack> {
  const { backend = new Backend(), server, env = {}, config, name = "dev" } = options;
  const project = newProject(newFolder("project"), options);
  const workspace = await LocalWorkspace.create({
    workDir: project.folder,
    pulumiCommand: await command(),
    envVars: {
      // Whatever the machine is set to must not reach a test.
      COMETAPI_ACCESS_TOKEN: server?.account.token ?? "",
      COMETAPI_BASE_URL: server?.url ?? "",
      COMETAPI_USER_ID: "",
      // Else the engine looks on the network for the plugin of every package in node_modules.
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      ...backend.env,
      ...env,
    },
  });
  // To look for it first takes another start of the CLI.
  const isNew = options.backend === undefined;
  const stack = await (isNew ? Stack.create(name, workspace) : Stack.createOrSelect(name, workspace));
  if (config) await stack.setAllConfig(config);
  return new TestStack(stack, project, backend);
}

type Options = Parameters<Stack["up"]>[0] & object;
type Shared = Pick<
  Options,
  | "target"
  | "targetDependents"
  | "exclude"
  | "excludeDependents"
  | "refresh"
  | "expectNoChanges"
  | "diff"
  | "plan"
  | "policyPacks"
  | "policyPackConfigs"
>;

/** What runs the program only on demand. */
interface WithProgram {
  runProgram?: boolean;
}

/** As the CLI spells them: `{ expectNoChanges: true, policyPacks: ["a"] }` is `--expect-no-changes=true --policy-pack a`. */
function flags(options: Record<string, boolean | string | string[] | undefined>): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (typeof value === "object") return value.flatMap((item) => [flag.replace(/s$/, ""), item]);
    return value === undefined ? [] : [`${flag}=${value}`];
  });
}

export class TestStack {
  constructor(
    /** The Automation API's own, for what this class does not do. */
    readonly stack: Stack,
    private readonly project: Project,
    readonly backend: Backend,
  ) {}

  async up(options: Shared & Pick<Options, "replace" | "continueOnError"> = {}): Promise<UpRun> {
    const run = await this.run("up", ["--yes", "--skip-preview", ...flags({ ...options })]);
    return { ...run, outputs: this.outputs() };
  }

  /** What the next `up` would do. It writes the plan that an `up` reads. */
  preview({ plan: savePlan, ...options }: Shared = {}): Promise<Run> {
    return this.run("preview", flags({ ...options, savePlan }));
  }

  /** Its changes are what has become different behind the stack's back. */
  refresh(options: Omit<Shared, "refresh" | "plan"> & WithProgram = {}): Promise<Run> {
    return this.run("refresh", ["--yes", "--skip-preview", ...flags({ ...options })]);
  }

  destroy(options: Omit<Shared, "expectNoChanges" | "plan"> & WithProgram = {}): Promise<Run> {
    return this.run("destroy", ["--yes", "--skip-preview", ...flags({ ...options })]);
  }

  /** The stack's outputs in the clear, and which of them the state keeps as secrets. */
  outputs(): OutputMap {
    const { secrets_providers } = this.checkpoint();
    const stored = this.resources().find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
    const clear = (value: unknown): unknown =>
      inTheClear(value, this.backend.passphrase, secrets_providers?.state.salt ?? "");
    const outputs = Object.entries(stored).map(([name, value]) => [
      name,
      { value: clear(value), secret: isSecret(value) },
    ]);
    return Object.fromEntries(outputs);
  }

  /** `pulumi …` as typed, for what the methods above have no option for. Throws with what was printed. */
  async command(...args: string[]): Promise<string> {
    let printed = "";
    const code = await this.pulumi(args, (text) => {
      printed += text;
    });
    if (code !== 0) throw new Error(printed);
    return printed;
  }

  /** Replaces one piece of text in a file of the project, which must be there once. */
  edit(file: string, from: string, to: string): void {
    const before = readFileSync(this.path(file), "utf8");
    const parts = before.split(onHost(from));
    if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times: ${from}`);
    writeFileSync(this.path(file), parts.join(onHost(to)));
  }

  /** Writes a whole file of the project. */
  write(file: string, text: string): void {
    writeFileSync(this.path(file), onHost(text));
  }

  /** The absolute path of a file of the program. */
  path(file: string): string {
    return join(this.project.program, file);
  }

  /** The state file as it lies on disk. */
  stateText(): string {
    const { projectName } = this.project;
    return readFileSync(
      join(this.backend.folder, ".pulumi/stacks", projectName, `${this.stack.name}.json`),
      "utf8",
    );
  }

  /** Every resource in the state file, the stack and the providers too. */
  resources(): StoredResource[] {
    const { resources = [] } = this.checkpoint();
    // A program that the rewriting of imports has missed would test the other host unnoticed.
    const foreign = resources.find(({ type }) => host === "plugin" && type === keyTypes.dynamic);
    if (foreign) throw new Error(`${foreign.urn} is a key of the dynamic host`);
    return resources;
  }

  private checkpoint(): Checkpoint {
    const { checkpoint } = JSON.parse(this.stateText()) as { checkpoint: { latest?: Checkpoint } };
    return checkpoint.latest ?? {};
  }

  /** The resource of this logical name, as the state file has it. */
  resource(name: string): StoredResource {
    const found = this.resources().find(({ urn }) => nameOf(urn) === name);
    if (!found) throw new Error(`no resource "${name}" in the state of ${this.stack.name}`);
    return found;
  }

  /** The id that CometAPI gave to the key of this logical name. */
  keyId(name: string): number {
    return Number(this.resource(name).id);
  }

  /** Without what the Automation API asks the CLI after each operation, which takes a fifth of its time. */
  private async run(operation: string, args: string[]): Promise<Run> {
    let output = "";
    const collect = (text: string) => {
      output += text;
    };
    const log = join(newFolder("events"), "events");
    const shown = ["--color", "never", "--suppress-progress", "--event-log", log];
    const code = await this.pulumi([operation, ...args, ...shown], collect);
    const lines = existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : [];
    const events = lines.map((line) => JSON.parse(line) as EngineEvent);
    const run = { output, events, changes: changesOf(operation, events) };
    if (code !== 0) throw new OperationFailed(operation, run);
    return run;
  }

  private async pulumi(args: string[], collect: (text: string) => void): Promise<number> {
    const { workDir, envVars } = this.stack.workspace;
    const child = spawn(engine().command, [...args, "--stack", this.stack.name, "--non-interactive"], {
      cwd: workDir,
      // Without the first the CLI knows no --event-log.
      env: { ...process.env, PULUMI_DEBUG_COMMANDS: "true", ...envVars },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", collect);
    const [code] = (await once(child, "close")) as [number | null];
    if (code === null) throw new Error(`pulumi ${args.join(" ")} was killed`);
    return code;
  }
}

function changesOf(operation: string, events: EngineEvent[]): Change[] {
  return events
    .map((event) =>
      // Before its step a refresh does not know what it will find.
      operation === "refresh" ? event.resOutputsEvent?.metadata : event.resourcePreEvent?.metadata,
    )
    .filter((step) => step !== undefined)
    .filter(({ op, type }) => op !== "same" && op !== "refresh" && !/^pulumi:(pulumi|providers):/.test(type))
    .map((step) => ({ name: nameOf(step.urn), op: step.op, properties: differing(step) }));
}

/** A dynamic provider says only that there is a difference; the engine too compares the inputs to show which. */
function differing({ op, old, new: now }: StepEventMetadata): string[] {
  if (op !== "update" || !old || !now) return [];
  return Object.keys({ ...old.inputs, ...now.inputs })
    .filter((name) => !name.startsWith("__"))
    .filter((name) => !isDeepStrictEqual(old.inputs[name], now.inputs[name]))
    .sort();
}

function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function newFolder(what: string): string {
  const folder = mkdtempSync(join(tmpdir(), `cometapi-test-${what}-`));
  folders.push(folder);
  return folder;
}

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
