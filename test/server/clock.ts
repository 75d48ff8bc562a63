/** The server's clock in Unix milliseconds: what `now` says, moved by whatever the tests have advanced. */
export class Clock {
  #moved = 0;

  constructor(private readonly base: () => number = Date.now) {}

  now = (): number => this.base() + this.#moved;

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
}
