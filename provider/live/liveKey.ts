import type { CometApi } from "../api/client";
import type { KeyFields, KeyRecord, KeyStatus } from "../api/wire";
import { ProviderError, ResourceInitFailedError } from "../errors";
import { diff } from "../key/diff";
import { same } from "../key/properties";
import { remembered, resolve, stateOf } from "../key/state";
import type { KeyInputs, KeyState, Unfinished } from "../key/types";
import { consistencyMs, pollUntil } from "./pollUntil";
import {
  grantedOf,
  isReached,
  keepGranted,
  type QuotaGoal,
  type QuotaInForce,
  unfinishedQuota,
} from "./quotaGoal";
import { assertPersisted, changedFields, quotaPersisted } from "./verify";
import { writeOnce } from "./writeOnce";

/**
 * The addresses that a key lets in while it is paused for a moment. RFC 5737 keeps this one for documentation: nobody has
 * it. It says whose pause it is, also after the process was killed: a key that somebody else disabled stays disabled.
 */
export const pausedFor = ["192.0.2.0"];

/** One live key under change: what was last seen of it, so that a failure half-way leaves the truth in state. */
export class LiveKey {
  /** Whether the key was changed, or may have been. */
  touched = false;
  /** What is to become of its quota. */
  goal: QuotaGoal;
  /** Whether an update may enable a key that is disabled: its preview must have said so. */
  mayEnable = false;
  /** Whether it gets its quota anew because a period has begun. */
  renews = false;
  /** Whether the server has been seen to take a status only by itself, as New API does. */
  putIgnoresStatus = false;
  /** The mark of a key that was adopted. */
  adopted: string | undefined;
  /** The ids of duplicates that are not deleted yet. */
  extras: string[] = [];

  constructor(
    readonly api: CometApi,
    public record: KeyRecord,
  ) {
    this.goal = keepGranted(record);
  }

  async refresh(): Promise<void> {
    const now = await this.api.find(this.record.id, this.record.userId);
    if (now === undefined) throw gone();
    this.record = now;
  }

  /**
   * Looks until what was written last shows: a read that lags behind must not pass for the truth.
   *
   * @param before the key as it was before that
   */
  async refreshUntilWritten(before: KeyRecord, written: KeyFields): Promise<void> {
    const { status } = this.record;
    await pollUntil(this.api.budget, consistencyMs.read, "the update does not show yet", async () => {
      await this.refresh();
      const { record, goal } = this;
      const quotaShows = isReached(goal, record) || grantedOf(record) !== grantedOf(before);
      const shows = quotaShows && changedFields(record, written).length === 0 && this.statusInForce(status);
      return shows ? true : undefined;
    });
  }

  /** One full update, seen through: answered or looked up, compared with what was sent, its status in force. */
  async write(status: KeyStatus, fields: KeyFields): Promise<void> {
    const before = this.record;
    await this.send(status, fields, false);
    assertPersisted(this.record, fields, before.usedQuota, this.api);
    // Somebody disabled it between the look and the write.
    const isDisabledMeanwhile = before.status !== "disabled" && this.record.status === "disabled";
    if (this.statusInForce(status) || (isDisabledMeanwhile && status !== "disabled")) return;
    this.putIgnoresStatus = true;
    await this.setStatus(status, { ...fields, remainQuota: this.record.remainQuota });
  }

  /**
   * Has a status put in force, in the way of New API, which takes one only by itself.
   *
   * @param fields go along for a server that does not know that way, and are written there
   */
  async setStatus(status: KeyStatus, fields: KeyFields): Promise<void> {
    // An overdrawn key is refused even where only the status is taken.
    await this.send(status, { ...fields, remainQuota: Math.max(0, fields.remainQuota) }, true);
    if (!this.statusInForce(status)) {
      throw new ProviderError(
        `CometAPI did not keep the status: sent "${status}", stored "${this.record.status}". Run \`pulumi up\` again; if it ` +
          "says the same, this server cannot enable or disable keys",
      );
    }
  }

  /** Expired or exhausted: CometAPI said so when the key was last used. */
  isSpent(): boolean {
    return this.record.status === "expired" || this.record.status === "exhausted";
  }

  /** Whether the key would work if it were enabled. */
  couldServe(): boolean {
    return this.notExpired() && (this.record.unlimitedQuota || this.record.remainQuota > 0);
  }

