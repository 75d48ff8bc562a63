import type { Clock } from "./clock";
import { NoAnswerError } from "./errors";
import type { Patience } from "./patience";
import { retryPolicy } from "./retry";

type LaneName = keyof typeof retryPolicy.lanes;
type Report = (line: string) => void;

/**
 * The one pace of all requests of a run to one account. Requests go as they come until the server refuses one for its
 * rate limit. From then on they wait together: one goes ahead at a time to see whether the server answers again, and
 * each answer lets one more be under way.
 *
 * Kept libraries were looked at: p-queue, p-limit, p-throttle, limiter and Bottleneck all want to be told the limit, which
 * no server tells, and none takes a clock. Bottleneck, the one that retries, lets retries past its own limit.
 */
export class Pace {
  private readonly lanes = new Map<LaneName, Lane>();
  private readonly limited = new Set<Lane>();
  private stoodStill = 0;
  private since = 0;

  /** @param countWaiting how many operations are under way: while the server refuses, all of them wait */
  constructor(
    private readonly clock: Clock,
    private readonly info: Report,
    private readonly countWaiting: () => number,
    private readonly cancelled?: AbortSignal,
  ) {}

  /**
   * Sends when the server takes requests, and again whenever it refuses one for its rate limit.
   *
   * @throws {NoAnswerError} when it has refused every request for as long as the policy, or the operation's patience, allows
   */
  run<T>(path: string, send: () => Promise<T>, patience: Patience): Promise<T> {
    return this.lane(path).run(send, patience);
  }

  /** Milliseconds, in all, in which requests waited for a limit: they count for no operation's time. */
  stoodStillMs(): number {
    return this.stoodStill + (this.limited.size > 0 ? this.clock.now() - this.since : 0);
  }

  private lane(path: string): Lane {
    const name = retryPolicy.lanes.critical.paths.test(path) ? "critical" : "ordinary";
    const known = this.lanes.get(name);
    if (known !== undefined) return known;
    const lane: Lane = new Lane(this.clock, retryPolicy.lanes[name], {
      limited: () => this.setLimited(lane, true),
      free: () => this.setLimited(lane, false),
      report: this.info,
      countWaiting: this.countWaiting,
    });
    this.lanes.set(name, lane);
    this.cancelled?.addEventListener("abort", () => lane.dropImpatient());
    return lane;
  }

  private setLimited(lane: Lane, isLimited: boolean): void {
    this.stoodStill = this.stoodStillMs();
    this.since = this.clock.now();
    if (isLimited) this.limited.add(lane);
    else this.limited.delete(lane);
  }
}

interface Waiting {
  patience: Patience;
  go(round: number): void;
  giveUp(error: NoAnswerError): void;
}

interface Events {
  limited(): void;
  free(): void;
  report: Report;
  countWaiting(): number;
}

