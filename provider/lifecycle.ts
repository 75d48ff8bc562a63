import type { Account, CometApi } from "./api/client";
import type { Limits } from "./api/transport";
import { type CheckRequest, check } from "./check";
import type { Clock } from "./clock";
import { create } from "./create";
import { remove } from "./delete";
import { diff, type KeyDiff } from "./diff";
import { Impossible } from "./errors";
import { explaining } from "./explain";
import type { KeyInputs, KeyState } from "./key";
import { read } from "./read";
import { readSettings } from "./settings";
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

  constructor(private readonly host: Host) {}

  /** Judges settings and arguments, without a request. */
  check(request: Omit<CheckRequest, "now">) {
    const { inputs, failures } = check({ ...request, now: this.host.clock.now() });
    const { refused = [] } = readSettings(this.host.config, this.host.environment);
    // A setting is no property of the resource: the reason names it.
    return { inputs, failures: [...refused.map((reason) => ({ property: "", reason })), ...failures] };
  }

  /** Whether an update is due. Nothing ever needs a replacement. */
  diff(old: KeyState, inputs: KeyInputs): KeyDiff {
    return diff(old, inputs);
  }

  create(inputs: KeyInputs): Promise<{ id: string; state: KeyState }> {
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
  delete(id: string, old: Partial<KeyState>): Promise<void> {
    return explaining(`deleting ${named(id, old)}`, async () => remove(await this.api(old), id, old));
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
