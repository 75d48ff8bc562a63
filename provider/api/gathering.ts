import { setTimeout } from "node:timers/promises";

/** Look-ups that come closer together than this are a row of which more may come. */
const rowMs = 2_000;
/** So many times as long as of late without a further look-up, and no more come until some are answered. */
const quiet = { spacings: 2, leastMs: 100, mostMs: 2_000 };
/** The most that a look-up waits for others. */
const longestMs = 3_000;
/** Every so many walks, what was learned about how many come at once is learned anew. */
const learnEvery = 128;

/**
 * Decides when look-ups that wait have waited long enough for others to share a walk over the list with.
 *
 * The engine writes its state between any two steps, so that keys made or deleted at once are looked up one after the
 * other, a little apart. A look-up that comes alone is not kept waiting.
 */
export class Gathering {
  /** Writes under way, each of which is followed by a look-up. */
  private readonly writes = new Set<Promise<unknown>>();
  private waiting = 0;
  private inRow = false;
  private last: { at: number; operation?: object } = { at: Number.NEGATIVE_INFINITY };
  /** How far look-ups of a row are apart at most, in milliseconds, as of late. */
  private spacing = 0;
  private arrival: (() => void) | undefined;
  /** How many came, before, until no more did: the engine does no more at once. */
  private crowd = Number.POSITIVE_INFINITY;
  private walks = 0;

  /** A write that is followed by a look-up. */
  async announcing<T>(write: Promise<T>): Promise<T> {
    this.writes.add(write);
    return write.finally(() => this.writes.delete(write));
  }

  /**
   * A look-up has begun to wait.
   *
   * @param operation on whose behalf: one that looks again and again is no row
   */
  arrived(operation: object): void {
    const now = performance.now();
    const spacing = now - this.last.at;
    this.inRow = spacing < rowMs && operation !== this.last.operation;
    if (this.inRow) this.spacing = Math.max(spacing, (this.spacing * 3) / 4);
    this.last = { at: now, operation };
    this.waiting++;
    this.arrival?.();
  }

  /** Resolves when it is time to begin. */
  async settled(): Promise<void> {
    const latest = performance.now() + longestMs;
    if (this.inRow && ++this.walks % learnEvery === 0) this.crowd = Number.POSITIVE_INFINITY;
    while (this.expectsMore() && performance.now() < latest) {
      const arrival = new Promise<true>((resolve) => {
        this.arrival = () => resolve(true);
      });
      const { spacings, leastMs, mostMs } = quiet;
      const patience = Math.min(mostMs, Math.max(leastMs, spacings * this.spacing));
      if (await Promise.race([arrival, setTimeout(patience, false, { ref: false })])) continue;
      this.crowd = this.waiting;
      break;
    }
    this.waiting = 0;
  }

  /** Half of those that can come are enough: while they wait, the other half keeps the engine at work. */
  private expectsMore(): boolean {
    return (this.inRow || this.writes.size > 0) && this.waiting < this.crowd / 2;
  }
}