  /** Whether the key is disabled only until an update is through. */
  isPaused(): boolean {
    return this.record.status === "disabled" && same("allowIps", this.record.allowIps, pausedFor);
  }

  /** Whether somebody has disabled the key, and no preview has said that it is to be enabled. */
  staysDisabled(): boolean {
    return this.record.status === "disabled" && !this.mayEnable && !this.isPaused();
  }

  /** What to send for a wanted status. A spent key cannot be called enabled before what it lacks was written. */
  statusFor(wanted: "enabled" | "disabled"): KeyStatus {
    return wanted === "enabled" && (this.isSpent() || this.staysDisabled()) ? this.record.status : wanted;
  }

  /** What the next update must know, if this one ends here. */
  unfinished(): Unfinished {
    const { goal, record, extras } = this;
    const quota = unfinishedQuota(goal, record);
    return extras.length > 0 ? { ...quota, extras } : quota;
  }

  private async send(status: KeyStatus, fields: KeyFields, statusOnly: boolean): Promise<void> {
    const { record: before } = this;
    this.record = await writeOnce<KeyRecord>(this.api.budget, {
      send: () => this.api.update(before, status, fields, { statusOnly }),
      observe: async () => {
        this.touched = true;
        await this.refresh();
        const done = statusOnly ? this.statusInForce(status) : this.tookEffect(fields, before);
        return done ? this.record : undefined;
      },
    });
    this.touched = true;
  }

  /** Whether an unanswered full update took effect. */
  private tookEffect(fields: KeyFields, before: KeyRecord): boolean {
    const { record } = this;
    if (changedFields(record, fields).length > 0) return false;
    if (fields.unlimitedQuota || fields.remainQuota === before.remainQuota) return true;
    if (record.remainQuota === fields.remainQuota) return true;
    // Only a write changes the sum of what is left and what is used.
    const isWritten = grantedOf(record) !== grantedOf(before);
    return isWritten && quotaPersisted(record, fields.remainQuota, before.usedQuota);
  }

  /** Whether a status is in force. What a key has become by being used is not for an update to change. */
  private statusInForce(status: KeyStatus): boolean {
    const { record } = this;
    if (status === "disabled") return record.status === "disabled";
    if (status !== "enabled" || record.status === "enabled") return true;
    if (record.status === "exhausted") return !record.unlimitedQuota && record.remainQuota <= 0;
    return record.status === "expired" && !this.notExpired();
  }

  /** Whether the expiry lies ahead. */
  private notExpired(): boolean {
    const { expiredTime } = this.record;
    return expiredTime === -1 || expiredTime * 1000 > this.api.budget.clock.now();
  }
}

/**
 * The state after `work`, or, when it fails with the key already touched, an error that carries the state reached.
 *
 * @param before the quota in force until `work` has written the new one
 */
export async function captureState(
  live: LiveKey,
  inputs: KeyInputs,
  before: QuotaInForce,
  work: () => Promise<void>,
): Promise<KeyState> {
  const { adopted: __adopted } = live;
  const known = {
    ...resolve(inputs),
    ...remembered(inputs),
    ...(__adopted !== undefined && { __adopted }),
  };
  try {
    await work();
    const state = { ...stateOf(live.record, known), ...leftDisabled(live, known.status) };
    // The engine compares inputs alone: what the key does not show after all must be marked, or it stays so for good.
    return diff(state, inputs).changed ? { ...state, __unfinished: live.unfinished() } : state;
  } catch (error) {
    if (!live.touched || !(error instanceof Error)) throw error;
    const isWritten = live.goal.kind === "keep" || isReached(live.goal, live.record);
    const state = stateOf(live.record, { ...known, ...(!isWritten && before) });
    throw new ResourceInitFailedError(
      live.record.id,
      { ...state, ...leftDisabled(live, known.status), __unfinished: live.unfinished() },
      error,
    );
  }
}

/** Keeps in mind that no preview has shown yet that the key is disabled. */
function leftDisabled(live: LiveKey, wanted: KeyStatus): Pick<KeyState, "__leftDisabled"> {
  return wanted === "enabled" && live.staysDisabled() ? { __leftDisabled: true } : {};
}

export function gone(): ProviderError {
  return new ProviderError(
    "the key is no longer in the account: it was deleted outside Pulumi. Run `pulumi refresh` to drop it from the " +
      "stack; the next `pulumi up` creates a new one",
  );
}
