import type { z } from "zod";
import type { AccountIdentity } from "./accountIdentity";
import { NoAnswerError, RefusedError } from "./errors";
import type { KeyList } from "./keyList";
import type { LookupBatcher } from "./lookupBatcher";
import type { Pace } from "./pace";
import type { RefreshCache } from "./refreshCache";
import type { Budget } from "./retry";
import type { Secrets } from "./secrets";
import type { Call, Transport } from "./transport";
import { plainEnvelope, type Verdict } from "./wire";

/** What the operations of one account share. */
export interface Shared {
  transport: Transport;
  listing: KeyList;
  survey: RefreshCache;
  batcher: LookupBatcher;
  identity: AccountIdentity;
  secrets: Secrets;
  /** Undefined for what would rather fail than wait for a rate limit. */
  pace: Pace | undefined;
  hasToken: boolean;
}

/**
 * Sends the requests of one operation: at the pace of its account, and again where that is safe. Reads are repeated by the
 * retry policy, a write only when it certainly did not happen.
 */
export class Requests {
  constructor(
    private readonly shared: Shared,
    private readonly budget: Budget,
    /** The accounts that a new key may be in; undefined if any. */
    private readonly owners?: ReadonlySet<number>,
  ) {}

  read<T>(call: Call, answer: z.ZodType<T>, verdictOf?: z.ZodType<Verdict>): Promise<T> {
    return this.budget.retrying(
      () => this.send(() => call, answer, verdictOf),
      () => true,
    );
  }

  /**
   * Makes sure that a key can be created: the list can be read, and is not that of an account the stack has no keys in.
   * Requests what is not known in this run.
   */
  async prepareCreate(): Promise<void> {
    const { identity, secrets } = this.shared;
    secrets.assertNotRefused();
    await this.preparing(identity.assertListable(this.budget));
    if (this.owners !== undefined && this.owners.size > 0)
      await this.preparing(identity.assertIsOneOf(this.owners, this.budget));
  }

  /** What is done before a write: if it goes unanswered, nothing was written. */
  private preparing(work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) => {
      throw error instanceof NoAnswerError ? error.beforeWrite() : error;
    });
  }

  async write<T>(call: Call, answer: z.ZodType<T>): Promise<T> {
    const { survey, identity } = this.shared;
    await this.preparing(identity.assertListable(this.budget));
    this.budget.patience.beginWrite();
    survey.forget();
    const harmless = (error: NoAnswerError) => !error.mayHaveActed;
    return this.budget.retrying(() => this.send(() => call, answer, undefined, true), harmless);
  }

  /** @param call asked for when its turn has come, and anew after each refusal for a rate limit */
  private send<T>(
    call: () => Call,
    answer: z.ZodType<T>,
    verdictOf?: z.ZodType<Verdict>,
    isWrite = false,
  ): Promise<T> {
    const { transport, pace, batcher } = this.shared;
    const { patience } = this.budget;
    const exchange = () => {
      const now = call();
      const sent = patience.cutShort(isWrite, (signal) =>
        transport.exchange({ ...now, signal }, answer, verdictOf),
      );
      return isLookedUpAfter(now) ? batcher.track(sent) : sent;
    };
    return pace === undefined ? exchange() : pace.run(call().path, exchange, patience);
  }

  /** Undefined if the server has nothing at that path. */
  async offered<T>(path: string, answer: z.ZodType<T>): Promise<T | undefined> {
    // Nothing is at stake, so an answer that does not come must not outlast the budget.
    const call = (): Call => ({ method: "GET", path, withinMs: this.budget.left() });
    try {
      return await this.budget.retrying(
        () => this.send(call, answer, plainEnvelope),
        () => true,
      );
    } catch (error) {
      if (error instanceof RefusedError && error.httpStatus === 404) return undefined;
      if (error instanceof NoAnswerError && error.traits.httpStatus === 404) return undefined;
      throw error;
    }
  }
}

/** Whether a create or a delete. */
function isLookedUpAfter({ method, path }: Call): boolean {
  return method === "DELETE" || (method === "POST" && path === "/api/token/");
}
