import { setTimeout } from "node:timers/promises";

/** Look-ups that come closer together than this are a row of which more may come. */
const rowMs = 2_000;
/**
 * So long without a further look-up, and no more come until some are answered: twice as long as they were apart of late,
 * and the longer, the longer the row is. The engine writes down by turns what is done and what begins.
 */
const quiet = { spacings: 2, perLookUpMs: 20, leastMs: 100, mostMs: 1_000 };
/** By how much more are expected after a walk that left some behind. */
const growth = 1.25;
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
  /** How many came before, in the row. */
  private row = 0;
  private last: { at: number; operation?: object } = { at: Number.NEGATIVE_INFINITY };
  /** How far look-ups of a row are apart at most, in milliseconds, as of late. */
  private spacing = 0;
  private arrival: (() => void) | undefined;
  /** How many came, before, until no more did: the engine does no more at once. */
  private crowd = Number.POSITIVE_INFINITY;
  /** The most that were seen at once. */
  private most = 0;
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
    this.row = spacing < rowMs && operation !== this.last.operation ? this.row + 1 : 0;
    if (this.row > 0) this.spacing = Math.max(spacing, (this.spacing * 3) / 4);
    this.last = { at: now, operation };
    this.waiting++;
    this.most = Math.max(this.most, this.waiting + this.writes.size);
    this.arrival?.();
  }

  /** Resolves when it is time to begin. */
  async settled(): Promise<void> {
    const latest = performance.now() + longestMs;
    if (this.row > 0 && ++this.walks % learnEvery === 0) this.crowd = Number.POSITIVE_INFINITY;
    while (this.expectsMore() && performance.now() < latest) {
      const arrival = new Promise<true>((resolve) => {
        this.arrival = () => resolve(true);
      });
      const { spacings, perLookUpMs, leastMs, mostMs } = quiet;
      const patience = Math.min(mostMs, Math.max(leastMs, spacings * this.spacing, perLookUpMs * this.row));
      if (await Promise.race([arrival, setTimeout(patience, false, { ref: false })])) continue;
      // Only a pause, perhaps.
      this.crowd = Number.isFinite(this.crowd) ? Math.max(this.waiting, this.crowd / 2) : this.waiting;
      this.waiting = 0;
      return;
    }
    // More come than were waited for.
    if (this.writes.size > 0) this.crowd = Math.min(this.crowd * growth, this.most);
    this.waiting = 0;
  }

  /** Half of those that can come are enough: while they wait, the other half keeps the engine at work. */
  private expectsMore(): boolean {
    return (this.row > 0 || this.writes.size > 0) && this.waiting < this.crowd / 2;
  }
}
