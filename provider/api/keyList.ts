import DataLoader from "dataloader";
import { NoAnswerError, unusable } from "./errors";
import type { LookupBatcher } from "./lookupBatcher";
import type { Budget } from "./retry";
import { isReadable, maskFits, sameSecret } from "./secret";
import type { Item, Page } from "./wire";

/** The most CometAPI gives at once. */
const pageSize = 100;
/** The sizes of further walks put the page borders elsewhere, so that a key cannot fall between two pages again. */
const proofPageSizes = [pageSize, 97, 89, 83];
/** How long a listed key is certain to be the one of its id. A server that is set up anew is not up again sooner. */
const recentMs = 300_000;

/** Which key is looked for: the newest of a name, or the one of an id or a secret. */
export type Sought = { name: string } | { id: string } | { secret: string };

type Wanted = Sought & {
  /** The time left to the operation that asks. A shared walk has the time of the most patient one. */
  budget: Budget;
};

/** A page, and whether it is at an end of the list. */
type Placed = Page & { first: boolean; last: boolean };

type Found = Item | undefined;

/**
 * Finds keys in the account's list, newest first.
 *
 * Lookups that wait at the same time share one walk over the pages. A walk only ever serves lookups that were
 * asked for before it began, so that each sees its own earlier writes.
 */
export class KeyList {
  private idle: Promise<unknown> = Promise.resolve();
  private readonly loader: DataLoader<Wanted, Item | undefined>;
  private readonly recent = new Map<string, { item: Item; at: number }>();

  constructor(
    private readonly fetchPage: (page: number, size: number, budget: Budget) => Promise<Page>,
    batcher: LookupBatcher,
  ) {
    this.loader = new DataLoader((wanted) => this.serve(wanted), {
      cache: false,
      batchScheduleFn: (run) => void this.idle.then(() => batcher.ready()).then(() => setImmediate(run)),
    });
  }

  /** The newest key of exactly this name. Not finding one proves nothing: the list may lag behind. */
  newestNamed(name: string, budget: Budget): Promise<Item | undefined> {
    return this.look({ name, budget });
  }

  /** The key of this secret, which the list may show masked. Not finding one proves nothing. */
  withSecret(secret: string, budget: Budget): Promise<Item | undefined> {
    return this.look({ secret, budget });
  }

  /** The key of this id. Undefined proves that the list does not hold it, but not whose list it is. */
  withId(id: string, budget: Budget): Promise<Item | undefined> {
    return this.look({ id, budget });
  }

  /** The key of this id, if any walk met it recently: whose it is and when it was created, which never change. */
  recentlyListed(id: string, budget: Budget): Item | undefined {
    const { item, at } = this.recent.get(id) ?? {};
    return at !== undefined && budget.clock.now() - at <= recentMs ? item : undefined;
  }

  /** Every key of exactly this name, newest first: a walk over the whole account. */
  async allNamed(name: string, budget: Budget): Promise<Item[]> {
    const found = new Map<string, Item>();
    for await (const page of this.pages(pageSize, budget)) {
      for (const item of page.items) if (item.name === name) found.set(item.id, item);
    }
    return [...found.values()];
  }

  /** Every key there is, newest first. */
  async all(budget: Budget): Promise<Item[]> {
    let before: string | undefined;
    for (const size of proofPageSizes) {
      const found = new Map<string, Item>();
      const totals = new Set<number>();
      for await (const page of this.pages(size, budget)) {
        for (const item of page.items) found.set(item.id, item);
        totals.add(page.total);
      }
      // Keys deleted meanwhile shift others past the border of a page. Seen twice, a list is what it is.
      const ids = [...found.keys()].join();
      if ((totals.size === 1 && totals.has(found.size)) || ids === before) return [...found.values()];
      before = ids;
    }
    throw keptChanging("so not every key was seen");
  }

  /** Every key seen on the way to those wanted. */
  async survey(wanted: readonly Wanted[]): Promise<Item[]> {
    const seen = new Map<string, Item>();
    await this.walk(wanted, (item) => seen.set(item.id, item));
    return [...seen.values()];
  }

  private look(wanted: Wanted): Promise<Found> {
    return wanted.budget.patience.share(() => this.loader.load(wanted));
  }

  private serve(wanted: readonly Wanted[]): Promise<Found[]> {
    const walk = this.walk(wanted);
    this.idle = walk.catch(() => undefined);
    return walk;
  }

  private async walk(wanted: readonly Wanted[], see: (item: Item) => void = () => {}): Promise<Found[]> {
    const settled = new Map<Wanted, Found>();
    const budget = wanted
      .map((want) => want.budget)
      .reduce((one, other) => (one.left() > other.left() ? one : other));
    for (const size of proofPageSizes) {
      for await (const page of this.pages(size, budget)) {
        page.items.forEach(see);
        for (const want of wanted) {
          const verdict = settled.has(want) ? undefined : proveInPage(page, want);
          if (verdict !== undefined) settled.set(want, verdict.found);
        }
        if (settled.size === wanted.length) break;
      }
      if (wanted.every((want) => settled.has(want) || !("id" in want))) {
        return wanted.map((want) => settled.get(want));
      }
    }
    throw keptChanging("so a key could be neither found nor proved gone");
  }

  private async *pages(size: number, budget: Budget): AsyncGenerator<Placed> {
    let before = 0;
    for (let number = 1; ; number++) {
      const page = await this.fetchPage(number, size, budget);
      if (page.items.some((item, i) => i > 0 && Number(item.id) >= Number(page.items[i - 1]?.id))) {
        throw unusableList("is not newest first");
      }
      for (const item of page.items) this.recent.set(item.id, { item, at: budget.clock.now() });
      before += page.items.length;
      // A server that gives fewer than it says it does has not come to its end.
      const last = page.items.length < page.pageSize && before >= page.total;
      yield { ...page, first: number === 1, last };
      if (last || page.items.length === 0) return;
      if (budget.left() <= 0) throw unusableList("has no end within the time there is");
    }
  }
}

function keptChanging(so: string): NoAnswerError {
  return new NoAnswerError(`the list of keys kept changing while it was read, ${so}`, {
    mayHaveActed: false,
    retry: true,
  });
}

function unusableList(why: string): NoAnswerError {
  return unusable(
    `CometAPI's list of keys ${why}, so nothing can be looked up in it. Check the setting baseUrl`,
  );
}

export function isSought(item: Item, sought: Sought): boolean {
  if ("id" in sought) return item.id === sought.id;
  if ("name" in sought) return item.name === sought.name;
  const { key: shown } = item.raw;
  if (typeof shown !== "string") return false;
  return isReadable(shown) ? sameSecret(shown, sought.secret) : maskFits(shown, sought.secret);
}

/** What a page says about a lookup: whether it holds the key or proves it gone. Undefined if neither. */
function proveInPage(page: Placed, want: Wanted): { found: Found } | undefined {
  const found = page.items.find((item) => isSought(item, want));
  if (found !== undefined) return { found };
  return "id" in want && provesAbsence(page, want.id) ? { found } : undefined;
}

/**
 * A page is one moment's view, two pages are not: while one is read, keys created or deleted shift the next. So
 * absence is proved only by a single page that shows both neighbours of the place where the key would stand, or
 * the end of the list there.
 */
function provesAbsence(page: Placed, id: string): boolean {
  const wanted = Number(id);
  const older = page.items.findIndex((item) => Number(item.id) < wanted);
  if (older > 0) return true;
  if (older === 0) return page.first;
  return page.last && (page.items.length > 0 || page.first);
}
