import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import { stripVTControlCharacters, styleText } from "node:util";

/** Somebody pressed Ctrl-C, or the terminal is gone. */
export class EndedEarly extends Error {}

type Style = Parameters<typeof styleText>[0];

/** What the reader sees, answers and interrupts. */
export class Terminal {
  readonly colored = process.stdout.isTTY === true && !process.env["NO_COLOR"];
  /** Aborts at the first Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** Called at every further Ctrl-C, by somebody who cannot wait. */
  onImpatience = () => {};
  private interruptedAt = 0;
  private answers: { lines: Interface; next: AsyncIterator<string> } | undefined;
  private hidden = false;
  private steps = 0;

  constructor() {
    const interruption = new AbortController();
    this.interrupted = interruption.signal;
    const end = (code: number) => {
      if (this.interrupted.aborted) return;
      process.exitCode = code;
      this.interruptedAt = performance.now();
      interruption.abort(new EndedEarly());
      process.stderr.write("\nInterrupted: cleaning up.\n");
    };
    process.on("SIGTERM", () => end(143));
    process.on("SIGHUP", () => end(129));
    process.on("SIGINT", () => {
      // One Ctrl-C may arrive twice: from the terminal, and from npm or tsx, which pass it on.
      const again = this.interrupted.aborted && performance.now() - this.interruptedAt > 1_000;
      if (again) this.onImpatience();
      else end(130);
    });
    // The reader of a pipe may leave (`| head`), and what was made must go all the same.
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => end(1));
  }

  title(text: string): void {
    this.write(`\n${this.style("bold", text)}\n`);
  }

  step(text: string): void {
    this.write(`\n${this.style("cyan", `${++this.steps}. ${text}`)}\n`);
  }

  command(text: string): void {
    this.write(`${this.style("bold", `$ ${text}`)}\n`);
  }

  request(text: string): void {
    this.write(`${this.style("bold", `> ${text}`)}\n`);
  }

  /** Empty lines are left out: a screen holds more. */
  output(text: string): void {
    const reset = this.colored ? "\x1b[0m" : "";
    for (const line of text.split("\n"))
      if (stripVTControlCharacters(line).trim()) this.write(`  ${line.trimEnd()}${reset}\n`);
  }

  write(text: string): void {
    process.stdout.write(text);
  }

  complain(text: string): void {
    process.exitCode ||= 1;
    process.stderr.write(`demo: ${text}\n`);
  }

  /** The answer to a question; nothing when there is nobody to answer. */
  async ask(question: string, { hidden = false } = {}): Promise<string> {
    this.interrupted.throwIfAborted();
    this.answers ??= this.listen();
    this.write(`\n${question}`);
    this.hidden = hidden;
    const interrupted = new Promise<never>((_, reject) =>
      this.interrupted.addEventListener("abort", () => reject(this.interrupted.reason), { once: true }),
    );
    const { value, done } = await Promise.race([this.answers.next.next(), interrupted]);
    this.hidden = false;
    // On a terminal the Enter key was hidden too, and a pipe has none.
    if (hidden || !process.stdin.isTTY) this.write("\n");
    return done ? "" : value.trim();
  }

  close(): void {
    this.answers?.lines.close();
  }

  /** One interface for all questions: another would lose the lines that a pipe sent early. */
  private listen() {
    const echo = new Writable({
      write: (chunk, _encoding, done) => {
        if (!this.hidden) process.stdout.write(chunk);
        done();
      },
    });
    const terminal = process.stdin.isTTY === true;
    const lines = createInterface({ input: process.stdin, output: echo, terminal, prompt: "" });
    lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
    return { lines, next: lines[Symbol.asyncIterator]() };
  }

  private style(style: Style, text: string): string {
    return this.colored ? styleText(style, text) : text;
  }
}
