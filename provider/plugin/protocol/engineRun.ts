import { setMaxListeners } from "node:events";
import { type Found, HalfDoneError, type ResourceType } from "./plugin";

/** Longer than any call needs that waits for nothing any more. */
const longestMs = 30_000;

/** One run of the engine, as the plugin sees it: the calls that it answers, and whether anybody waits for the answers. */
export class EngineRun {
  private readonly controller = new AbortController();
  private readonly answers = new Set<Promise<void>>();
  private engineIsGone = false;

  constructor() {
    // As many calls as the engine makes at once wait for it.
    setMaxListeners(0, this.cancelled);
  }

  /** Aborts when the run is cancelled. */
  get cancelled(): AbortSignal {
    return this.controller.signal;
  }

  /** Has the calls under way end waiting. Their answers are still of use. */
  cancel(): void {
    this.controller.abort();
  }

  /** Whether the answer to a call can still reach somebody. */
  isAwaited({ cancelled }: { cancelled: boolean }): boolean {
    return !cancelled && !this.engineIsGone;
  }

  /** Notes a call that is being answered. */
  track(answer: Promise<void>): void {
    this.answers.add(answer);
    void answer.finally(() => this.answers.delete(answer));
  }

  /** The engine is gone, or about to go. Done when the calls under way have ended. */
  async end(): Promise<void> {
    this.engineIsGone = true;
    this.cancel();
    const tooLong = new Promise<void>((resolve) => {
      setTimeout(resolve, longestMs).unref();
    });
    await Promise.race([Promise.all(this.answers), tooLong]);
  }
}

/** Creates a resource, and deletes it again where no state would ever have it. */
export async function discardUnknown(
  { discard = async () => false }: ResourceType,
  isAwaited: () => boolean,
  create: () => Promise<Found>,
): Promise<Found> {
  const keep = async (found: Found) => {
    const isDiscarded = !isAwaited() && (await discard(found).catch(() => false));
    if (isDiscarded) throw new Error("the engine went away meanwhile, so what was created was deleted again");
  };
  try {
    const found = await create();
    await keep(found);
    return found;
  } catch (error) {
    if (error instanceof HalfDoneError) await keep(error.found);
    throw error;
  }
}
