import { type Fault, type Matcher, matches } from "./faults";
import type { ApiRequest } from "./http";

/** A fault hung on the server. */
export interface HungFault {
  /** How many requests it has hit. */
  readonly hits: number;
  remove(): void;
}

interface ArmedFault {
  matcher: Matcher;
  fault: Fault;
  times: number;
  seen: number;
  hits: number;
}

/** The faults that wait for their requests, oldest first. */
export class ArmedFaults {
  readonly #armed: ArmedFault[] = [];

  arm(matcher: Matcher, fault: Fault, times: number): HungFault {
    const armed: ArmedFault = { matcher, fault, times, seen: 0, hits: 0 };
    this.#armed.push(armed);
    return {
      get hits() {
        return armed.hits;
      },
      remove: () => this.#disarm(armed),
    };
  }

  /** The fault for this request, which counts as hit. */
  next(request: ApiRequest): Fault | undefined {
    for (const armed of this.#armed) {
      if (!matches(armed.matcher, request) || ++armed.seen < (armed.matcher.nth ?? 1)) continue;
      if (++armed.hits >= armed.times) this.#disarm(armed);
      return armed.fault;
    }
    return undefined;
  }

  #disarm(armed: ArmedFault): void {
    const index = this.#armed.indexOf(armed);
    if (index >= 0) this.#armed.splice(index, 1);
  }
}
