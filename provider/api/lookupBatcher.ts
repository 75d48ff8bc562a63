import { setTimeout } from "node:timers/promises";

/**
 * The most that a lookup waits for writes under way, in milliseconds. With 8 at once on a server that takes 50 to 150 ms,
 * 100 ms less cost half as many walks again, and 100 ms more up to a third more time.
 */
const longestMs = 200;

/**
 * Decides when lookups that wait have waited long enough for others to share a walk over the list with: when no create
 * or delete is under way any more, each of which is followed by a lookup.
 */
export class LookupBatcher {
  private readonly writes = new Set<Promise<unknown>>();

  /** @param write a request that is followed by a lookup */
  async track<T>(write: Promise<T>): Promise<T> {
    this.writes.add(write);
    return write.finally(() => this.writes.delete(write));
  }

  /** Resolves when it is time to begin. */
  async ready(): Promise<void> {
    const tooLong = setTimeout(longestMs, true, { ref: false });
    while (this.writes.size > 0) {
      if (await Promise.race([Promise.allSettled(this.writes).then(() => false), tooLong])) return;
    }
  }
}
