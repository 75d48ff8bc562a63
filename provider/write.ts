import type { CometApi } from "./api/client";
import { NoAnswer } from "./api/errors";
import type { KeyFields, KeyRecord, KeyStatus } from "./api/wire";
import { Impossible, Unfinished } from "./errors";
import { type KeyInputs, type KeyState, resolve, stateOf } from "./key";
import { differences, expectStored, quotaStored } from "./stored";

/** One live key under change: what was last seen of it, so that a failure half-way leaves the truth in state. */
export class LiveKey {
  /** Whether a full update was carried out, or may have been. */
  touched = false;
  /** Whether the quota that was last sent is in force. */
  written = false;

  constructor(
    readonly api: CometApi,
    public record: KeyRecord,
  ) {}

  get id(): string {
    return this.record.id;
  }

  /** What was granted so far: use moves quota from what is left to what is used, and leaves the sum alone. */
  get granted(): number {
    return this.record.remainQuota + this.record.usedQuota;
  }

  async look(): Promise<KeyRecord> {
    const now = await this.api.find(this.id, this.record.userId);
    if (now === undefined) throw gone();
    this.record = now;
    return now;
  }

  /** One full update, seen through: answered or looked up, compared with what was sent, its status in force. */
  async write(status: KeyStatus, fields: KeyFields): Promise<void> {
    const usedBefore = this.record.usedQuota;
    await this.send(status, fields, false);
    this.written = fields.unlimitedQuota || quotaStored(this.record, fields.remainQuota, usedBefore);
    expectStored(this.record, fields, usedBefore);
    if (this.has(status)) return;
    // New API takes a status only by itself. The other fields go along for a server that does not know that way.
    await this.send(status, { ...fields, remainQuota: this.record.remainQuota }, true);
    if (!this.has(status)) {
      throw new Impossible(
        `CometAPI did not keep the status: sent "${status}", stored "${this.record.status}"`,
      );
    }
  }

  private async send(status: KeyStatus, fields: KeyFields, statusOnly: boolean): Promise<void> {
    const before = this.record;
    let lost: unknown;
    const attempt = async () => {
      lost = undefined;
      try {
        this.record = await this.api.update(this.id, status, fields, { statusOnly });
      } catch (error) {
        if (!(error instanceof NoAnswer && error.mayHaveActed)) throw error;
        this.touched = true;
        lost = error;
        await this.look();
        if (!this.shows(status, fields, statusOnly, before)) throw error;
      }
    };
    await this.api.budget.retrying(attempt, (error) => error === lost);
    this.touched = true;
  }

  /** Whether an update whose answer was lost took effect. */
  private shows(status: KeyStatus, fields: KeyFields, statusOnly: boolean, before: KeyRecord): boolean {
    if (statusOnly) return this.has(status);
    const quotaMoved = this.granted !== before.remainQuota + before.usedQuota;
    return (
      differences(this.record, fields).length === 0 &&
      (quotaMoved || fields.remainQuota === before.remainQuota) &&
      (fields.unlimitedQuota || quotaStored(this.record, fields.remainQuota, before.usedQuota))
    );
  }

  /** Whether a status is in force. An enabled key may be spent at any moment, and says so when it is next used. */
  private has(status: KeyStatus): boolean {
    const { record } = this;
    if (status !== "enabled") return record.status === status;
    if (record.status === "exhausted") return !record.unlimitedQuota && record.remainQuota <= 0;
    return record.status === "enabled" || (record.status === "expired" && !this.lasts());
  }

  /** Expired or exhausted: CometAPI said so when the key was last used. */
  isSpent(): boolean {
    return this.record.status === "expired" || this.record.status === "exhausted";
  }

  /** Whether the key would work if it were enabled. */
  couldServe(): boolean {
    return this.lasts() && (this.record.unlimitedQuota || this.record.remainQuota > 0);
  }

  /** What to send for a wanted status. A spent key cannot be called enabled before what it lacks was written. */
  statusFor(wanted: "enabled" | "disabled"): KeyStatus {
    return wanted === "enabled" && this.isSpent() ? this.record.status : wanted;
  }

  /** Whether the expiry lies ahead. */
  private lasts(): boolean {
    const { expiredTime } = this.record;
    return expiredTime === -1 || expiredTime * 1000 > this.api.budget.clock.now();
  }
}

/**
 * The state after `work`, or, when it fails with the key already touched, an error that carries the state reached.
 *
 * @param quotaBefore the declared quota in force until `work` has written the new one
 */
export async function seeThrough(
  live: LiveKey,
  inputs: KeyInputs,
  quotaBefore: number | undefined,
  work: () => Promise<void>,
): Promise<KeyState> {
  const known = {
    ...resolve(inputs),
    ...(inputs.__autoName !== undefined && { __autoName: inputs.__autoName }),
  };
  try {
    await work();
    return stateOf(live.record, known);
  } catch (error) {
    if (!live.touched || !(error instanceof Error)) throw error;
    const remainQuota = live.written ? known.remainQuota : quotaBefore;
    throw new Unfinished(
      live.id,
      { ...stateOf(live.record, { ...known, remainQuota }), __unfinished: true },
      error,
    );
  }
}

export function gone(): Impossible {
  return new Impossible(
    "the key is no longer in the account: it was deleted outside Pulumi. Run `pulumi refresh` to drop it from the " +
      "stack; the next `pulumi up` makes a new one",
  );
}
