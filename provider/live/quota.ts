import { RefusedError } from "../api/errors";
import type { KeyStatus } from "../api/wire";
import { ProviderError } from "../errors";
import { fieldsOf, keepsTotal, leftOf } from "../key/state";
import type { ResolvedKey } from "../key/types";
import type { LiveKey } from "./liveKey";

/** Corrections made while the key goes on serving. One that is used all the time is never caught standing still. */
const correctionsInFlight = 4;
/** The part of what was granted below which a key may run out while it is updated, and be used once more on what is written back. */
const nearlyEmpty = 0.1;
/** A key that is used on and on although it is disabled: some servers notice late. */
const correctionsAtMost = 12;

/**
 * Writes everything but the quota, which stays as it is, or becomes what is left of a declared total. An update cannot
 * leave it alone, only set what is left: what is used between reading and writing it is granted a second time, and has
 * to be taken back. On a key that then runs out it would be spent before that, so one that has little left is disabled
 * first.
 */
export async function writeKeepingQuota(live: LiveKey, want: ResolvedKey): Promise<void> {
  const { usedQuota, status } = live.record;
  const mayBeUsed = status === "enabled" && !want.unlimitedQuota;
  try {
    const left = remainingToWrite(live);
    let writeAs = live.statusFor(want.status);
    const nearlyUsedUp = left > 0 && left <= (live.totalQuota ?? live.granted) * nearlyEmpty;
    if (mayBeUsed && want.status === "enabled" && nearlyUsedUp) {
      await live.setStatus("disabled", fieldsOf(want, left));
      await live.refresh();
      writeAs = "disabled";
    }
    await writeLeftOver(live, writeAs, want);
    // What is left of a total shows by itself whether the key was used, even one that is only just disabled.
    const missed = live.totalQuota !== undefined && !keepsTotal(live.record, live.totalQuota);
    if (mayBeUsed || missed) await revokeDoubleGrants(live, usedQuota, want);
  } catch (error) {
    if (mayBeUsed && isPaused(live, want)) await resume(live, want);
    throw error;
  }
}

async function writeLeftOver(live: LiveKey, status: KeyStatus, want: ResolvedKey): Promise<void> {
  const left = remainingToWrite(live);
  try {
    await live.write(status, fieldsOf(want, left));
  } catch (error) {
    // The last request of a key may overdraw it, and some servers take no number below 0 back. It is used up either way.
    if (!(error instanceof RefusedError) || left >= 0) throw error;
    await live.write(status, fieldsOf(want, 0));
  }
}

/**
 * Takes back what was granted twice. As that too is a write, it goes on until a look finds nothing. A key too busy
 * for that is disabled for the moment of the last correction.
 *
 * @param usedBefore what had been used when what is left was read
 */
export async function revokeDoubleGrants(
  live: LiveKey,
  usedBefore: number,
  want: ResolvedKey,
): Promise<void> {
  let used = usedBefore;
  let corrections = 0;
  let paused = isPaused(live, want);
  let settled = false;
  const write = async (status: KeyStatus, left: number) => {
    used = live.record.usedQuota;
    settled = false;
    await live.write(status, fieldsOf(want, left));
  };
  while (!settled || paused) {
    const left = live.record.remainQuota;
    const due = correctedRemaining(live, used);
    if (due !== left) {
      if (++corrections > correctionsAtMost) break;
      if (corrections > correctionsInFlight && want.status === "enabled" && !paused) {
        paused = true;
        live.api.budget.info(
          `the key "${want.name}" is in use all the time: it is disabled for a moment, so that its quota can be kept exact`,
        );
      }
      await write(paused ? "disabled" : live.statusFor(want.status), due);
    } else if (!settled) {
      await live.refreshUntilWritten(paused ? "disabled" : live.statusFor(want.status), fieldsOf(want, left));
      settled = correctedRemaining(live, used) === live.record.remainQuota;
    } else {
      paused = false;
      await write("enabled", left);
    }
  }
  if (!settled) {
    throw new ProviderError(
      "the key is used so much, even while it is disabled, that its quota cannot be kept exact",
    );
  }
}

/**
 * What is to be left after an update: less than there is, where some was granted twice, because it was used in between.
 * What is granted beyond that somebody else granted, and stays, unless a total is declared.
 */
function correctedRemaining(live: LiveKey, used: number): number {
  const { record, totalQuota } = live;
  if (totalQuota !== undefined) {
    return keepsTotal(record, totalQuota) ? record.remainQuota : leftOf(totalQuota, record.usedQuota);
  }
  const spent = Math.max(0, record.usedQuota - used);
  live.granted = Math.max(live.granted, live.total - spent);
  return Math.min(record.remainQuota, leftOf(live.granted, record.usedQuota));
}

/** What is left of what was granted: less than the key has, if an update that failed gave some away. */
function remainingToWrite({ record, total, granted, totalQuota }: LiveKey): number {
  if (totalQuota !== undefined) return leftOf(totalQuota, record.usedQuota);
  return record.remainQuota - Math.max(0, total - granted);
}

/** Whether the key is disabled only for the time of this update. */
function isPaused(live: LiveKey, want: ResolvedKey): boolean {
  return want.status === "enabled" && live.record.status === "disabled";
}

/** A failed update must not leave the key out of service. */
async function resume(live: LiveKey, want: ResolvedKey): Promise<void> {
  await live.setStatus("enabled", fieldsOf(want, live.record.remainQuota)).catch(() => {
    live.api.budget.info(`the key "${want.name}" is still disabled; the next \`pulumi up\` enables it`);
  });
}