/** Requests that the server counts together. */
class Lane {
  private readonly queue: Waiting[] = [];
  /** Requests of this round that are under way, and how many may be at once. */
  private underWay = 0;
  private width = Number.POSITIVE_INFINITY;
  /** A pause begins a new one: what was sent before it does not show what the server does after it. */
  private round = 0;
  private pausedUntil: number | undefined;
  /** Refusals since the last answer, and when the first of them came. */
  private refusals = 0;
  private refusedSince = 0;
  private limitedSince: number | undefined;
  private lastReport = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly policy: { what: string; maxWaitMs: number },
    private readonly events: Events,
  ) {}

  async run<T>(send: () => Promise<T>, patience: Patience): Promise<T> {
    for (;;) {
      const round = await this.turn(patience);
      try {
        const answer = await send();
        this.answered(round);
        return answer;
      } catch (error) {
        if (!(error instanceof NoAnswerError && error.traits.limited)) {
          this.answered(round);
          throw error;
        }
        this.refused(round, error);
      }
    }
  }

  /** Resolves when a request may be sent, with the round that it belongs to. */
  private turn(patience: Patience): Promise<number> {
    return new Promise((go, giveUp) => {
      this.queue.push({ patience, go, giveUp });
      this.next();
      this.dropImpatient();
    });
  }

  /** Fails those that may not wait as long as they have to. Their requests were not sent. */
  dropImpatient(): void {
    const wait = this.pausedUntil === undefined ? 0 : this.pausedUntil - this.clock.now();
    for (const waiting of this.queue.splice(0)) {
      const why = waiting.patience.whyNot(wait);
      if (why === undefined) this.queue.push(waiting);
      else
        waiting.giveUp(
          new NoAnswerError(`CometAPI is limiting ${this.policy.what} (given up: ${why})`, {
            mayHaveActed: false,
            retry: true,
            final: true,
          }),
        );
    }
    if (this.queue.length === 0 && this.pausedUntil === undefined && this.underWay === 0) this.setFree();
  }

  private next(): void {
    while (this.pausedUntil === undefined && this.underWay < this.width) {
      const waiting = this.queue.shift();
      if (waiting === undefined) return;
      this.underWay++;
      waiting.go(this.round);
    }
  }

  private answered(round: number): void {
    if (round !== this.round) return;
    this.underWay--;
    this.width++;
    this.refusals = 0;
    if (this.queue.length === 0) this.setFree();
    this.next();
  }

  private refused(round: number, error: NoAnswerError): void {
    const now = this.clock.now();
    const { retryAfterMs = 0 } = error.traits;
    if (round !== this.round) {
      if (this.pausedUntil !== undefined) this.pausedUntil = Math.max(this.pausedUntil, now + retryAfterMs);
      return;
    }
    this.round++;
    this.underWay = 0;
    this.width = 1;
    if (this.refusals++ === 0) this.refusedSince = now;
    const { firstWaitMs, patienceMs } = retryPolicy.limit;
    const ceiling = Math.min(this.policy.maxWaitMs, firstWaitMs * 2 ** (this.refusals - 1));
    // Several stacks may wait for one server.
    const wait = retryAfterMs + (ceiling * (1 + Math.random())) / 2;
    if (now + wait - this.refusedSince > patienceMs) throw this.giveUp(error);
    if (this.limitedSince === undefined) {
      this.limitedSince = now;
      this.events.limited();
    }
    void this.pause(wait);
  }

  private async pause(ms: number): Promise<void> {
    this.pausedUntil = this.clock.now() + ms;
    this.dropImpatient();
    this.report(ms);
    for (let left = ms; left > 0; left = this.pausedUntil - this.clock.now()) await this.clock.sleep(left);
    this.pausedUntil = undefined;
    if (this.queue.length === 0) this.setFree();
    this.next();
  }

  /** Fails all that wait. What comes later goes ahead at once, and fails at once if it is refused again. */
  private giveUp(error: NoAnswerError): NoAnswerError {
    const { patienceMs } = retryPolicy.limit;
    const final = error.givingUp(
      `(given up: requests are limited for longer than the ${duration(patienceMs)} that are waited at most)`,
    );
    for (const waiting of this.queue.splice(0)) waiting.giveUp(final);
    this.setFree();
    return final;
  }

  private setFree(): void {
    if (this.limitedSince === undefined) return;
    this.limitedSince = undefined;
    this.events.free();
  }

  private report(waitMs: number): void {
    const now = this.clock.now();
    const waitedMs = now - (this.limitedSince ?? now);
    if (waitedMs + waitMs < retryPolicy.silentWaitMs) return;
    if (now - this.lastReport < retryPolicy.limit.reportEveryMs) return;
    this.lastReport = now;
    const count = this.events.countWaiting();
    const soFar = waitedMs < 1_000 ? "" : `, for ${duration(waitedMs)} so far`;
    this.events.report(
      `CometAPI is limiting ${this.policy.what}: ${count} ${count === 1 ? "key is" : "keys are"} waiting${soFar}; ` +
        `next try in ${duration(waitMs)}`,
    );
  }
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
