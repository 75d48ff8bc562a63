import type { KeyState } from "./key/types";

/** A foreseen failure that is not about the connection. It is reported without a stack trace. */
export class ProviderError extends Error {}

/** The key exists, but is not yet as declared. Carries the state reached, so that the next `up` can finish it. */
export class ResourceInitFailedError extends Error {
  constructor(
    readonly id: string,
    readonly state: KeyState,
    cause: Error,
  ) {
    super(cause.message, { cause });
  }
}

/** Why a key is in state that is not as declared. State holds it in plain text, so it quotes no value. */
export const unfinishedReason =
  "the key exists, but is not yet as declared. The error that this run printed says why; the next `pulumi up` finishes it";
