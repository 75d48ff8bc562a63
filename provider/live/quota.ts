import { RefusedError } from "../api/errors";
import type { KeyRecord, KeyStatus } from "../api/wire";
import { ProviderError } from "../errors";
import { fieldsOf } from "../key/state";
import type { ResolvedKey } from "../key/types";
import { type LiveKey, pausedFor } from "./liveKey";
import { consistencyMs, pollUntil } from "./pollUntil";
import {
  grantedOf,
  isOverdrawn,
  isReached,
  keepGranted,
  type QuotaGoal,
  remainingToWrite,
} from "./quotaGoal";

/** Corrections made while the key goes on serving. One that is used all the time is never caught standing still. */
const correctionsInFlight = 4;
/** Below this part of its grant, a key may run out during the update and then spend what the update writes back. */
const nearlyEmpty = 0.1;
/**
 * Corrections after that, with waits in between that double: the requests under way of a paused key still give back what
 * they hold, and some servers notice late that it is paused. 13 seconds in all.
 */
const correctionsWaiting = { atMost: 12, firstWaitMs: 50, longestWaitMs: 2_000 };
/** Writes what is declared, and brings the quota to the key's goal. */
export async function writeFields(live: LiveKey, want: ResolvedKey): Promise<void> {
  const { goal } = live;
  const { usedQuota } = live.record;
  if (goal.kind !== "assign") return writeKeeping(live, want, isNearlyEmpty(live, want));
  await live.write(live.statusFor(want.status), fieldsOf(want, goal.quota));
  const isAssigned = want.unlimitedQuota || live.record.remainQuota === goal.quota;
  live.goal = isAssigned ? keepGranted(live.record) : { kind: "keep", granted: goal.quota + usedQuota };
  if (!isAssigned) await writeKeeping(live, want, false);
}

/** Enables a key that has got what it lacked. */
export async function enable(live: LiveKey, want: ResolvedKey): Promise<void> {
  await writeKeeping(live, want, false, "enabled");
}

async function writeKeeping(
  live: LiveKey,
  want: ResolvedKey,
  paused: boolean,
  status?: KeyStatus,
): Promise<void> {
  const before = live.record;
  try {
    await write(live, want, paused, status);
    if (!want.unlimitedQuota) await correct(live, want, before, paused);
  } catch (error) {
    await resume(live, want);
    throw error;
  }
}

/**
 * Looks whether what was granted in all is what it is to be, and corrects it until a look finds that. While the key is
 * read and written it goes on being used: what use takes in between is granted a second time by the write, and what it
 * gives back in between is lost by it. A key too busy for that is paused for the last correction.
 *
 * @param before the key as it was before the last write
 */
async function correct(
  live: LiveKey,
  want: ResolvedKey,
  before: KeyRecord,
  pausedBefore: boolean,
): Promise<void> {
  let [written, paused] = [before, pausedBefore];
  let [pauses, corrections, waits] = [paused ? 1 : 0, 0, 0];
  const sent = () => fieldsToSend(live, want, paused);
  const send = async () => {
    written = live.record;
    await write(live, want, paused);
  };
  for (;;) {
    if (await isSettled(live, written, sent())) {
      if (!paused) return;
      // First the status, where it takes a request of its own: at every moment the addresses then say whose pause it is.
      // But a server that does not look at addresses lets the key be used in between.
      if (live.putIgnoresStatus && pauses === 1) await live.setStatus("enabled", sent());
      paused = false;
      await send();
      continue;
    }
    // At this pace the key may run out before it is corrected, and what was granted twice be spent.
    const pace = Math.abs(live.record.usedQuota - written.usedQuota);
    const runsOut = remainingToWrite(live.goal, live.record) <= correctionsInFlight * pace;
    const isBusy = ++corrections > correctionsInFlight || runsOut;
    if (isBusy && !paused && live.record.status === "enabled") {
      paused = true;
      pauses++;
      live.api.budget.info(
        `the key "${want.name}" is in use all the time: it is paused for a moment, so that its quota can be kept exact`,
      );
    } else if (paused || isBusy) await awaitStandstill(live, ++waits);
    await send();
  }
}

