import { adopt, announce, prospect } from "./adopt";
import type { Account, CometApi } from "./api/client";
import type { Limits } from "./api/transport";
import { accountOf, type Checked, type CheckRequest, check, refuseOther } from "./check";
import type { Clock } from "./clock";
import { connect } from "./connect";
import { create } from "./create";
import { remove } from "./delete";
import { diff, type KeyDiff } from "./diff";
import { HalfMade, Impossible } from "./errors";
import { explaining, Told } from "./explain";
import { Holdings, type Place } from "./holdings";
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
  private readonly holdings = new Holdings();
  /** Of every account so far, its base URL; none, if it cannot be read. */
  private readonly servers = new Map<string | undefined, string>();

  constructor(private readonly host: Host) {}

  /** Judges settings and arguments, without a request. */
  check(request: Omit<CheckRequest, "now" | "accounts">): Checked {
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

  /**
   * Looks up the key that a checked resource is about to take over: it must be there, with its secret, and nobody else
   * may have it. Without a request for all other resources.
   *
   * @param taker tells the resource from others, from its check to its create
   */
  async checkAdoption(
    { declared, old }: Pick<CheckRequest, "declared" | "old">,
    { inputs, failures }: Checked,
    taker: string,
  ): Promise<Checked> {
    const { account, adoptId: id } = inputs;
    const refuse = (reason: string) => ({
      inputs,
      failures: [...failures, { property: "adoptId", reason: `adoptId cannot be used: ${reason}` }],
    });
    if (id === undefined || isUnknown(id) || isUnknown(account)) return { inputs, failures };
    if (old.name !== undefined) {
      this.holdings.seen(this.placeOf(id, old));
      return { inputs, failures };
    }
    if (failures.some(({ property }) => ["adoptId", "account", ""].includes(property)))
      return { inputs, failures };
    const refused = this.holdings.claim(this.placeOf(id, inputs), taker);
    if (refused !== undefined) return refuse(refused);
    try {
      return await this.operation(`looking up key ${id}`, inputs, async (api) => {
        const record = await prospect(api, id);
        // A name that is not declared is the one it has: "what it was called before" is as good as a generated one.
        const named = declared["name"] ?? undefined;
        const judged =
          named === undefined ? { ...inputs, name: record.name, __autoName: record.name } : inputs;
        this.host.tell(announce(api, record, judged));
        return { inputs: judged, failures };
      });
    } catch (error) {
      if (error instanceof Told) return refuse(error.message);
      throw error;
    }
  }

  /** Whether an update is due, or a key in another account. Nothing else ever needs a replacement. */
  diff(id: string, old: KeyState, inputs: KeyInputs): KeyDiff {
    const { adoptId } = inputs;
    const other = adoptId !== undefined && !isUnknown(adoptId) && adoptId !== id;
    const refused = other
      ? `adoptId ${refuseOther(adoptId, id)}.`
      : this.holdings.refuseHolder(this.placeOf(id, old));
    if (refused !== undefined) throw new Told(`comparing ${named(id, old)}`, refused, {});
    this.holdings.held(this.placeOf(id, old), old);
    return diff(old, inputs);
  }

  create(inputs: KeyInputs): Promise<{ id: string; state: KeyState }> {
    const { adoptId, name } = inputs;
    if (adoptId !== undefined) return this.adopt(adoptId, inputs);
    return this.operation(`creating key "${name}"`, inputs, (api) => create(api, inputs));
  }

  /** The live key; nothing once it is proved gone. */
  async read(
    id: string,
    old: Partial<KeyState>,
  ): Promise<{ state: KeyState; inputs: KeyInputs } | undefined> {
    // A key that is only looked up has no state: it is where a new one would be.
    const sought = old.name === undefined ? await this.lookedUp(id, old) : old;
    return this.operation(`reading ${named(id, sought)}`, sought, (api) => read(api, id, sought));
  }

  update(id: string, old: KeyState, inputs: KeyInputs): Promise<KeyState> {
    return this.operation(`updating ${named(id, old)}`, old, (api) => update(api, id, old, inputs));
  }

  /** Done only when the key is proved gone. */
  async delete(id: string, old: Partial<KeyState>): Promise<void> {
    if (this.holdings.passedOn(id, old)) {
      this.host.tell(`${named(id, old)} stays: it was taken over by another resource of this stack, or anew`);
      return;
    }
    await this.operation(`deleting ${named(id, old)}`, old, (api) => remove(api, id, old));
    this.holdings.released(this.placeOf(id, old), old);
  }

  private async adopt(id: string, inputs: KeyInputs): Promise<{ id: string; state: KeyState }> {
    const place = this.placeOf(id, inputs);
    try {
      const made = await this.operation(`taking over key ${id}`, inputs, (api) => adopt(api, id, inputs));
      this.holdings.taken(place, made.state);
      return made;
    } catch (error) {
      if (error instanceof HalfMade) this.holdings.taken(place, error.state);
      throw error;
    }
  }

  /** Works in the account that a key was made in, whatever the configuration says of new ones. */
  private operation<T>(
    doing: string,
    { account, key }: Pick<Partial<KeyState>, "account" | "key">,
    work: (api: CometApi) => Promise<T>,
  ): Promise<T> {
    const where = account === undefined ? "" : ` in account "${account}"`;
    return explaining(`${doing}${where}`, account, async () => {
      const client = this.accounts.get(account) ?? connect(this.host, account, this.secrets);
      this.accounts.set(account, client);
      return work((await client).operation(key));
    });
  }

  private placeOf(id: string, { account }: Pick<KeyInputs, "account">): Place {
    const known = this.servers.get(account);
    const { settings } =
      known === undefined ? readSettings(this.host.config, this.host.environment, account, false) : {};
    const server = known ?? settings?.baseUrl ?? "";
    this.servers.set(account, server);
    return { server, id };
  }

  private lookedUp(id: string, { account: declared, ...old }: Partial<KeyState>): Promise<Partial<KeyState>> {
    return explaining(`reading ${named(id, {})}`, undefined, async () => {
      const account = accountOf({ account: declared }, readAccounts(this.host.config));
      if (typeof account === "object") throw new Impossible(account.reason);
      return { ...old, ...(account !== undefined && { account }) };
    });
  }
}

function named(id: string, { name }: Partial<KeyState>): string {
  return name === undefined ? `key ${id}` : `key "${name}" (id ${id})`;
}
