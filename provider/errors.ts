import type { KeyState } from "./key/types";

/** CometAPI did answer, but what is asked cannot be had: told as it is, without a stack trace. */
export class ProviderError extends Error {}

/** The key exists, but is not yet what was declared. Carries what is known, so that the next `up` can finish it. */
export class ResourceInitFailedError extends Error {
  constructor(
    readonly id: string,
    readonly state: KeyState,
    cause: Error,
  ) {
    super(cause.message, { cause });
  }
}
