import DataLoader from "dataloader";
import { NoAnswerError, RefusedError, unusable } from "./errors";
import type { Budget } from "./retry";
import { isReadable, maskFits, sameSecret } from "./secret";
import type { Seekers } from "./seekers";
import type { KeyRecord } from "./wire";

/** The most that New API reveals at once. */
const batchSize = 100;

/** How a server reveals keys. */
export interface RevealEndpoints {
  /** The keys by id. Keys that do not exist and those of other accounts are left out. */
  batch(ids: string[], budget: Budget): Promise<Map<string, string>>;
  one(id: string, budget: Budget): Promise<string>;
}

interface Wanted {
  id: string;
  budget: Budget;
}

/** The secrets of an account's keys. Where the server shows only masks, they come from state or are revealed on request. */
export class Secrets {
  private readonly known = new Map<string, string>();
  private readonly loader: DataLoader<Wanted, string>;
  /** Whether the server has shown a key in full, and whether it has revealed one. */
  private shown = false;
  private revealed = false;
  private hasBatch = true;
  private refusal: NoAnswerError | undefined;

  /** @param onReadable called when the server is found to show or reveal keys */
  constructor(
    private readonly endpoints: RevealEndpoints,
    private readonly seekers: Seekers,
    private readonly onReadable: () => void,
  ) {
    this.loader = new DataLoader((wanted) => this.serve(wanted), {
      cache: false,
      batchScheduleFn: (run) => void seekers.settled().then(run),
    });
  }

  /** Whether a key created now can be read. False if that is not known yet. */
  get areReadable(): boolean {
    return (this.shown || this.revealed) && this.refusal === undefined;
  }

  /** @throws {NoAnswerError} when the server is known to show masks only, so that one more key would be of no use */
  assertNotRefused(): void {
    if (this.refusal !== undefined) throw this.refusal;
  }

  /** Notes the secret of a key, as state has it. */
  remember(id: string, secret: string): void {
    this.known.set(id, secret);
  }

  /** Notes a key as the server shows it. */
  note(shown: unknown): void {
    if (this.shown || typeof shown !== "string" || !isReadable(shown)) return;
    this.shown = true;
    this.onReadable();
  }

  /** The record with its secret, if that is known without a request. */
  fill(record: KeyRecord): KeyRecord {
    const { id, key, shownKey } = record;
    this.note(shownKey);
    const secret = this.known.get(id);
    // A secret that is only spelled in another way must not be handed on as a new one.
    if (secret !== undefined && (key === undefined ? maskFits(shownKey, secret) : sameSecret(key, secret)))
      return { ...record, key: secret };
    if (key !== undefined) this.known.set(id, key);
    return record;
  }

  /**
   * The record with its secret. It is asked for only if it is not known, together with others wanted at the same time.
   *
   * @throws {NoAnswerError} when the server shows a mask and does not reveal the key
   */
  async inFull(record: KeyRecord, budget: Budget): Promise<KeyRecord> {
    const { id, shownKey } = record;
    try {
      const filled = this.fill(record);
      if (filled.key !== undefined) return filled;
      this.assertNotRefused();
      this.seekers.asks(budget);
      const secret = await budget.patience.share(() => this.loader.load({ id, budget }));
      // Otherwise it is the secret of another key, or was changed in between.
      if (!maskFits(shownKey, secret))
        throw unusable("the server reveals another secret than the one it shows. Run the same command again");
      this.known.set(id, secret);
      return { ...record, key: secret };
    } finally {
      this.seekers.end(budget);
    }
  }

  private async serve(wanted: readonly Wanted[]): Promise<(string | Error)[]> {
    const answers: (string | Error)[] = [];
    for (let from = 0; from < wanted.length; from += batchSize) {
      const batch = wanted.slice(from, from + batchSize);
      answers.push(...((await this.together(batch)) ?? (await this.oneByOne(batch))));
    }
    return answers;
  }

  /** Undefined where the server has no such endpoint, as New API before April 2026. */
  private async together(wanted: readonly Wanted[]): Promise<(string | Error)[] | undefined> {
    const [first] = wanted;
    if (!this.hasBatch || first === undefined) return undefined;
    const { budget } = wanted.reduce(
      (one, other) => (one.budget.left() > other.budget.left() ? one : other),
      first,
    );
    try {
      const ids = wanted.map(({ id }) => id);
      const keys = await this.endpoints.batch(ids, budget);
      this.revealed ||= ids.some((id) => isReadable(keys.get(id) ?? ""));
      return ids.map((id) => this.judge(keys.get(id), "it leaves the key out"));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.hasBatch = false;
      return undefined;
    }
  }

  private async oneByOne(wanted: readonly Wanted[]): Promise<(string | Error)[]> {
    const answers: (string | Error)[] = [];
    for (const { id, budget } of wanted) {
      answers.push(this.refusal ?? (await this.one(id, budget)));
    }
    return answers;
  }

  private async one(id: string, budget: Budget): Promise<string | Error> {
    try {
      return this.judge(await this.endpoints.one(id, budget), "it answers with a mask");
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const why = error instanceof RefusedError ? error.message : "it does not know POST /api/token/{id}/key";
      return this.judge(undefined, why);
    }
  }

  private judge(secret: string | undefined, why: string): string | Error {
    if (secret !== undefined && isReadable(secret)) {
      this.revealed = true;
      this.onReadable();
      return secret;
    }
    if (this.revealed) {
      return unusable(
        `the server shows only a masked form of the key and did not reveal it, though it reveals others: ${why}. ` +
          "Look the key up in the console, then run the same command again",
      );
    }
    this.refusal = unusable(
      `the server shows only a masked form of the key and does not reveal it: ${why}. ` +
        "Use a server that returns keys in full, then run `pulumi up` again, or remove the resource",
    );
    return this.refusal;
  }
}

/** Whether the server does not do what it was asked: not because of the token, and not just now. */
function isRefusal(error: unknown): error is Error {
  if (error instanceof RefusedError) return error.httpStatus !== 401;
  return error instanceof NoAnswerError && !error.traits.retry;
}