/** Whether what was written shows, and with it the quota that is to be. */
async function isSettled(
  live: LiveKey,
  written: KeyRecord,
  sent: ReturnType<typeof fieldsOf>,
): Promise<boolean> {
  if (!isReached(live.goal, live.record)) return false;
  await live.refreshUntilWritten(written, sent);
  await awaitHeld(live);
  live.goal = withGrantOfOthers(live.goal, written, live.record);
  return isReached(live.goal, live.record);
}

/**
 * Takes up what somebody else granted, or took away, in the console. While a key is used that cannot be told from what
 * the update itself did, and is corrected like it.
 */
function withGrantOfOthers(goal: QuotaGoal, written: KeyRecord, seen: KeyRecord): QuotaGoal {
  const unused = seen.usedQuota === written.usedQuota;
  const shown = grantedOf(seen) !== grantedOf(written);
  return goal.kind === "keep" && unused && shown ? keepGranted(seen) : goal;
}

async function write(live: LiveKey, want: ResolvedKey, paused: boolean, status?: KeyStatus): Promise<void> {
  const fields = fieldsToSend(live, want, paused);
  const sent = paused ? "disabled" : (status ?? live.statusFor(want.status));
  try {
    await live.write(sent, fields);
  } catch (error) {
    // The last request of a key may overdraw it, and some servers take no number below 0 back. It is used up either way.
    if (!(error instanceof RefusedError) || fields.remainQuota >= 0) throw error;
    await live.write(sent, { ...fields, remainQuota: 0 });
  }
}

function fieldsToSend(live: LiveKey, want: ResolvedKey, paused: boolean) {
  const left = want.unlimitedQuota ? live.record.remainQuota : remainingToWrite(live.goal, live.record);
  return fieldsOf(paused ? { ...want, allowIps: pausedFor } : want, left);
}

/** @param nth which of these corrections is due */
async function awaitStandstill(live: LiveKey, nth: number): Promise<void> {
  const { atMost, firstWaitMs, longestWaitMs } = correctionsWaiting;
  if (nth > atMost) throw tooBusy();
  if (nth === 1) return;
  await live.api.budget.wait(
    Math.min(longestWaitMs, firstWaitMs * 2 ** (nth - 2)),
    "the key is still in use",
  );
  await live.refresh();
}

/** A key that has used more than it was granted may only hold that for requests under way, and get some of it back. */
async function awaitHeld(live: LiveKey): Promise<void> {
  if (!isOverdrawn(live.goal, live.record)) return;
  await pollUntil(live.api.budget, consistencyMs.held, "the key has used more than it has", async () => {
    await live.refresh();
    return isOverdrawn(live.goal, live.record) ? undefined : true;
  });
}

function isNearlyEmpty({ goal, record }: LiveKey, want: ResolvedKey): boolean {
  if (record.status !== "enabled" || want.status !== "enabled" || want.unlimitedQuota) return false;
  const left = remainingToWrite(goal, record);
  // What an overdrawn key gets back while it is updated is not all its own: some servers take no number below 0.
  return isOverdrawn(goal, record) || (left > 0 && left <= (left + record.usedQuota) * nearlyEmpty);
}

/** A failed update must not leave the key out of service. */
async function resume(live: LiveKey, want: ResolvedKey): Promise<void> {
  if (!live.isPaused()) return;
  try {
    await live.setStatus("enabled", fieldsToSend(live, want, true));
    await write(live, want, false);
  } catch {
    live.api.budget.info(`the key "${want.name}" is still paused; the next \`pulumi up\` enables it`);
  }
}

function tooBusy(): ProviderError {
  return new ProviderError(
    "the key is used so much, even while it is paused, that its quota cannot be kept exact. Stop what uses it, then run " +
      "`pulumi up` again",
  );
}
