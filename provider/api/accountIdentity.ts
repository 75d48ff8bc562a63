import { NoAnswerError, RefusedError, unusable } from "./errors";
import type { Budget } from "./retry";
import type { Item } from "./wire";

/** What the server says about the account of the token. */
export interface AccountEndpoints {
  /** `GET /api/user/self`: the id of the account. */
  self(budget: Budget): Promise<number>;
  /** The newest keys. Each page that is read is noted by {@link AccountIdentity.noteListed}. */
  firstPage(budget: Budget): Promise<unknown>;
}

/**
 * Whose access token it is. An empty list is what any other account without keys answers too, and to an administrator
 * some servers list everybody's keys: so neither proves anything until the account is known.
 */
export class AccountIdentity {
  /** The owners of all keys that were listed for this token. */
  private readonly owners = new Set<number>();
  private listed: Promise<unknown> | undefined;
  private asked: Promise<number | undefined> | undefined;

  constructor(
    private readonly endpoints: AccountEndpoints,
    /** What errors call the settings, and the id that they say. */
    private readonly settings: {
      token: string;
      userId: string;
      accounts: string;
      declaredId: number | undefined;
    },
  ) {}

  noteListed(items: readonly Item[]): void {
    this.listed ??= Promise.resolve();
    for (const { userId } of items) this.owners.add(userId);
  }

  /** Reads one page of the list, once a run: where keys cannot be looked up, none must be created or changed. */
  async assertListable(budget: Budget): Promise<void> {
    await budget.patience.share(() => {
      this.listed ??= this.endpoints.firstPage(budget).catch((error: unknown) => {
        this.listed = undefined;
        throw error;
      });
      return this.listed;
    });
  }

  /**
   * Makes sure that what is not in the list is gone.
   *
   * @throws {NoAnswerError} when the list is, or may be, the one of another account than the key's
   */
  async assertIsListOf(owner: number | undefined, budget: Budget): Promise<void> {
    const drop =
      "A key that is gone for certain can be dropped from the stack by `pulumi state delete` with its URN";
    if (owner === undefined)
      throw unusable(`the key is not listed, but state does not say to which account it belongs. ${drop}`);
    const refusal = await this.refuse(new Set([owner]), "the key belongs", budget);
    if (refusal === undefined) return;
    const isKnown = (await this.self(budget)) !== undefined;
    throw unusable(isKnown ? refusal : `${refusal}. ${drop}`);
  }

  /**
   * Makes sure that a new key ends up where the stack's other keys are.
   *
   * @param expected several where they are in several accounts
   */
  async assertIsOneOf(expected: ReadonlySet<number>, budget: Budget): Promise<void> {
    const refusal = await this.refuse(expected, "the stack's keys belong", budget);
    if (refusal !== undefined) {
      throw unusable(
        `${refusal}. A further account can be set up under ${this.settings.accounts}. Nothing was created`,
      );
    }
  }

  /** Why the token is not known to be of an expected account; undefined if it is. */
  private async refuse(
    expected: ReadonlySet<number>,
    whose: string,
    budget: Budget,
  ): Promise<string | undefined> {
    const owners = [...this.owners];
    if (owners.length > 0 && owners.every((owner) => expected.has(owner))) return undefined;
    const self = await this.self(budget);
    if (self === undefined ? owners.some((owner) => expected.has(owner)) : expected.has(self))
      return undefined;
    const { token } = this.settings;
    const account = `account ${[...expected].join(" or ")}`;
    if (self !== undefined) {
      return `the access token is of account ${self}, but ${whose} to ${account}. Set ${token} to a token of that account`;
    }
    const list = owners.length === 0 ? "is empty" : `holds only keys of account ${owners.join(", ")}`;
    return (
      `${whose} to ${account}, but nothing shows that the access token is of that account: its list of keys ${list}, and ` +
      `the server does not tell whose token it is. Check ${token}`
    );
  }

  /**
   * The account's own id: as the server says, or else as the settings say, or else as the list shows, if it shows one
   * account only. Undefined if none of them does.
   */
  async ownId(budget: Budget): Promise<number | undefined> {
    const known = (await this.self(budget)) ?? this.settings.declaredId;
    if (known !== undefined) return known;
    await this.assertListable(budget);
    return this.owners.size === 1 ? [...this.owners][0] : undefined;
  }

  /** @throws {NoAnswerError} when a key is not, or may not be, one of the account's own */
  async assertOwn({ id, userId }: { id: string; userId: number }, budget: Budget): Promise<void> {
    const own = await this.ownId(budget);
    if (own === userId) return;
    const { token } = this.settings;
    throw unusable(
      own === undefined
        ? `the key ${id} belongs to account ${userId}, and the server does not tell whose access token it is. ${this.declare()}`
        : `the key ${id} belongs to account ${userId}, and the access token is of account ${own}, which is shown keys of ` +
            `others too. Set ${token} to a token of account ${userId}`,
    );
  }

  /** Only the account's own keys: an administrator may be shown everybody's. */
  async own<T extends { userId: number }>(keys: readonly T[], budget: Budget): Promise<T[]> {
    if (keys.length === 0) return [];
    const own = await this.ownId(budget);
    if (own !== undefined) return keys.filter(({ userId }) => userId === own);
    throw unusable(
      `the list holds keys of several accounts, and the server does not tell whose access token it is. ${this.declare()}`,
    );
  }

  private declare(): string {
    return `Set ${this.settings.userId} to the numeric id of the account`;
  }

  /** Undefined where the server does not tell. Asked once a run. */
  private self(budget: Budget): Promise<number | undefined> {
    return budget.patience.share(() => {
      this.asked ??= this.endpoints.self(budget).catch((error: unknown) => {
        // The token itself is good: it was good for the list.
        if (error instanceof RefusedError) return undefined;
        if (error instanceof NoAnswerError && !error.traits.retry) return undefined;
        this.asked = undefined;
        throw error;
      });
      return this.asked;
    });
  }
}
