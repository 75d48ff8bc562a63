/** CometAPI answered, and the answer is no: asking again would get the same no. */
export class RefusedError extends Error {
  constructor(
    /** CometAPI's own words, in whatever language it chose: to be shown, never to be decided on. */
    readonly answer: string,
    readonly httpStatus: number,
    /** The name that the refused key had in place of its own, if it did. */
    readonly placeholder?: string,
  ) {
    const status = httpStatus === 200 ? "" : ` (HTTP ${httpStatus})`;
    const name = placeholder === undefined ? "" : ` (for a key that is named "${placeholder}" at first)`;
    super(`CometAPI refused${status}: ${answer}${name}`);
  }

  /** The same refusal, of a key that did not have its own name yet. */
  under(placeholder: string): RefusedError {
    return new RefusedError(this.answer, this.httpStatus, placeholder);
  }
}

interface Traits {
  /** Whether the server may have carried out the request all the same. */
  mayHaveActed: boolean;
  /** Whether the retry policy lets a repeatable request be sent again. */
  retry: boolean;
  /** How long the server asked to be left alone, if it did. */
  retryAfterMs?: number | undefined;
  /** Refused for the moment, because there were too many requests: nothing was done. */
  limited?: boolean;
  /** All the patience there is was spent on it already. */
  final?: boolean;
  /** The operation that asked had no more time, though others may have. */
  outOfTime?: boolean;
  /** Of an answer that did not come from CometAPI. */
  httpStatus?: number;
  /** Nobody could be reached at all: tried again less often than a server that is there but troubled. */
  unreachable?: boolean;
}

/** No answer that can be believed: the connection failed, or what came back is not what CometAPI sends. */
export class NoAnswerError extends Error {
  constructor(
    message: string,
    readonly traits: Traits,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  get mayHaveActed(): boolean {
    return this.traits.mayHaveActed;
  }

  /** The same, with more to say. An error may be shared by operations, so it is never changed. */
  adding(text: string): NoAnswerError {
    return new NoAnswerError(`${this.message} ${text}`, this.traits, { cause: this.cause });
  }

  /** The same, of a request that only prepares a write: that was not sent. */
  beforeWrite(): NoAnswerError {
    return new NoAnswerError(this.message, { ...this.traits, mayHaveActed: false }, { cause: this.cause });
  }

  /** The same, of a request that looks for what was written: that may have been done. */
  afterWrite(): NoAnswerError {
    return new NoAnswerError(this.message, { ...this.traits, mayHaveActed: true }, { cause: this.cause });
  }

  /** The same, not to be tried again by anybody. */
  givingUp(text: string): NoAnswerError {
    return new NoAnswerError(
      `${this.message} ${text}`,
      { ...this.traits, final: true },
      { cause: this.cause },
    );
  }
}

/** What the server answers cannot be used, and asking again would change nothing. */
export function unusable(message: string): NoAnswerError {
  return new NoAnswerError(message, { mayHaveActed: false, retry: false });
}
