import DataLoader from "dataloader";
import { isSought, type KeyList } from "./keyList";
import type { Budget } from "./retry";
import type { Item } from "./wire";

/** From so many reads without a pause on, a walk over the list costs less than asking for each key. */
const together = 3;
/** A refresh of many keys goes on without a pause; what was seen before one is not used after it. */
const pauseMs = 1_000;
const oldestMs = 60_000;

type Wanted = ({ id: string } | { secret: string }) & { budget: Budget };

/**
 * Lets the reads of one refresh share a look at the account, so that they cost a request for every 100 keys of the
 * account rather than one each. Nothing seen is used after a pause between reads or after any write of ours.
 */
export class RefreshCache {
  private seen = new Map<string, Item>();
  /** The one under way. */
  private walk: Promise<void> | undefined;
  private began = 0;
  private lastRead = 0;
  /** Reads since the last pause. */
  private reads = 0;
  private readonly loader: DataLoader<Wanted, Item | undefined>;

  constructor(private readonly listing: KeyList) {
    this.loader = new DataLoader((wanted) => this.serve(wanted), {
      cache: false,
      batchScheduleFn: (run) => void setImmediate(run),
    });
  }

  /** The key as it was seen while others were read at the same time; nothing if it should be asked for by itself. */
  find(id: string, budget: Budget): Promise<Item | undefined> {
    return this.look({ id, budget });
  }

  /** Like {@link find}, for a key that only its secret is known of. */
  findBySecret(secret: string, budget: Budget): Promise<Item | undefined> {
    return this.look({ secret, budget });
  }

  /** A write makes what was seen void. */
  forget(): void {
    // A new one: what a walk still under way sees is void too.
    this.seen = new Map();
  }

  private look(wanted: Wanted): Promise<Item | undefined> {
    return wanted.budget.patience.share(() => this.loader.load(wanted));
  }

  private async serve(wanted: readonly Wanted[]): Promise<(Item | undefined)[]> {
    const now = wanted[0]?.budget.now() ?? 0;
    const isPause = now - this.lastRead > pauseMs;
    if ((isPause || now - this.began > oldestMs) && this.walk === undefined) this.forget();
    this.reads = isPause ? wanted.length : this.reads + wanted.length;
    this.lastRead = now;
    const missing = () => wanted.filter((want) => this.lookUp(want) === undefined);
    while (this.walk !== undefined && missing().length > 0) await this.walk;
    if (missing().length > 0 && this.reads >= together) {
      this.began = now;
      this.walk = this.lookAround(missing(), this.seen).finally(() => {
        this.walk = undefined;
      });
      await this.walk;
      this.lastRead = wanted[0]?.budget.now() ?? 0;
    }
    const found = wanted.map((want) => this.lookUp(want));
    // Whoever reads a key a second time wants to know what has changed.
    for (const want of wanted) if ("id" in want) this.seen.delete(want.id);
    return found;
  }

  private lookUp(want: Wanted): Item | undefined {
    return "id" in want
      ? this.seen.get(want.id)
      : [...this.seen.values()].find((item) => isSought(item, want));
  }

  private async lookAround(wanted: readonly Wanted[], seen: Map<string, Item>): Promise<void> {
    // A list that cannot be walked is no reason to fail: each key can still be asked for.
    const items = await this.listing.survey(wanted).catch(() => []);
    for (const item of items) seen.set(item.id, item);
  }
}
