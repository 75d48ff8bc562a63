import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../provider/api/clock";
import type { CometServer } from "../server";

/** So many turns of the event loop without a request show that everybody waits. */
const quietTurns = 10;

/**
 * The server's clock for a provider that does many things at once: time stands still while anything is under way, and
 * jumps to the next waking when all of them sleep.
 */
export class IdleClock implements Clock {
  private readonly sleepers: { at: number; wake(): void }[] = [];
  private underWay = 0;
  private moves = 0;
  private isDriving = false;
  private readonly began = () => {
    this.underWay++;
    this.moves++;
  };
  private readonly ended = () => {
    this.underWay--;
    this.moves++;
  };

  constructor(private readonly server: CometServer) {
    subscribe("undici:request:create", this.began);
    subscribe("undici:request:trailers", this.ended);
    subscribe("undici:request:error", this.ended);
  }

  close(): void {
    unsubscribe("undici:request:create", this.began);
    unsubscribe("undici:request:trailers", this.ended);
    unsubscribe("undici:request:error", this.ended);
  }

  now(): number {
    return this.server.now();
  }

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.sleepers.push({ at: this.now() + ms, wake });
      this.moves++;
      if (!this.isDriving) void this.drive();
    });
  }

  private async drive(): Promise<void> {
    this.isDriving = true;
    while (this.sleepers.length > 0) {
      for (let quiet = 0, seen = this.moves; quiet < quietTurns; quiet++) {
        await setImmediate();
        if (this.underWay > 0 || this.moves !== seen) quiet = 0;
        seen = this.moves;
      }
      this.sleepers.sort((one, other) => one.at - other.at);
      const next = this.sleepers.shift();
      if (next === undefined) break;
      this.server.setTime(Math.max(next.at, this.now()));
      next.wake();
      this.moves++;
    }
    this.isDriving = false;
  }
}
