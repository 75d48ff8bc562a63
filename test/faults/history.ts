import { expect } from "vitest";
import { beginsAfter, periodAt, type QuotaReset } from "../../provider/key/period";
import type { CometServer } from "../server";
import { type Declared, estimate, expectLive, grantedOf, type Scene } from "./scene";
import type { Kind, Trouble } from "./troubles";

/** What a person can set on the console. */
type Edit = Parameters<CometServer["console"]["update"]>[1];

/** Trouble that waits for a request. */
export interface Ambush {
  kind: Kind;
  nth: number;
  trouble: Trouble;
  times: number;
}

export type Action =
  | { do: "declare"; change: Declared; uses: number; ambush: Ambush | undefined }
  | { do: "adopt"; unlimited: boolean; ambush: Ambush | undefined }
  | { do: "refresh"; ambush: Ambush | undefined }
  | { do: "destroy"; ambush: Ambush | undefined }
  | { do: "edit on the console"; change: Edit }
  | { do: "delete on the console" }
  | { do: "spend"; share: number }
  | { do: "request" }
  | { do: "pass time"; hours: number };

/** What the contract says must be, as far as it can be said from outside. */
export class History {
  declared: Declared = { remainQuota: 1000 };
  /** The declaration of the last `up` that went well, while the key is there. */
  private settled: Declared | undefined;
  /** What must have been granted in all: one of these, the choice being open only after failures. */
  private granted: number[] = [];
  /** Somebody changed the key behind the stack's back, and no refresh has seen it. */
  private drifted = false;
  /** Somebody disabled the key behind the stack's back, and no preview has shown it: it stays so. */
  private hidden = false;
  /** The period that the key got its quota for, by the last `up` that went well. */
  private period: string | undefined;
  /** The last `up` failed, so that what it wrote is not known. */
  private pending = false;
  /** The most that failed updates can have granted a second time because it was used meanwhile. */
  private lent = 0;

  constructor(readonly scene: Scene) {}

  async play(action: Action): Promise<void> {
    const { scene } = this;
    const { key } = scene;
    const { server } = scene.rig;
    // Between two commands more time passes than the list lags behind.
    server.advance(5000);
    const there = key.id !== undefined && key.live.deletedAt === undefined;
    switch (action.do) {
      case "declare":
        this.declared = { ...this.declared, ...action.change };
        return this.up(action.uses, action.ambush);
      case "adopt":
        if (key.id !== undefined) return;
        this.declared["adoptId"] = String(scene.offer({ unlimited_quota: action.unlimited }).id);
        return this.up(0, action.ambush);
      case "refresh":
        return this.refresh(action.ambush);
      case "destroy":
        return this.destroy(action.ambush);
      case "edit on the console": {
        if (!there) return;
        // Given in the console, quota is drift only where a total is declared. Elsewhere it is the key's to keep.
        if ("remain_quota" in action.change && this.settled?.["totalQuota"] === undefined) return;
        const before = grantedOf(key.live);
        if (action.change.status === 1) this.hidden = false;
        if (action.change.status === 2 && key.live.status !== 2)
          this.hidden = this.settled?.["status"] !== "disabled";
        server.console.update(Number(key.id), action.change);
        this.regrant(grantedOf(key.live) - before);
        this.drifted = true;
        return;
      }
      case "delete on the console":
        if (there) server.console.delete(Number(key.id));
        return;
      case "spend":
        if (there)
          server.console.spend(Number(key.id), Math.floor(Math.max(0, key.live.remain_quota) * action.share));
        return;
      case "request":
        // The only way for a status to become expired or exhausted.
        if (there) await scene.request();
        return;
      case "pass time":
        server.advance(action.hours * 3_600_000);
    }
  }

  /** A refresh and an `up` in peace: now live equals declared, wherever the history has led. */
  async end(): Promise<void> {
    this.scene.rig.server.advance(5000);
    await this.refresh(undefined);
    await this.up(0, undefined);
  }

