import { EventEmitter } from "node:events";
import type { LoggedRequest } from "./faults";

type Moment = "received" | "finished";
type Predicate = (request: LoggedRequest) => boolean;

/** Every request since the start or the last clearing, and those who wait for one. */
export class RequestLog {
  readonly requests: LoggedRequest[] = [];
  readonly #events = new EventEmitter().setMaxListeners(0);

  add(request: LoggedRequest): void {
    this.requests.push(request);
  }

  announce(moment: Moment, request: LoggedRequest): void {
    this.#events.emit(moment, request);
  }

  on(moment: Moment, listener: (request: LoggedRequest) => void): void {
    this.#events.on(moment, listener);
  }

  /** The first logged or coming request that matches, once it has come to this moment. */
  first(moment: Moment, predicate: Predicate): Promise<LoggedRequest> {
    const known = this.requests.find(
      (request) => (moment === "received" || request.finishedAt !== undefined) && predicate(request),
    );
    if (known) return Promise.resolve(known);
    return new Promise((resolve) => {
      const listener = (request: LoggedRequest) => {
        if (!predicate(request)) return;
        this.#events.off(moment, listener);
        resolve(request);
      };
      this.#events.on(moment, listener);
    });
  }
}
