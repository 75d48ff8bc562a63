import { Impossible } from "./errors";
import { fieldsOf, type ResolvedKey } from "./key";
import type { LiveKey } from "./write";

/** Corrections made while the key goes on serving. One that is used all the time is never caught standing still. */
const correctionsInFlight = 4;
/** A key that is used on and on although it is disabled: some servers notice late. */
const correctionsAtMost = 12;

/**
 * Takes back what an update gave away. An update can only set what is left, not leave it alone, so what was used
 * between reading and writing it has been granted a second time. What was granted in all must stay the same: the
 * difference is taken off again, and as that too is a write, until a look finds none. A key too busy for that is
 * disabled for the moment of the last correction.
 */
export async function holdQuota(live: LiveKey, granted: number, want: ResolvedKey): Promise<void> {
  let paused = false;
  for (let corrections = 0; ; corrections++) {
    await live.look();
    const excess = live.granted - granted;
    if (excess <= 0 || live.record.remainQuota <= 0) break;
    if (corrections === correctionsAtMost) {
      await live.write("enabled", fieldsOf(want, live.record.remainQuota));
      throw new Impossible(
        `the key is used so much, even while disabled, that its quota cannot be kept exact: it has ${excess} units more than it should`,
      );
    }
    if (corrections === correctionsInFlight) {
      live.api.budget.tell(
        `the key "${want.name}" is in use all the time; it is disabled for a moment so that its quota can be kept exact`,
      );
      paused = true;
    }
    const left = Math.max(0, granted - live.record.usedQuota);
    await live.write(paused ? "disabled" : live.statusFor("enabled"), fieldsOf(want, left));
  }
  if (paused) await live.write("enabled", fieldsOf(want, live.record.remainQuota));
}
