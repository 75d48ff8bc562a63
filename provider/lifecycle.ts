import type { Account, CometApi } from "./api/client";
import type { Limits } from "./api/transport";
import { accountOf, type CheckRequest, check } from "./check";
import type { Clock } from "./clock";
import { connect } from "./connect";
import { create } from "./create";
import { remove } from "./delete";
import { diff, type KeyDiff } from "./diff";
import { Impossible } from "./errors";
import { explaining } from "./explain";
import type { KeyInputs, KeyState } from "./key";
import { read } from "./read";
import { readAccounts, readSettings } from "./settings";
import { isUnknown } from "./unknown";
import { update } from "./update";

/** What the lifecycle needs from whatever hosts it: today a dynamic provider, later a plugin of its own. */
export interface Host {
  /** A value of the stack's configuration, by its full name. */
  config(key: string): string | undefined;
  environment: Record<string, string | undefined>;
  clock: Clock;
  /** Shows the person at the terminal a line while an operation goes on. */
  tell(line: string): void;
  /** How long and how large an answer may be; tests are less patient. */
  limits?: Limits;
}

/** The life of a `CometApiKey`. Errors that can be foreseen are told as text fit for the terminal. */
export class KeyLifecycle {
  private readonly accounts = new Map<string | undefined, Promise<Account>>();
  /** What must never be printed: shared, since any account's server may repeat what another's was sent. */
  private readonly secrets = new Set<string>();

  constructor(private readonly host: Host) {}

  /** Judges settings and arguments, without a request. */
  check(request: Omit<CheckRequest, "now" | "accounts">) {
    const accounts = readAccounts(this.host.config);
    const { inputs, failures } = check({ ...request, accounts, now: this.host.clock.now() });
    // What is said of an account that nobody knows is said already.
    const known = !isUnknown(inputs.account) && typeof accountOf(request.declared, accounts) !== "object";
    const { refused = [] } = known
      ? readSettings(this.host.config, this.host.environment, inputs.account)
      : {};
    // A setting is no property of the resource: the reason names it.
    return { inputs, failures: [...refused.map((reason) => ({ property: "", reason })), ...failures] };
  }

  /** Whether an update is due, or a key in another account. Nothing else ever needs a replacement. */
  diff(old: KeyState, inputs: KeyInputs): KeyDiff {
    return diff(old, inputs);
  }

  create(inputs: KeyInputs): Promise<{ id: string; state: KeyState }> {
    const { account, name } = inputs;
    return this.operation(`creating key "${name}"`, { ...(account !== undefined && { account }) }, (api) =>
      create(api, inputs),
    );
  }

  /** The live key; nothing once it is proved gone. */
  async read(
    id: string,
    old: Partial<KeyState>,
  ): Promise<{ state: KeyState; inputs: KeyInputs } | undefined> {
    // A key that is only looked up has no state: it is where a new one would be.
    const sought = old.name === undefined ? this.lookedUp(old) : old;
    return this.operation(`reading ${named(id, sought)}`, sought, (api) => read(api, id, sought));
  }

  update(id: string, old: KeyState, inputs: KeyInputs): Promise<KeyState> {
    return this.operation(`updating ${named(id, old)}`, old, (api) => update(api, id, old, inputs));
  }

  /** Done only when the key is proved gone. */
  delete(id: string, old: Partial<KeyState>): Promise<void> {
    return this.operation(`deleting ${named(id, old)}`, old, (api) => remove(api, id, old));
  }

  /** Works in the account that a key was made in, whatever the configuration says of new ones. */
  private operation<T>(
    doing: string,
    { account, key }: Partial<KeyState>,
    work: (api: CometApi) => Promise<T>,
  ): Promise<T> {
    const where = account === undefined ? "" : ` in account "${account}"`;
    return explaining(`${doing}${where}`, account, async () => {
      const client = this.accounts.get(account) ?? connect(this.host, account, this.secrets);
      this.accounts.set(account, client);
      return work((await client).operation(key));
    });
  }

  private lookedUp({ account: declared, ...old }: Partial<KeyState>): Partial<KeyState> {
    const account = accountOf({ account: declared }, readAccounts(this.host.config));
    if (typeof account === "object") throw new Impossible(account.reason);
    return { ...old, ...(account !== undefined && { account }) };
  }
}

function named(id: string, { name }: Partial<KeyState>): string {
  return name === undefined ? `key ${id}` : `key "${name}" (id ${id})`;
}
