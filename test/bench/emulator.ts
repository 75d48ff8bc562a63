import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Address, Count } from "./serve";

/** The server in its own process, seen from the bench. */
export class Emulator {
  private constructor(
    private readonly child: ChildProcess,
    readonly address: Address,
  ) {}

  static async start(latency: number): Promise<Emulator> {
    const child = fork(join(__dirname, "serve.ts"), [String(latency)], { execArgv: ["--import", "tsx"] });
    return new Emulator(child, await answer<Address>(child));
  }

  /** What was asked of it since the last time. */
  take(): Promise<Count> {
    const count = answer<Count>(this.child);
    this.child.send("take");
    return count;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, "exit");
    this.child.disconnect();
    await exit;
  }
}

async function answer<T>(child: ChildProcess): Promise<T> {
  const gone = new AbortController();
  const exit = (code: number | null) => gone.abort(new Error(`the server ended with exit code ${code}`));
  child.once("exit", exit);
  try {
    const [message] = (await once(child, "message", { signal: gone.signal })) as [T];
    return message;
  } finally {
    child.off("exit", exit);
  }
}
