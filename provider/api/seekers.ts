import { setTimeout } from "node:timers/promises";

/** The engine needs a moment to begin the next operation when one has ended. */
const quietMs = 500;
/** One slow operation must not hold up the others for good. */
const longestMs = 20_000;

/**
 * The operations under way that may still ask for a secret. New API reveals secrets to 20 requests in 20 minutes, but up
 * to 100 with each. So those that ask wait until all others ask too, or have ended.
 */
export class Seekers {
  private readonly underWay = new Map<object, "working" | "asking">();
  /** The most there were at once: with so many asking, the engine begins no more. */
  private most = 0;
  private lastChange = Number.NEGATIVE_INFINITY;
  private wake: (() => void) | undefined;

  begin(operation: object): void {
    this.set(() => this.underWay.set(operation, "working"));
    this.most = Math.max(this.most, this.underWay.size);
  }

  asks(operation: object): void {
    this.set(() => this.underWay.set(operation, "asking"));
  }

  /** The operation has ended, or has what it wants. */
  end(operation: object): void {
    if (this.underWay.has(operation)) this.set(() => this.underWay.delete(operation));
  }

  /** Resolves when nobody else is going to ask soon. */
  async settled(): Promise<void> {
    const latest = performance.now() + longestMs;
    for (let wait = this.wait(latest); wait > 0; wait = this.wait(latest)) {
      const change = new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      await Promise.race([change, setTimeout(wait, undefined, { ref: false })]);
    }
  }

  private wait(latest: number): number {
    const left = latest - performance.now();
    const all = [...this.underWay.values()];
    if (all.includes("working")) return left;
    return all.length >= this.most ? 0 : Math.min(left, this.lastChange + quietMs - performance.now());
  }

  private set(change: () => void): void {
    change();
    this.lastChange = performance.now();
    this.wake?.();
  }
}
