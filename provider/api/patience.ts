import type { Clock } from "./clock";
import { NoAnswerError } from "./errors";

/** How much longer an operation that has written something looks for what came of it. */
const graceMs = 15_000;

/**
 * How long one operation may wait, beside the policy: until its time is over, or the run is cancelled. That ends waiting
 * and no write: nobody would know what came of it.
 */
export class Patience {
  private readonly deadline: number;
  private cancelledAt: number | undefined;
  private hasWritten = false;

  /** @param timeoutMs the time that the operation is given for everything, in place of the policy's budget */
  constructor(
    private readonly clock: Clock,
    private readonly timeoutMs?: number,
    private readonly cancelled?: AbortSignal,
  ) {
    this.deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + timeoutMs;
  }

  /** In milliseconds. */
  left(): number {
    if (this.cancelled?.aborted) this.cancelledAt ??= this.clock.now();
    const end = Math.min(this.deadline, this.cancelledAt ?? Number.POSITIVE_INFINITY);
    return end + (this.hasWritten ? graceMs : 0) - this.clock.now();
  }

  /** Why the operation is not to wait so long. Undefined if it may. */
  whyNot(waitMs = 0): string | undefined {
    if (waitMs < this.left()) return undefined;
    if (this.cancelledAt !== undefined) return "the run was cancelled";
    return `customTimeouts gives ${Math.round((this.timeoutMs ?? 0) / 1000)} s`;
  }

  /**
   * Notes that a write is about to be sent. What has begun is finished.
   *
   * @throws {NoAnswerError} when the operation has ended before its first write
   */
  beginWrite(): void {
    if (!this.hasWritten) this.assertNotEnded();
    this.hasWritten = true;
  }

  /** Waits, or less if the operation ends meanwhile. */
  sleep(ms: number): Promise<void> {
    return this.unlessCancelled(() => this.clock.sleep(Math.min(ms, Math.max(0, this.left()))));
  }

  /**
   * Waits for another operation, before anything is sent.
   *
   * @throws {NoAnswerError} when this one ends first
   */
  async wait(other: Promise<void>): Promise<void> {
    const isTimed = this.timeoutMs !== undefined;
    await this.unlessCancelled(() => (isTimed ? Promise.race([other, this.sleep(this.left())]) : other));
    this.assertNotEnded();
  }

  private assertNotEnded(): void {
    const why = this.whyNot();
    if (why !== undefined)
      throw new NoAnswerError(`nothing was sent: ${why}`, { mayHaveActed: false, retry: true, final: true });
  }

  private async unlessCancelled(event: () => Promise<void>): Promise<void> {
    const { cancelled } = this;
    if (cancelled === undefined || cancelled.aborted) return event();
    let wake = () => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    cancelled.addEventListener("abort", wake);
    await Promise.race([event(), woken]);
    cancelled.removeEventListener("abort", wake);
  }
}
