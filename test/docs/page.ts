/**
 * Follows a page of the documentation as a reader would, on the real engine: its programs are written, its edits made
 * and its commands run, in the order in which they stand there. So a page cannot say what does not work.
 *
 * ```ts
 * const page = await follow("docs/recipes/rotate-a-key.md");
 * await page.run("pulumi up");
 * expect(page.server.keys()).toHaveLength(1);
 * page.end();
 * ```
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import ts from "typescript";
import { newStack, type StackOptions, startEmulator, type TestStack } from "../pulumi/stack";
import type { CometServer, ServerOptions } from "../server/index";
import { applied, type Block, blocksOf, commandsOf } from "./markdown";

interface Ended {
  code: number | null;
  /** Everything printed, on both streams. */
  output: string;
}

export interface Following extends Pick<StackOptions, "env"> {
  server?: ServerOptions;
  /** Words of the page that stand for something of the reader's own. */
  own?: (server: CometServer) => Record<string, string>;
  /** What the reader types when a command asks: a page shows no secret. */
  typed?: (server: CometServer) => string;
}

export async function follow(page: string, options: Following = {}): Promise<Page> {
  const server = await startEmulator(options.server);
  const stack = await newStack({ program: "", server, env: { ...options.env } });
  return new Page(page, server, stack, options);
}

/** The rest is only to be read, such as what a command prints: no file is named for it, and it is no program. */
function isDone({ language, file }: Block): boolean {
  return ["sh", "ts", "diff"].includes(language) || file !== "index.ts";
}

export class Page {
  private readonly steps: (Block | string)[];
  private readonly sources = new Map<string, string>();

  constructor(
    name: string,
    readonly server: CometServer,
    readonly stack: TestStack,
    private readonly options: Following,
  ) {
    this.steps = blocksOf(name)
      .filter(isDone)
      .flatMap((block): (Block | string)[] => (block.language === "sh" ? commandsOf(block) : [block]));
  }

  /** Does what comes before the page's next command, which has to be this one, and then runs it. */
  async run(command: string): Promise<Ended> {
    this.skip(command);
    const { workDir, envVars } = this.stack.stack.workspace;
    const child = spawn("bash", ["-c", this.ofTheReader(command)], {
      cwd: workDir,
      // A page leaves it to its reader to look and say yes.
      env: {
        ...process.env,
        ...envVars,
        PULUMI_SKIP_CONFIRMATIONS: "true",
        PULUMI_OPTION_SKIP_PREVIEW: "true",
      },
    });
    child.stdin.end(this.options.typed?.(this.server) ?? "");
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output };
  }

  /** Goes past a command that cannot be run here: `elsewhere` in markdown.test.ts tells who runs it. */
  skip(command: string): void {
    for (;;) {
      const step = this.steps.shift();
      if (step === command) return;
      if (step === undefined || typeof step === "string")
        throw new Error(`the page's next command is not "${command}", but: ${step}`);
      this.write(step);
    }
  }

  /** No command of the page was left out. */
  end(): void {
    const left = this.steps.filter((step) => typeof step === "string");
    if (left.length > 0) throw new Error(`not run: ${left.join(", ")}`);
  }

  private write({ language, file, text }: Block): void {
    const source =
      language === "diff" ? applied({ language, file, text }, this.sources.get(file) ?? "") : text;
    this.sources.set(file, source);
    // markdown.test.ts checks the types. Here half the time of an `up` would go into that.
    const module = file === "index.ts" ? ts.ModuleKind.ESNext : ts.ModuleKind.CommonJS;
    const compiled = file.endsWith(".ts")
      ? ts.transpile(source, { module, target: ts.ScriptTarget.ES2022 })
      : source.replaceAll('.ts"', '.js"');
    const path = this.stack.path(file.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, this.ofTheReader(compiled));
  }

  private ofTheReader(text: string): string {
    const own = Object.entries(this.options.own?.(this.server) ?? {});
    return own.reduce((before, [word, value]) => before.replaceAll(word, value), text);
  }
}