  private regrant(amount: number): void {
    this.granted = this.granted.map((total) => total + amount);
  }

  private async up(uses: number, ambush: Ambush | undefined): Promise<void> {
    const { scene, declared } = this;
    const { key, rig } = scene;
    const gone = key.id !== undefined && key.live.deletedAt !== undefined;
    if (key.check(declared).failures.length > 0) {
      // An expiry that has passed meanwhile cannot be declared anew.
      declared["expiredTime"] = new Date(rig.server.now() + 86_400_000).toISOString().replace(/\.\d+Z/, "Z");
    }
    const existed = key.id !== undefined;
    const reset = declared["quotaReset"] as QuotaReset | undefined;
    const period = reset && periodAt(reset, rig.server.now());
    const renews = period !== undefined && this.period !== undefined && beginsAfter(period, this.period);
    const taken = existed || !declared["adoptId"] ? undefined : rig.server.key(Number(declared["adoptId"]));
    const usedBefore = existed ? key.live.used_quota : (taken?.used_quota ?? 0);
    // An overdrawn key cannot be sent back as it is. To call it used up grants it what it can never use.
    const overdrawn = existed ? Math.max(0, -key.live.remain_quota) : 0;
    if (overdrawn > 0) this.granted = this.granted.flatMap((total) => [total, total + overdrawn]);
    // What a failed update gave twice, and was used up since, is beyond recall.
    if (existed && key.live.remain_quota < this.lent) {
      this.granted = this.granted.flatMap((total) =>
        Array.from({ length: this.lent + 1 }, (_, i) => total + i),
      );
    }
    // Used up on both sides of an update, the last units cannot be counted.
    if (existed && !gone && key.live.status === 1 && key.live.remain_quota > 10) scene.use(uses);
    const trap = ambush && scene.trouble(ambush.kind, ambush.nth, ambush.trouble, ambush.times);
    let outcome: "created" | "updated" | "replaced" | "same" | undefined;
    await scene.attempt(async () => {
      outcome = await key.up(declared);
    });
    scene.use(0);
    trap?.end();
    scene.expectAccountedFor();

    const quota = declared["remainQuota"] as number | undefined;
    const usedAfter = key.id === undefined ? 0 : key.live.used_quota;
    // What was held when the quota was written may be given back by now.
    const span = Array.from({ length: usedAfter - usedBefore + estimate + 1 }, (_, i) => usedBefore + i);
    const assigned = quota === undefined ? [] : span.map((used) => used + quota);
    const changes = !existed || quota !== this.settled?.["remainQuota"] || renews;
    if (taken !== undefined && key.id === undefined) {
      expect(rig.server.key(taken.id), "a key that could not be adopted").toEqual(taken);
      if (ambush === undefined) throw scene.error;
      return;
    }
    if (taken?.unlimited_quota === false) {
      // Its quota stays as it stands: the declared number counts as written, even if all else has failed.
      this.granted = [grantedOf(taken)];
      this.settled = { ...declared };
      this.period = period;
    }
    if (outcome === undefined) {
      if (ambush === undefined && !gone) throw scene.error;
      if (taken?.unlimited_quota === false) return;
      // It may have been assigned or not; a create that failed half-way certainly granted something.
      this.granted = [...(existed ? this.granted : []), ...assigned, ...(quota === undefined ? [0] : [])];
      this.pending = true;
      this.lent += uses + estimate;
      return;
    }
    this.lent = 0;
    if (outcome === "created") {
      if (taken === undefined) this.granted = quota === undefined ? [0] : [quota];
      else if (taken.unlimited_quota) this.granted = assigned;
    } else if (this.pending) this.granted = [...this.granted, ...assigned];
    else if (changes && quota !== undefined) this.granted = assigned;
    if (gone) return;
    // Only the list could be asked, and it lagged: what it did not show yet is owed, and the next up finds it done.
    if (ambush?.trouble.refused && rig.server.settings.listLagMs > 0 && key.state.__unfinished) {
      rig.server.advance(5000);
      await key.up(declared);
    }
    const total = grantedOf(key.live);
    // What is left of an unlimited key means nothing: a new quota is assigned when it gets one.
    if (quota !== undefined) expect(this.granted, "granted in all, on the server's ledger").toContain(total);
    this.granted = [total];
    if (declared["totalQuota"] !== undefined && (outcome !== "same" || !this.drifted)) {
      const { remain_quota, used_quota } = key.live;
      const left = Math.max(0, (declared["totalQuota"] as number) - used_quota);
      expect(Math.max(0, remain_quota), "left of the declared total").toBe(left);
    }

    if (declared["status"] === "disabled" && outcome !== "same") this.hidden = false;
    if (outcome !== "same" || !this.drifted) {
      // What a failed update knew of the status is not known.
      const unsure = this.pending && key.live.status === 2;
      expectLive(key, this.hidden || unsure ? { ...declared, status: "disabled" } : declared);
      if (!this.drifted && !this.hidden && this.renewed(changes) && this.couldServe())
        expect(key.live.status, "a renewed key serves").toBe(1);
      this.drifted = false;
    }
    this.settled = { ...declared };
    this.period = period;
    this.pending = false;
    expect(await key.up(declared), "a second up").toBe("same");
  }

