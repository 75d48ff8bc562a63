import { accountOf } from "../config/accounts";
import { ProviderError } from "../errors";
import { diff, type KeyDiff } from "../key/diff";
import type { KeyInputs, KeyState } from "../key/types";
import { isUnknown } from "../key/unknown";
import { Adoptions } from "./adoptions";
import { type Checked, check } from "./check";
import { create } from "./create";
import { remove } from "./delete";
import { withUserErrors } from "./explain";
import { ModelCheck } from "./modelCheck";
import { keyLabel, Operations } from "./operations";
import { read } from "./read";
import type { KeyCheck, KeyHost } from "./request";
import { update } from "./update";

/** The life of a `CometApiKey`, one method an operation. Foreseeable errors carry text fit for the terminal. */
export class KeyLifecycle {
  private readonly operations: Operations;
  private readonly adoptions: Adoptions;
  private readonly modelCheck: ModelCheck;

  constructor(private readonly host: KeyHost) {
    this.operations = new Operations(host);
    this.adoptions = new Adoptions(this.operations, (line) => host.info(line));
    this.modelCheck = new ModelCheck(this.operations, host);
  }

  /** Reports every fault that can be found before anything is done. */
  async check(request: KeyCheck): Promise<Checked> {
    const { inputs, failures } = await this.adoptions.check(request, this.checkLocally(request));
    const models = await this.modelCheck.check(request, { inputs, failures });
    return { inputs, failures: [...failures, ...models] };
  }

  /** The part of the check that makes no request: settings and arguments. */
  checkLocally(request: KeyCheck): Checked {
    const { accounts, checkModelsRefused, settingsOf } = this.host.config;
    const { inputs, failures } = check({ ...request, accounts, now: this.host.clock.now() });
    // An unknown account is already reported; skip its settings.
    const known = !isUnknown(inputs.account) && typeof accountOf(request.declared, accounts) !== "object";
    const { refused = [] } = known ? settingsOf(inputs.account) : {};
    if (checkModelsRefused !== undefined) refused.push(checkModelsRefused);
    // A setting is no property of the resource: the reason names it.
    return { inputs, failures: [...refused.map((reason) => ({ property: "", reason })), ...failures] };
  }

  /** Whether an update is due, or a key in another account. Nothing else ever needs a replacement. */
  diff(id: string, old: KeyState, inputs: KeyInputs): KeyDiff {
    this.adoptions.expectHolder(id, old, inputs);
    this.operations.noteOwner(old);
    return diff(old, inputs);
  }

  create(inputs: KeyInputs): Promise<{ id: string; state: KeyState }> {
    const { adoptId, name } = inputs;
    if (adoptId !== undefined) return this.adoptions.adopt(adoptId, inputs);
    return this.operations.run(`creating key "${name}"`, inputs, (api) => create(api, inputs), {
      creates: true,
    });
  }

  /** The live key; undefined once it is proved gone. */
  async read(
    id: string,
    old: Partial<KeyState>,
  ): Promise<{ state: KeyState; inputs: KeyInputs } | undefined> {
    // `CometApiKey.get` has no state: it looks where a new key would be created.
    const known = old.name === undefined ? await this.stateToGet(id, old) : old;
    this.operations.noteOwner(known);
    const live = await this.operations.run(
      `reading ${keyLabel(id, known)}`,
      known,
      (api) => read(api, id, known),
      { id },
    );
    if (live === undefined) this.adoptions.forget(id, known);
    return live;
  }

  update(id: string, old: KeyState, inputs: KeyInputs): Promise<KeyState> {
    this.operations.noteOwner(old);
    return this.operations.run(`updating ${keyLabel(id, old)}`, old, (api) => update(api, id, old, inputs), {
      id,
    });
  }

  /** Done only when the key is proved gone. */
  async delete(id: string, old: Partial<KeyState>): Promise<void> {
    if (!this.adoptions.mayDelete(id, old)) return;
    await this.operations.run(`deleting ${keyLabel(id, old)}`, old, (api) => remove(api, id, old), {
      id,
      wantsSecret: false,
    });
    this.adoptions.forget(id, old);
  }

  private stateToGet(
    id: string,
    { account: declared, ...old }: Partial<KeyState>,
  ): Promise<Partial<KeyState>> {
    return withUserErrors(`reading ${keyLabel(id, {})}`, undefined, async () => {
      const account = accountOf({ account: declared }, this.host.config.accounts);
      if (typeof account === "object") throw new ProviderError(account.reason);
      return { ...old, ...(account !== undefined && { account }) };
    });
  }
}
