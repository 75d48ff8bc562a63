/** Runs the CLI as a person at a terminal does, in a session of its own, so that its processes can be found. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll } from "vitest";
import { engine } from "../../engine/locate.mjs";
import type { TestStack } from "../../pulumi/stack";

const sessions = new Set<number>();
afterAll(() => {
  // Also what a failed test has left running.
  for (const session of sessions) killAll(session);
});

/** What became of one command. */
export interface Ended {
  /** Nothing when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
  /** Both, as they came. */
  output: string;
}

/** A command that is running. */
export class Running {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #said: Ended = { code: null, stdout: "", stderr: "", output: "" };

  constructor(child: ChildProcess) {
    this.#child = child;
    // A session leader's id is also that of its session and group.
    sessions.add(this.session);
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]?.setEncoding("utf8").on("data", (text: string) => {
        this.#said[stream] += text;
        this.#said.output += text;
      });
    }
    this.ended = once(child, "close").then(([code]: (number | null)[]) => ({
      ...this.#said,
      code: code ?? null,
    }));
  }

  get session(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error("the CLI did not start");
    return pid;
  }

  /** Resolves once it has said this, on whichever stream; rejects if it ends without. */
  printed(text: string): Promise<void> {
    return new Promise((found, lost) => {
      const look = () => this.#said.output.includes(text) && found();
      look();
      for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on("data", look);
      void this.ended.then(({ output }) => lost(new Error(`ended without "${text}":\n${output}`)));
    });
  }

  /** Ctrl-C: the terminal signals its foreground group. The engine puts every plugin into a group of its own. */
  interrupt(): void {
    process.kill(-this.session, "SIGINT");
  }

  /** The engine alone, as when memory is short. */
  killEngine(): void {
    process.kill(this.session, "SIGKILL");
  }

  /** The provider alone, as when its memory was short. */
  killProvider(): void {
    const { pid } = this.processes().find(({ role }) => role === "provider") ?? {};
    if (pid === undefined) throw new Error("no provider is running");
    process.kill(pid, "SIGKILL");
  }

  /** The engine, the language host, the program and the provider. */
  killAll(): void {
    killAll(this.session);
  }

  processes(): Process[] {
    return processesOf(this.session);
  }
}

/** A shell in the project of a stack. */
export class Terminal {
  constructor(
    private readonly stack: TestStack,
    private readonly env: Record<string, string> = {},
  ) {}

  start(...args: string[]): Running {
    const { workDir, envVars } = this.stack.stack.workspace;
    return new Running(
      spawn(engine().command, [...args, "--non-interactive", "--color", "never"], {
        cwd: workDir,
        env: { ...process.env, ...envVars, ...this.env, PULUMI_STACK: this.stack.stack.name },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
  }

  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  /** A command that has to succeed. */
  async succeed(...args: string[]): Promise<Ended> {
    const ended = await this.run(...args);
    if (ended.code !== 0)
      throw new Error(`pulumi ${args.join(" ")} ended with ${ended.code}:\n${ended.output}`);
    return ended;
  }

  /** A command that has to fail. */
  async fail(...args: string[]): Promise<Ended> {
    const ended = await this.run(...args);
    if (ended.code === 0) throw new Error(`pulumi ${args.join(" ")} succeeded:\n${ended.output}`);
    return ended;
  }
}

export interface Process {
  pid: number;
  parent: number;
  command: string;
  /** What it is to the run, or else its command. */
  role: string;
  /** What it was started with: `NAME=value`, each. */
  environment: string[];
}

/** The living processes of a session, whatever has become of their parents. */
function processesOf(session: number): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, "utf8");
        // pid (name) state parent group session: a name may hold anything, parentheses too.
        const stat = read("stat");
        const [state, parent, , of] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        if (Number(of) !== session || state === "Z" || state === "X") return [];
        const command = read("cmdline").replaceAll("\0", " ").trim();
        const environment = read("environ").split("\0").filter(Boolean);
        return [{ pid: Number(pid), parent: Number(parent), command, role: roleOf(command), environment }];
      } catch {
        return []; // it has just ended
      }
    });
}

function roleOf(command: string): string {
  if (/dynamic-provider\/index\.js|provider\/plugin\/main\.js/.test(command)) return "provider";
  if (/pulumi-resource-/.test(command)) return "launcher";
  if (/cmd\/run\/index\.js/.test(command)) return "program";
  if (/pulumi-language-nodejs/.test(command)) return "language host";
  return /\bpulumi up\b/.test(command) ? "engine" : command;
}

function killAll(session: number): void {
  for (const { pid } of processesOf(session)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it has just ended
    }
  }
}
