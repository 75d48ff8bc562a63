/** CometAPI answered, and the answer is no: asking again would get the same no. */
export class Refused extends Error {
  constructor(
    /** CometAPI's own words, in whatever language it chose: to be shown, never to be decided on. */
    readonly answer: string,
    readonly httpStatus: number,
  ) {
    super(
      httpStatus === 200 ? `CometAPI refused: ${answer}` : `CometAPI refused (HTTP ${httpStatus}): ${answer}`,
    );
  }
}

/** No answer that can be believed: the connection failed, or what came back is not what CometAPI sends. */
export class NoAnswer extends Error {
  /** Whether the server may have carried out the request all the same. */
  readonly mayHaveActed: boolean;
  /** Whether the retry policy lets a repeatable request be sent again. */
  readonly retry: boolean;
  /** How long the server asked to be left alone, if it did. */
  readonly retryAfterMs: number | undefined;
  /** Nobody could be reached at all: tried again less often than a server that is there but troubled. */
  readonly unreachable: boolean;

  constructor(
    message: string,
    traits: {
      mayHaveActed: boolean;
      retry: boolean;
      retryAfterMs?: number | undefined;
      unreachable?: boolean;
    },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.mayHaveActed = traits.mayHaveActed;
    this.retry = traits.retry;
    this.retryAfterMs = traits.retryAfterMs;
    this.unreachable = traits.unreachable ?? false;
  }
}