  private renewed(quotaChanged: boolean): boolean {
    const { declared, settled } = this;
    if (declared["status"] === "disabled") return false;
    const defaults: Declared = { unlimitedQuota: false, expiredTime: "never" };
    const differs = (name: string) =>
      (declared[name] ?? defaults[name]) !== (settled?.[name] ?? defaults[name]);
    return ["unlimitedQuota", "totalQuota", "expiredTime"].some(differs) || quotaChanged;
  }

  private couldServe(): boolean {
    const { expired_time, unlimited_quota, remain_quota } = this.scene.key.live;
    const lasts = expired_time === -1 || expired_time * 1000 > this.scene.rig.server.now();
    return lasts && (unlimited_quota || remain_quota > 0);
  }

  private async refresh(ambush: Ambush | undefined): Promise<void> {
    const { scene } = this;
    const { key, rig } = scene;
    const { id } = key;
    if (id === undefined) return;
    const trap = ambush && scene.trouble(ambush.kind, ambush.nth, ambush.trouble, ambush.times);
    const records = JSON.stringify(rig.server.keys());
    await scene.attempt(() => key.refresh());
    trap?.end();
    scene.expectAccountedFor();
    expect(JSON.stringify(rig.server.keys()), "a refresh changes nothing").toBe(records);
    if (scene.error !== undefined) {
      if (ambush === undefined) throw scene.error;
      return;
    }
    this.drifted = false;
    this.hidden = false;
    const deleted = rig.server.key(Number(id)).deletedAt !== undefined;
    expect(key.id, "in state after a refresh").toBe(deleted ? undefined : id);
    if (deleted) this.forget();
  }

  private async destroy(ambush: Ambush | undefined): Promise<void> {
    const { scene } = this;
    const { key, rig } = scene;
    const { id } = key;
    if (id === undefined) return;
    const trap = ambush && scene.trouble(ambush.kind, ambush.nth, ambush.trouble, ambush.times);
    await scene.attempt(() => key.destroy());
    trap?.end();
    if (scene.error === undefined) {
      expect(rig.server.key(Number(id)).deletedAt, "gone").toBeDefined();
      this.forget();
    } else {
      if (ambush === undefined) throw scene.error;
      expect(key.id, "in state after a delete that failed").toBe(id);
    }
    scene.expectAccountedFor();
  }

  private forget(): void {
    // The key is gone, and to adopt it again is refused.
    delete this.declared["adoptId"];
    this.settled = undefined;
    this.granted = [];
    this.period = undefined;
    this.pending = false;
    this.lent = 0;
    this.drifted = false;
    this.hidden = false;
  }
}
