/** At most so many requests in any span of so many milliseconds. */
export interface RateLimit {
  requests: number;
  windowMs: number;
}

/** Limits for each client address; an absent one is no limit. */
export interface RateLimits {
  /** On all of `/api` (N). */
  global?: RateLimit;
  /** Shared by reveals, the usage endpoint, log lookups and logging in (N). */
  critical?: RateLimit;
}

/** Sliding windows: the requests that each address was recently served. Refused requests do not count (N). */
export class Windows {
  readonly #served = new Map<string, number[]>();

  /** Whether one more request fits every given limit; only then does it count. */
  admit(address: string, now: number, limits: RateLimits): boolean {
    const windows = Object.entries(limits).flatMap(([name, limit]: [string, RateLimit | undefined]) =>
      limit ? [{ limit, served: this.#recent(`${name} ${address}`, now - limit.windowMs) }] : [],
    );
    if (windows.some(({ limit, served }) => served.length >= limit.requests)) return false;
    for (const { served } of windows) served.push(now);
    return true;
  }

  #recent(id: string, since: number): number[] {
    const served = (this.#served.get(id) ?? []).filter((at) => at > since);
    this.#served.set(id, served);
    return served;
  }
}
