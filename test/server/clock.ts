/** What is to happen later, as if at its moment, whenever somebody next looks. */
interface Due {
  readonly at: number;
  /** How many requests must have arrived by then; undefined: time alone decides. */
  readonly requests: number | undefined;
  readonly act: () => void;
}

/** The server's clock in Unix milliseconds: what `now` says, moved by whatever the tests have advanced. */
export class Clock {
  #moved = 0;
  #requests = 0;
  #agenda: Due[] = [];
  /** The moment of the act that is being caught up with. */
  #moment: number | undefined;

  constructor(private readonly base: () => number = Date.now) {}

  now = (): number => this.#moment ?? this.base() + this.#moved;

  /** Unix seconds, as every `*_time` field of the API (S). */
  seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  advance(ms: number): void {
    this.#moved += ms;
  }

  setTime(ms: number): void {
    this.#moved = ms - this.base();
  }

  countRequest(): void {
    this.#requests++;
  }

  /** Acts once `ms` have passed and `requests` more requests have arrived. No timer: the clock may stand still. */
  later(ms: number, requests: number, act: () => void): void {
    const due = requests > 0 ? this.#requests + requests : undefined;
    this.#agenda.push({ at: this.now() + ms, requests: due, act });
  }

  /** Does whatever has fallen due, in order of time. To be called before anything is read or changed. */
  catchUp(): void {
    if (this.#moment !== undefined) return;
    const now = this.now();
    for (;;) {
      const [next] = this.#agenda
        .filter(({ at, requests = 0 }) => at <= now && requests <= this.#requests)
        .map((due) => ({ due, moment: due.requests === undefined ? due.at : now }))
        .sort((a, b) => a.moment - b.moment);
      if (!next) return;
      this.#agenda.splice(this.#agenda.indexOf(next.due), 1);
      this.#moment = next.moment;
      try {
        next.due.act();
      } finally {
        this.#moment = undefined;
      }
    }
  }
}
