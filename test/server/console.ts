import type { Backend } from "./backend";
import { type Account, type KeyFields, type KeyRecord, type KeyView, type StoredKey, view } from "./records";
import type { Store } from "./store";

/** An estimate a test holds on a key. */
export interface HeldQuota {
  /** Says what the request really cost, once: 0 gives all back, more than was held takes more. */
  settle(cost: number): KeyView;
}

/** What a person does on CometAPI's web console, or a gateway by itself, past every check of the API and any fault. */
export class Console {
  constructor(private readonly backend: Backend) {}

  create(fields: Partial<KeyFields> = {}, account: Account | undefined = this.store.accounts[0]): KeyView {
    if (!account) throw new Error("this server was started without an account");
    const whole: KeyFields = {
      name: "made on the console",
      expired_time: -1,
      remain_quota: 100_000,
      unlimited_quota: false,
      model_limits_enabled: false,
      model_limits: "",
      allow_ips: null,
      group: "",
      cross_group_retry: false,
      ...structuredClone(this.backend.personality.editableExtras),
      ...fields,
    };
    for (const name of this.backend.personality.lacksFields) delete (whole as Partial<KeyFields>)[name];
    return view(this.store.create(account, whole, this.backend.personality.keyPrefix));
  }

  /** As if the server had been running ever since it showed this record, to the account that owns it. */
  restore(record: KeyRecord): KeyView {
    const owner = this.store.accounts.find(({ userId }) => userId === record.user_id);
    if (!owner) throw new Error(`key ${record.id} belongs to account ${record.user_id}, which is not here`);
    return view(this.store.restore(owner, record));
  }

  update(id: number, change: Partial<KeyFields & Pick<KeyRecord, "status" | "key">>): KeyView {
    const key = this.living(id);
    this.store.change(key, change);
    return view(key);
  }

  delete(id: number): void {
    this.store.delete(this.living(id));
  }

  /** Use of the key as if by a model request, but unchecked. */
  spend(id: number, amount: number): KeyView {
    const key = this.living(id);
    this.store.spend(key, amount);
    return view(key);
  }

  /** A request under way: the estimate is taken, and its real cost is known whenever `settle` is called (N). */
  hold(id: number, estimate: number): HeldQuota {
    const key = this.living(id);
    const { settle } = this.store.hold(key, estimate);
    return {
      settle: (cost) => {
        this.backend.clock.catchUp();
        settle(cost);
        return view(key);
      },
    };
  }

  /** Logging in takes from the bucket that reveals and usage share (N). @returns whether it was let in */
  logIn(address = "127.0.0.1"): boolean {
    const { windows, personality, clock } = this.backend;
    return windows.admit(address, clock.now(), personality.limits);
  }

  /** @returns puts the server back to this moment, so that ids given since are given again */
  backUp(): () => void {
    return this.store.snapshot();
  }

  private get store(): Store {
    this.backend.clock.catchUp();
    return this.backend.store;
  }

  private living(id: number): StoredKey {
    const key = this.store.find(id);
    if (key.deletedAt !== undefined) throw new Error(`key ${id} is deleted`);
    return key;
  }
}
