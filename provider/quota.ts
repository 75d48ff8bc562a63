import { Refused } from "./api/errors";
import type { KeyStatus } from "./api/wire";
import { Impossible } from "./errors";
import { fieldsOf, type ResolvedKey } from "./key";
import type { LiveKey } from "./write";

/** Corrections made while the key goes on serving. One that is used all the time is never caught standing still. */
const correctionsInFlight = 4;
/** The part of what was granted below which a key may run out while it is updated, and be used once more on what is written back. */
const nearlyEmpty = 0.1;
/** A key that is used on and on although it is disabled: some servers notice late. */
const correctionsAtMost = 12;

/**
 * Takes back what an update gave away. An update can only set what is left, not leave it alone, so what was used
 * between reading and writing it has been granted a second time. What was granted in all must stay the same: the
 * difference is taken off again, and as that too is a write, until a look finds none. A key too busy for that is
 * disabled for the moment of the last correction.
 */
async function holdQuota(live: LiveKey, usedBefore: number, want: ResolvedKey): Promise<void> {
  const { budget } = live.api;
  let used = usedBefore;
  let corrections = 0;
  let paused = live.record.status === "disabled" && want.status === "enabled";
  let settled = false;
  const write = async (status: KeyStatus, left: number) => {
    used = live.record.usedQuota;
    settled = false;
    await live.write(status, fieldsOf(want, left));
  };
  try {
    while (!settled || paused) {
      const excess = excessOf(live, used);
      const left = live.record.remainQuota;
      if (excess > 0) {
        if (++corrections > correctionsAtMost) break;
        if (corrections > correctionsInFlight && want.status === "enabled" && !paused) {
          paused = true;
          budget.tell(
            `the key "${want.name}" is in use all the time: it is disabled for a moment, so that its quota can be kept exact`,
          );
        }
        await write(paused ? "disabled" : live.statusFor(want.status), Math.max(0, left - excess));
      } else if (!settled) {
        await live.lookAgain(paused ? "disabled" : live.statusFor(want.status), fieldsOf(want, left));
        settled = excessOf(live, used) === 0;
      } else {
        paused = false;
        await write("enabled", left);
      }
    }
    if (paused) await write("enabled", live.record.remainQuota);
  } catch (error) {
    if (paused) budget.tell(`the key "${want.name}" is still disabled; the next \`pulumi up\` enables it`);
    throw error;
  }
  if (!settled) {
    throw new Impossible(
      "the key is used so much, even while it is disabled, that its quota cannot be kept exact",
    );
  }
}

/**
 * Writes everything but the quota, which stays as it is. An update writes back what was left: on a key that then
 * runs out that is spent before it can be taken back, so one that has little left is disabled first.
 */
export async function writeKeepingQuota(live: LiveKey, want: ResolvedKey): Promise<void> {
  const { remainQuota, usedQuota, status } = live.record;
  const left = remainQuota - Math.max(0, live.total - live.granted);
  const mayBeUsed = status === "enabled" && !want.unlimitedQuota;
  let wanted = live.statusFor(want.status);
  if (mayBeUsed && wanted === "enabled" && left > 0 && left <= live.granted * nearlyEmpty) {
    await live.setStatus("disabled", fieldsOf(want, left));
    await live.look();
    wanted = "disabled";
  }
  const rest = live.record.remainQuota - Math.max(0, live.total - live.granted);
  try {
    await live.write(wanted, fieldsOf(want, rest));
  } catch (error) {
    // The last request of a key may overdraw it, and some servers take no number below 0 back. It is used up either way.
    if (!(error instanceof Refused) || rest >= 0) throw error;
    await live.write(wanted, fieldsOf(want, 0));
  }
  if (mayBeUsed) await holdQuota(live, usedQuota, want);
}

/** What was granted twice, because it was used in between. What is granted beyond that was granted by somebody else, who keeps it. */
function excessOf(live: LiveKey, used: number): number {
  const spent = Math.max(0, live.record.usedQuota - used);
  live.granted = Math.max(live.granted, live.total - spent);
  return live.record.remainQuota > 0 ? Math.max(0, live.total - live.granted) : 0;
}
