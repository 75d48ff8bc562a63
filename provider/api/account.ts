import { AccountIdentity } from "./accountIdentity";
import { CometApi } from "./client";
import type { Clock } from "./clock";
import { FirstKey } from "./firstKey";
import { KeyList } from "./keyList";
import { LookupBatcher } from "./lookupBatcher";
import { Pace } from "./pace";
import { Patience } from "./patience";
import { RefreshCache } from "./refreshCache";
import { Budget } from "./retry";
import { Secrets } from "./secrets";
import { Seekers } from "./seekers";
import { type Endpoint, type Limits, Transport } from "./transport";

/** One operation on an account, by what is known about it before it begins. */
export interface Operation {
  /** The key it is about and its secret, as far as state has them. No error quotes the secret. */
  id?: string | undefined;
  key?: string | undefined;
  /** Whether it creates a key. It then waits until keys are known to be readable, or goes ahead of the others. */
  creates?: boolean;
  /** The accounts that the stack's other keys belong to: a new key must not end up in another one. */
  owners?: ReadonlySet<number>;
  /** Whether it may need the secret of its key. Default true. */
  wantsSecret?: boolean;
  /** For what is not worth the usual patience, nor waiting for a rate limit. */
  budgetMs?: number | undefined;
  /** The time that the user gives it, by `customTimeouts`: rate limits and all. Default: the policy's, without rate limits. */
  timeoutMs?: number | undefined;
  /** Whether it goes on when the run is cancelled. */
  outlivesRun?: boolean;
}

/** What the operations of one account share: connections, walks over its list, and what is known about the account. */
export class Account {
  private readonly transport: Transport;
  private readonly listing: KeyList;
  private readonly survey: RefreshCache;
  private readonly batcher = new LookupBatcher();
  private readonly identity: AccountIdentity;
  private readonly firstKey = new FirstKey();
  private readonly seekers = new Seekers();
  private readonly secrets: Secrets;
  private readonly pace: Pace;
  private readonly hasToken: boolean;
  private underWay = 0;

  constructor(
    endpoint: Endpoint,
    secrets: Set<string>,
    private readonly clock: Clock,
    private readonly notify: (line: string) => void,
    limits?: Limits,
    private readonly cancelled?: AbortSignal,
  ) {
    this.hasToken = endpoint.accessToken !== undefined;
    this.pace = new Pace(clock, notify, () => this.underWay, cancelled);
    this.transport = new Transport(endpoint, secrets, limits, notify);
    this.listing = new KeyList((page, size, budget) => this.within(budget).page(page, size), this.batcher);
    this.survey = new RefreshCache(this.listing);
    this.identity = new AccountIdentity(
      {
        self: (budget) => this.within(budget).self(),
        firstPage: (budget) => this.within(budget).page(1, 100),
      },
      {
        token: endpoint.settingLabel("accessToken"),
        userId: endpoint.settingLabel("userId"),
        accounts: endpoint.accountsLabel,
        declaredId: endpoint.userId === undefined ? undefined : Number(endpoint.userId),
      },
    );
    this.secrets = new Secrets(
      {
        batch: (ids, budget) => this.within(budget).revealTogether(ids),
        one: (id, budget) => this.within(budget).reveal(id),
      },
      this.seekers,
      () => this.firstKey.readable(),
    );
  }

  /** Runs one operation, with a budget of time of its own. */
  async run<T>(work: (api: CometApi) => Promise<T>, operation: Operation = {}): Promise<T> {
    const { id, key, creates = false, outlivesRun = false } = operation;
    if (key !== undefined) this.transport.addSecret(key);
    if (key !== undefined && id !== undefined) this.secrets.remember(id, key);
    const cancelled = outlivesRun ? undefined : this.cancelled;
    const patience = new Patience(this.clock, operation.timeoutMs, cancelled);
    let ended = () => {};
    this.underWay++;
    try {
      if (creates) ended = await this.firstKey.turn(() => this.secrets.assertNotRefused(), patience);
      return await this.begin(work, operation, patience);
    } finally {
      this.underWay--;
      ended();
    }
  }

  private async begin<T>(
    work: (api: CometApi) => Promise<T>,
    operation: Operation,
    patience: Patience,
  ): Promise<T> {
    const { owners, wantsSecret = true, budgetMs, timeoutMs } = operation;
    const isPatient = budgetMs === undefined;
    const stoodStillMs = isPatient ? () => this.pace.stoodStillMs() : undefined;
    const policyMs = timeoutMs === undefined ? undefined : Number.POSITIVE_INFINITY;
    const budget = new Budget(this.clock, this.notify, budgetMs ?? policyMs, stoodStillMs, patience);
    if (wantsSecret) this.seekers.begin(budget);
    try {
      return await work(this.within(budget, owners, isPatient));
    } finally {
      this.seekers.end(budget);
    }
  }

  private within(budget: Budget, owners?: ReadonlySet<number>, isPatient = true): CometApi {
    const { transport, listing, survey, batcher, identity, secrets, hasToken } = this;
    const pace = isPatient ? this.pace : undefined;
    return new CometApi(
      { transport, listing, survey, batcher, identity, secrets, pace, hasToken },
      budget,
      owners,
    );
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}
