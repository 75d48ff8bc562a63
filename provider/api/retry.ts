import type { Clock } from "./clock";
import { NoAnswerError } from "./errors";
import { Patience } from "./patience";

/**
 * When a request is sent again. The statuses are CometAPI's own advice; 502 is added because every proxy in
 * between says it for the same reason as 503. Kept libraries were looked at: none that runs on Node 20 lets
 * the server's Retry-After, a budget for a whole operation and an injected clock decide together.
 */
export const retryPolicy = {
  /** Worth another try. 500 is not when its error code is `invalid_request`. */
  statuses: [429, 500, 502, 503, 504, 524] as readonly number[],
  /** Of these, the ones that say nothing was done: safe to repeat even for a create. */
  untouchedStatuses: [429] as readonly number[],
  /** The first wait is at most this, each further one at most twice the one before (full jitter). */
  firstWaitMs: 500,
  maxWaitMs: 30_000,
  /** All waits and answers of one create, read, update or delete together. */
  budgetMs: 120_000,
  /** A host that cannot be reached at all is more likely mistyped than busy. */
  unreachableTries: 5,
  /** Longer waits are reported to the person at the terminal. */
  silentWaitMs: 3_000,
  /** A rate limit, which all requests to an account wait for together. That waiting uses up no budget. */
  limit: {
    status: 429,
    /** After each refusal in a row the wait is twice as long, up to its lane's longest, and half of it is random. */
    firstWaitMs: 1_000,
    /** Given up when nothing at all was answered for so long. The widest window known is of 20 minutes. */
    patienceMs: 3_600_000,
    /** A line on the terminal at most every so often. */
    reportEveryMs: 60_000,
  },
  /**
   * What a server counts together. New API lets through 180 or 360 requests in 3 minutes, and of the critical ones only
   * 20 in 20 minutes: others must not wait for these. A longest wait of a twelfth of the window or less wastes
   * little of it; refused requests are not counted there.
   */
  lanes: {
    ordinary: { what: "requests", maxWaitMs: 15_000 },
    critical: {
      what: "the reading of secrets and usage",
      maxWaitMs: 30_000,
      paths: /^\/api\/(token\/(batch\/keys|\d+\/key)|usage\/|log\/)/,
    },
  },
};

/** What one lifecycle operation may still spend on waiting. */
export class Budget {
  private readonly deadline: number;

  constructor(
    readonly clock: Clock,
    /** Tells the person at the terminal something while the operation goes on. */
    readonly info: (line: string) => void,
    budgetMs: number = retryPolicy.budgetMs,
    /** Milliseconds, in all, that count for nobody. */
    private readonly stoodStillMs = () => 0,
    readonly patience = new Patience(clock),
  ) {
    this.deadline = this.now() + budgetMs;
  }

  /** The time that counts, in milliseconds: it stands still while requests wait for a rate limit. */
  now(): number {
    return this.clock.now() - this.stoodStillMs();
  }

  /** In milliseconds. */
  left(): number {
    return Math.min(this.deadline - this.now(), this.patience.left());
  }

  async wait(ms: number, why: string): Promise<void> {
    if (ms > retryPolicy.silentWaitMs) this.info(`${why}; trying again in ${Math.round(ms / 1000)} s`);
    await this.patience.sleep(ms);
  }

  /** Sends until an answer comes, as long as the policy and the budget allow and `mayRepeat` agrees. */
  async retrying<T>(send: () => Promise<T>, mayRepeat: (error: NoAnswerError) => boolean): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await send();
      } catch (error) {
        if (!(error instanceof NoAnswerError) || !mayRepeat(error)) throw error;
        const { retry, final, retryAfterMs, unreachable } = error.traits;
        if (!retry || final) throw error;
        const wait = waitBeforeTry(tries, retryAfterMs);
        const giveUp = () => {
          const [count, why] = [tries === 1 ? "1 try" : `${tries} tries`, this.patience.whyNot(wait)];
          return error.adding(`(given up after ${count}${why === undefined ? "" : `: ${why}`})`);
        };
        if ((unreachable && tries >= retryPolicy.unreachableTries) || wait > this.left()) throw giveUp();
        await this.wait(wait, error.message);
        if (this.patience.whyNot() !== undefined) throw giveUp();
      }
    }
  }
}

function waitBeforeTry(tries: number, retryAfterMs: number | undefined): number {
  const ceiling = Math.min(retryPolicy.maxWaitMs, retryPolicy.firstWaitMs * 2 ** (tries - 1));
  const jittered = Math.random() * ceiling;
  return retryAfterMs === undefined ? jittered : retryAfterMs + jittered;
}
