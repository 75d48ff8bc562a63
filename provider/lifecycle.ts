import { adopt, announce, prospect } from "./adopt";
import type { Account, CometApi } from "./api/client";
import type { Limits } from "./api/transport";
import { type Checked, type CheckRequest, check, refuseOther } from "./check";
import type { Clock } from "./clock";
import { create } from "./create";
import { remove } from "./delete";
import { diff, type KeyDiff } from "./diff";
import { HalfMade, Impossible } from "./errors";
import { explaining, Told } from "./explain";
import { Holdings } from "./holdings";
import type { KeyInputs, KeyState } from "./key";
import { read } from "./read";
import { readSettings } from "./settings";
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
  private account: Promise<Account> | undefined;
  private readonly holdings = new Holdings();

  constructor(private readonly host: Host) {}

  /** Judges settings and arguments, without a request. */
  check(request: Omit<CheckRequest, "now">): Checked {
    const { inputs, failures } = check({ ...request, now: this.host.clock.now() });
    const { refused = [] } = readSettings(this.host.config, this.host.environment);
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
    const { adoptId: id } = inputs;
    const refuse = (reason: string) => ({
      inputs,
      failures: [...failures, { property: "adoptId", reason: `adoptId cannot be used: ${reason}` }],
    });
    if (id === undefined || isUnknown(id)) return { inputs, failures };
    if (old.name !== undefined) {
      this.holdings.seen(id);
      return { inputs, failures };
    }
    if (failures.some(({ property }) => property === "adoptId" || property === ""))
      return { inputs, failures };
    const refused = this.holdings.claim(id, taker);
    if (refused !== undefined) return refuse(refused);
    try {
      return await explaining(`looking up key ${id}`, async () => {
        const api = await this.api({});
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

  /** Whether an update is due. Nothing ever needs a replacement. */
  diff(id: string, old: KeyState, inputs: KeyInputs): KeyDiff {
    const { adoptId } = inputs;
    const other = adoptId !== undefined && !isUnknown(adoptId) && adoptId !== id;
    const refused = other ? `adoptId ${refuseOther(adoptId, id)}.` : this.holdings.refuseHolder(id);
    if (refused !== undefined) throw new Told(`comparing ${named(id, old)}`, refused, {});
    this.holdings.held(id, old);
    return diff(old, inputs);
  }

  create(inputs: KeyInputs): Promise<{ id: string; state: KeyState }> {
    const { adoptId } = inputs;
    if (adoptId !== undefined) return this.adopt(adoptId, inputs);
    return explaining(`creating key "${inputs.name}"`, async () => create(await this.api({}), inputs));
  }

  /** The live key; nothing once it is proved gone. */
  read(id: string, old: Partial<KeyState>): Promise<{ state: KeyState; inputs: KeyInputs } | undefined> {
    return explaining(`reading ${named(id, old)}`, async () => read(await this.api(old), id, old));
  }

  update(id: string, old: KeyState, inputs: KeyInputs): Promise<KeyState> {
    return explaining(`updating ${named(id, old)}`, async () => update(await this.api(old), id, old, inputs));
  }

  /** Done only when the key is proved gone. */
  async delete(id: string, old: Partial<KeyState>): Promise<void> {
    if (this.holdings.passedOn(id, old)) {
      this.host.tell(`${named(id, old)} stays: it was taken over by another resource of this stack, or anew`);
      return;
    }
    await explaining(`deleting ${named(id, old)}`, async () => remove(await this.api(old), id, old));
    this.holdings.released(id, old);
  }

  private async adopt(id: string, inputs: KeyInputs): Promise<{ id: string; state: KeyState }> {
    try {
      const made = await explaining(`taking over key ${id}`, async () =>
        adopt(await this.api({}), id, inputs),
      );
      this.holdings.taken(id, made.state);
      return made;
    } catch (error) {
      if (error instanceof HalfMade) this.holdings.taken(id, error.state);
      throw error;
    }
  }

  /** Loads what speaks HTTP with the first request: a preview makes none. */
  private async api({ key }: Partial<KeyState>): Promise<CometApi> {
    this.account ??= this.connect();
    return (await this.account).operation(key);
  }

  private async connect(): Promise<Account> {
    const { settings, refused } = readSettings(this.host.config, this.host.environment);
    if (settings === undefined) throw new Impossible(refused.join(" "));
    const { Account } = await import("./api/client.js");
    return new Account(settings, this.host.clock, this.host.tell, this.host.limits);
  }
}

function named(id: string, { name }: Partial<KeyState>): string {
  return name === undefined ? `key ${id}` : `key "${name}" (id ${id})`;
}
