import type { Clock } from "./clock";
import { NoAnswerError } from "./errors";

/**
 * How much longer an operation that has written something finds out what came of it. A run that is cancelled has less
 * time: CI systems kill it some 7 seconds after that.
 */
const graceMs = { timedOut: 15_000, cancelled: 5_000 };

/** The longest that a timer of Node takes. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * How long one operation may wait, beside the policy: until its time is over, or the run is cancelled. That cuts short
 * what only reads. What may have been written is looked up before the operation ends, as nobody would know of it.
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
    const { deadline, cancelledAt = Number.POSITIVE_INFINITY } = this;
    const graces = this.hasWritten ? graceMs : { timedOut: 0, cancelled: 0 };
    return Math.min(deadline + graces.timedOut, cancelledAt + graces.cancelled) - this.clock.now();
  }

  /** Why the operation is not to wait so long. Undefined if it may. */
  whyNot(waitMs = 0): string | undefined {
    if (waitMs < this.left()) return undefined;
    if (this.cancelledAt !== undefined) return "the run was cancelled";
    return `customTimeouts gives ${Math.round((this.timeoutMs ?? 0) / 1000)} s`;
  }

  /**
   * Notes that a write is about to be sent. What has begun is finished, if the grace is long enough.
   *
   * @throws {NoAnswerError} when the operation has ended
   */
  beginWrite(): void {
    this.assertNotEnded();
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

  /**
   * Waits for what other operations wait for too. It begins anew when that ended because another one had less time.
   *
   * @throws {NoAnswerError} when this operation ends first
   */
  async share<T>(begin: () => Promise<T>): Promise<T> {
    for (;;) {
      const got = await this.limit(
        () => this.left(),
        async (signal) => {
          const ended = new Promise<never>((_, reject) => {
            signal?.addEventListener("abort", () => reject(this.unanswered(false)));
          });
          try {
            return { value: await Promise.race([begin(), ended]) };
          } catch (error) {
            if (!isOutOfTime(error) || this.whyNot() !== undefined) throw error;
            return undefined;
          }
        },
      );
      if (got !== undefined) return got.value;
    }
  }

  /**
   * Sends a request. Once something was written, one that is late does not use up the grace: a write is given up while
   * there is time to look it up, and a lookup is sent a second time.
   *
   * @throws {NoAnswerError} when there is no answer
   */
  cutShort<T>(isWrite: boolean, send: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    const isRepeated = !isWrite && this.hasWritten;
    return this.limit(
      () => (isWrite ? this.untilLate() : this.left()),
      async (signal) => {
        try {
          return await (isRepeated ? this.sendAgainIfLate(() => send(signal)) : send(signal));
        } catch (error) {
          throw signal?.aborted ? this.unanswered(isWrite) : error;
        }
      },
    );
  }

  /** The first answer counts: nobody knows whether a request hangs, or the server is slow. */
  private sendAgainIfLate<T>(send: () => Promise<T>): Promise<T> {
    return this.limit(
      () => this.untilLate(),
      (late) => {
        const second = new Promise<T>((resolve, reject) => {
          late?.addEventListener("abort", () => void send().then(resolve, reject));
        });
        return Promise.race([send(), second]);
      },
    );
  }

  /** How long an answer may take, from now on, until it is late: of the grace a third, so that there is time for two others. */
  private untilLate(): number {
    const left = Math.max(0, this.left());
    const grace = this.cancelled?.aborted ? graceMs.cancelled : graceMs.timedOut;
    const ofGrace = Math.min(left, grace);
    return left - ofGrace + ofGrace / 3;
  }

  /** Has a signal abort after a time. It is undefined where that is for the policy alone to say. */
  private async limit<T>(
    timeMs: () => number,
    work: (signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    const { cancelled, timeoutMs } = this;
    if (cancelled === undefined && timeoutMs === undefined) return work(undefined);
    this.assertNotEnded();
    const cut = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const arm = () => {
      clearTimeout(timer);
      const wait = Math.max(0, timeMs());
      if (wait < longestTimerMs) timer = setTimeout(() => cut.abort(), wait);
    };
    arm();
    cancelled?.addEventListener("abort", arm);
    try {
      return await work(cut.signal);
    } finally {
      clearTimeout(timer);
      cancelled?.removeEventListener("abort", arm);
    }
  }

  private unanswered(mayHaveActed: boolean): NoAnswerError {
    const why = this.whyNot(Number.POSITIVE_INFINITY);
    return outOfTime(`CometAPI has not answered yet (given up: ${why})`, mayHaveActed);
  }

  private assertNotEnded(): void {
    const why = this.whyNot();
    if (why !== undefined) throw outOfTime(`nothing was sent: ${why}`, false);
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

function outOfTime(message: string, mayHaveActed: boolean): NoAnswerError {
  return new NoAnswerError(message, { mayHaveActed, retry: true, final: true, outOfTime: true });
}

function isOutOfTime(error: unknown): boolean {
  return error instanceof NoAnswerError && error.traits.outOfTime === true;
}
