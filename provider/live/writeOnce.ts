import { NoAnswerError } from "../api/errors";
import type { Budget } from "../api/retry";
import { ProviderError } from "../errors";

/** A write that must take effect once, although its answer may get lost. */
export interface Write<T> {
  /** Sends it. Undefined if the answer does not say what came of it, so that this must be looked up. */
  send(): Promise<T | undefined>;
  /**
   * Looks for its effect. Undefined if there is none to be seen.
   *
   * @param unanswered whether an answer is missing, so that there may never be an effect
   */
  observe(unanswered: boolean): Promise<T | undefined>;
  /** Whether it may have taken effect in spite of an error. Default: an unanswered request, if it may have been acted on. */
  mayHaveHappened?(error: unknown): boolean;
  /** The error if it was answered with a yes, and no effect can be seen. */
  unseen?: string;
}

/**
 * Writes; if unanswered, looks; and sends again only what certainly did not happen, or was looked for in vain. A write
 * that cannot be looked for is never sent again: it might take effect twice.
 */
export async function writeOnce<T>(budget: Budget, write: Write<T>): Promise<T> {
  const { send, observe, mayHaveHappened = isUnanswered, unseen = "the answer says too little" } = write;
  let sentBefore = false;
  let lost: unknown;
  const attempt = async (): Promise<T> => {
    lost = undefined;
    try {
      const answered = await send();
      if (answered !== undefined) return answered;
    } catch (error) {
      // A refusal of the second attempt says nothing about the first one, which may have arrived late.
      sentBefore ||= mayHaveHappened(error);
      if (!sentBefore) throw error;
      lost = error;
    }
    const seen = await observe(lost !== undefined).catch((error: unknown) => {
      // The request that failed has changed nothing, but the error is about the write.
      throw error instanceof NoAnswerError ? error.afterWrite() : error;
    });
    if (seen !== undefined) return seen;
    throw lost ?? new ProviderError(unseen);
  };
  return budget.retrying(attempt, (error) => error === lost);
}

/** Whether a request has no answer, and may have been acted on all the same. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof NoAnswerError && error.mayHaveActed;
}
