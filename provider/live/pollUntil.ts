import type { Budget } from "../api/retry";

/**
 * How long a read may lag behind a write that was answered, and behind an unanswered one; and how long requests
 * are waited for that hold more than their key has left.
 */
export const consistencyMs = { read: 4_000, list: 15_000, listAfterLoss: 10_000, held: 5_000 };

/** Looks again and again, until there is something to see or time enough has passed. */
export async function pollUntil<T>(
  budget: Budget,
  patienceMs: number,
  why: string,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (let waited = 0, wait = 250; ; waited += wait, wait = Math.min(2 * wait, 2_000)) {
    const seen = await look();
    if (seen !== undefined || waited >= patienceMs || wait > budget.left()) return seen;
    await budget.wait(wait, why);
  }
}
