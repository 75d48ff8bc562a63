import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../provider/api/clock";
import { type Resource, Rig } from "../lifecycle/rig";
import type { CometServer } from "../server";

/**
 * Waiting takes no time, but those who wait together wait together: the one to wake first moves the clock, so
 * 50 waits of a second are one second.
 */
export class SharedClock implements Clock {
  private readonly sleepers: { at: number; wake: () => void }[] = [];
  private pumping = false;

  constructor(private readonly server: CometServer) {}

  now = (): number => this.server.now();

  sleep = (ms: number): Promise<void> =>
    new Promise((wake) => {
      this.sleepers.push({ at: this.now() + ms, wake });
      if (!this.pumping) void this.pump();
    });

  private async pump(): Promise<void> {
    this.pumping = true;
    while (this.sleepers.length > 0) {
      // Requests in flight go first: time that passed meanwhile would be nobody's wait.
      for (let turns = 0; turns < 4; turns++) await setImmediate();
      this.sleepers.sort((one, other) => one.at - other.at);
      const next = this.sleepers.shift();
      this.server.setTime(Math.max(this.now(), next?.at ?? 0));
      next?.wake();
    }
    this.pumping = false;
  }
}

/** A stack of its own: provider process, connections and state, on an account it may share with others. */
export function stack(server: CometServer, clock: Clock, environment: Record<string, string> = {}): Rig {
  const rig = new Rig(server);
  Object.assign(rig.environment, environment);
  rig.clock = clock;
  rig.lifecycle = rig.provider();
  return rig;
}

/** A declaration that nobody else makes, so that a key can be traced to the POST that created it. */
export function marked(marker: number): { remainQuota: number; expiredTime: number } {
  return { remainQuota: marker, expiredTime: 1_900_000_000 + marker };
}

/** Whether a resource holds the very key that its own POST created, known by an expiry that nobody else asked for. */
export function holdsOwn(key: Resource, marker: number): boolean {
  const { createdBy, deletedAt, remain_quota } = key.live;
  const body = createdBy?.body as { expired_time?: number } | undefined;
  const isOwn = body?.expired_time === marked(marker).expiredTime && remain_quota === marker;
  return isOwn && deletedAt === undefined && key.state.key === key.live.key;
}
