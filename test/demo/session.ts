import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { engine, engineEnv } from "../engine/locate.mjs";
import type { Account } from "./account";
import type { Terminal } from "./terminal";

const repo = resolve(__dirname, "../..");

interface Ended {
  /** Nothing when a signal ended it. */
  code: number | null;
  /** All that was printed. */
  text: string;
  stdout: string;
}

/** A resource as `pulumi stack export` tells it. */
interface StoredKey {
  type: string;
  id: string;
  outputs: { name?: string };
}

/** One stack in a temporary folder, driven by the real CLI, and gone in the end with all that it made. */
export class Session {
  private readonly folder: string;
  private readonly env: NodeJS.ProcessEnv;
  private readonly command = engine().command;
  private made = false;

  constructor(
    private readonly terminal: Terminal,
    account: Account,
  ) {
    terminal.interrupted.throwIfAborted();
    if (!existsSync(join(repo, "dist/sdk/index.js"))) throw new Error("no dist/: run `npm run build` first");
    this.folder = mkdtempSync(join(tmpdir(), "pulumi-cometapi-demo-"));
    cpSync(join(repo, "test/demo/program"), this.folder, { recursive: true });
    symlinkSync(join(repo, "node_modules"), join(this.folder, "node_modules"), "junction");
    const state = join(this.folder, "state");
    mkdirSync(state);
    this.env = {
      ...process.env,
      ...engineEnv({
        home: join(this.folder, "home"),
        backend: `file://${state}`,
        passphrase: randomBytes(16).toString("hex"),
      }),
      COMETAPI_BASE_URL: account.baseUrl,
      COMETAPI_ACCESS_TOKEN: account.token,
      COMETAPI_USER_ID: account.userId ?? "",
      PULUMI_OPTION_SUPPRESS_PROGRESS: "true",
      PULUMI_OPTION_COLOR: terminal.colored ? "always" : "never",
      // `npm run check` has compiled the program; here it would take half the time.
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      // Else the engine looks on the network for the plugin of every package in node_modules.
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
  }

  /** The text of the program, for the model that was chosen. */
  program(model: string): string {
    this.edit("gpt-5-mini", model);
    return readFileSync(this.source, "utf8");
  }

  edit(from: string, to: string): void {
    writeFileSync(this.source, readFileSync(this.source, "utf8").replace(from, to));
  }

  /** Makes the stack, still empty. */
  async start(): Promise<void> {
    const { code, text } = await this.run("stack init demo");
    this.terminal.interrupted.throwIfAborted();
    if (code !== 0) throw new Error(`the stack could not be made: ${text.trim()}`);
    this.made = true;
  }

  /** Shows a command and what it prints. */
  readonly pulumi = async (args: string): Promise<void> => {
    this.terminal.interrupted.throwIfAborted();
    this.terminal.command(`pulumi ${args}`);
    const { code } = await this.run(args, (line) => this.terminal.output(line));
    this.terminal.interrupted.throwIfAborted();
    if (code !== 0) throw new Error(`\`pulumi ${args}\` ended with exit code ${code}`);
  };

  async destroy(): Promise<void> {
    await this.pulumi("destroy --yes --remove --skip-preview");
    this.made = false;
  }

  async apiKey(): Promise<string> {
    return (await this.run("stack output apiKey --show-secrets")).stdout;
  }

  /** The id that CometAPI gave to the key. */
  async keyId(): Promise<string> {
    const [key] = await this.keys();
    if (!key) throw new Error("the stack holds no key");
    return key.id;
  }

  /** Takes away what is still there, however far it got. */
  async end(): Promise<void> {
    try {
      if (this.made) await this.clear();
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  private async clear(): Promise<void> {
    const { code, text } = await this.run("destroy --yes --remove --skip-preview");
    const left = code === 0 ? [] : await this.keys();
    for (const { id, outputs } of left) {
      this.terminal.complain(
        `the key "${outputs.name}" (id ${id}) could not be deleted: do it in the CometAPI console. Pulumi said:\n${text}`,
      );
    }
  }

  private async keys(): Promise<StoredKey[]> {
    const { stdout } = await this.run("stack export");
    const { deployment } = JSON.parse(stdout) as { deployment: { resources?: StoredKey[] } };
    return (deployment.resources ?? []).filter(({ type }) => type.endsWith(":CometApiKey"));
  }

  private get source(): string {
    return join(this.folder, "index.ts");
  }

  private async run(args: string, tell?: (line: string) => void): Promise<Ended> {
    const child = spawn(this.command, args.split(" "), {
      cwd: this.folder,
      env: this.env,
      // In a process group of its own: cut off by the reader's Ctrl-C it could not say what it had made.
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.terminal.onImpatience = () => child.kill("SIGINT");
    const lines: { stream: Readable; line: string }[] = [];
    for (const stream of [child.stdout, child.stderr])
      createInterface(stream).on("line", (line) => {
        lines.push({ stream, line });
        tell?.(line);
      });
    const [code] = (await once(child, "close")) as [number | null];
    this.terminal.onImpatience = () => {};
    const text = (some: typeof lines) => some.map(({ line }) => line).join("\n");
    return { code, text: text(lines), stdout: text(lines.filter(({ stream }) => stream === child.stdout)) };
  }
}
