import type { CometApi } from "../api/client";
import type { KeyFields, KeyRecord, KeyStatus } from "../api/wire";
import { ProviderError, ResourceInitFailedError } from "../errors";
import { diff } from "../key/diff";
import { remembered, resolve, stateOf } from "../key/state";
import type { KeyInputs, KeyState, Unfinished } from "../key/types";
import { consistencyMs, pollUntil } from "./pollUntil";
import { assertPersisted, changedFields, quotaPersisted } from "./verify";
import { writeOnce } from "./writeOnce";

/** One live key under change: what was last seen of it, so that a failure half-way leaves the truth in state. */
export class LiveKey {
  /** Whether the key was changed, or may have been. */
  touched = false;
  /** The declared quota that is being written, if it is. */
  assigning: number | undefined;
  /** Whether the quota that was last sent is in force. */
  written = false;
  /** What is to remain granted in all: use moves quota from what is left to what is used, and leaves the sum alone. */
  granted: number;
  /** What is to be granted in all because it is declared, whatever was granted before. */
  totalQuota: number | undefined;
  /** The mark of a key that was adopted. */
  adopted: string | undefined;
  /** The ids of keys made by mistake, as long as they are not deleted. */
  extras: string[] = [];

  constructor(
    readonly api: CometApi,
    public record: KeyRecord,
  ) {
    this.granted = this.total;
  }

  /** What was granted in all, by what was last seen. */
  get total(): number {
    return this.record.remainQuota + this.record.usedQuota;
  }

  async refresh(): Promise<void> {
    const now = await this.api.find(this.record.id, this.record.userId);
    if (now === undefined) throw gone();
    this.record = now;
  }

  /** Looks until what was written last shows: a read that lags behind must not pass for the truth. */
  async refreshUntilWritten(status: KeyStatus, written: KeyFields): Promise<void> {
    const { usedQuota } = this.record;
    await pollUntil(this.api.budget, consistencyMs.read, "the update does not show yet", async () => {
      await this.refresh();
      const { record } = this;
      const quotaShows = written.unlimitedQuota || quotaPersisted(record, written.remainQuota, usedQuota);
      const shows =
        record.usedQuota >= usedQuota && quotaShows && changedFields(record, written).length === 0;
      return shows && this.statusInForce(status) ? true : undefined;
    });
  }

  /** One full update, seen through: answered or looked up, compared with what was sent, its status in force. */
  async write(status: KeyStatus, fields: KeyFields): Promise<void> {
    const usedBefore = this.record.usedQuota;
    await this.send(status, fields, false);
    this.written = fields.unlimitedQuota || quotaPersisted(this.record, fields.remainQuota, usedBefore);
    assertPersisted(this.record, fields, usedBefore, (text) => this.api.redact(text));
    if (this.statusInForce(status)) return;
    await this.setStatus(status, { ...fields, remainQuota: this.record.remainQuota });
  }

  /**
   * Has a status put in force, in the way of New API, which takes one only by itself.
   *
   * @param fields go along for a server that does not know that way, and are written there
   */
  async setStatus(status: KeyStatus, fields: KeyFields): Promise<void> {
    await this.send(status, fields, true);
    if (!this.statusInForce(status)) {
      throw new ProviderError(
        `CometAPI did not keep the status: sent "${status}", stored "${this.record.status}"`,
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

  /** What to send for a wanted status. A spent key cannot be called enabled before what it lacks was written. */
  statusFor(wanted: "enabled" | "disabled"): KeyStatus {
    return wanted === "enabled" && this.isSpent() ? this.record.status : wanted;
  }

  /** What the next update must know, if this one ends here. */
  unfinished(): Unfinished {
    const { assigning, totalQuota, written, granted, total, extras } = this;
    const unwritten =
      assigning !== undefined ? { quota: assigning } : totalQuota !== undefined && { totalQuota };
    const quota = unwritten && written ? { granted: total } : { granted, ...unwritten };
    return extras.length > 0 ? { ...quota, extras } : quota;
  }

  private async send(status: KeyStatus, fields: KeyFields, statusOnly: boolean): Promise<void> {
    const { record: before, total } = this;
    this.record = await writeOnce<KeyRecord>(this.api.budget, {
      send: () => this.api.update(before.id, status, fields, { statusOnly }),
      observe: async () => {
        this.touched = true;
        await this.refresh();
        const done = statusOnly ? this.statusInForce(status) : this.tookEffect(fields, before, total);
        return done ? this.record : undefined;
      },
    });
    this.touched = true;
  }

  /** Whether a full update whose answer was lost took effect. */
  private tookEffect(fields: KeyFields, before: KeyRecord, totalBefore: number): boolean {
    if (changedFields(this.record, fields).length > 0) return false;
    if (fields.unlimitedQuota || fields.remainQuota === before.remainQuota) return true;
    return this.total !== totalBefore && quotaPersisted(this.record, fields.remainQuota, before.usedQuota);
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
 * @param quotaBefore the declared quota in force until `work` has written the new one
 */
export async function captureState(
  live: LiveKey,
  inputs: KeyInputs,
  quotaBefore: number | undefined,
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
    const state = stateOf(live.record, known);
    // The engine compares inputs alone: what the key does not show after all must be marked, or it stays so for good.
    return diff(state, inputs).changed ? { ...state, __unfinished: live.unfinished() } : state;
  } catch (error) {
    if (!live.touched || !(error instanceof Error)) throw error;
    const remainQuota = live.written ? known.remainQuota : quotaBefore;
    const state = stateOf(live.record, { ...known, remainQuota });
    throw new ResourceInitFailedError(live.record.id, { ...state, __unfinished: live.unfinished() }, error);
  }
}

export function gone(): ProviderError {
  return new ProviderError(
    "the key is no longer in the account: it was deleted outside Pulumi. Run `pulumi refresh` to drop it from the " +
      "stack; the next `pulumi up` makes a new one",
  );
}
