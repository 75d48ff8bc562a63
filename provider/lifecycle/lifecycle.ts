import type { CometApi } from "../api/client";
import { accountOf } from "../config/accounts";
import type { SettingNames } from "../config/names";
import { ProviderError } from "../errors";
import { diff, type KeyDiff } from "../key/diff";
import type { KeyInputs, KeyState } from "../key/types";
import { isUnknown } from "../key/unknown";
import { adopt } from "./adopt";
import { Adoptions } from "./adoptions";
import { type Checked, check } from "./check";
import { create } from "./create";
import { discard, remove } from "./delete";
import { OperationError, withUserErrors } from "./explain";
import { ModelCheck } from "./modelCheck";
import { keyLabel, Operations } from "./operations";
import { read } from "./read";
import type { KeyCheck, KeyHost } from "./request";
import { type Created, type CreateSteps, RunMemory } from "./runMemory";
import { update } from "./update";

/** The engine ends its plugins within some seconds. */
const discardMs = 5_000;

/** Nothing is written yet, and whoever previews does not wait for a server that hangs or limits its requests. */
const ownerMs = 5_000;

/** The life of a `CometApiKey`, one method an operation. Foreseeable errors carry text fit for the terminal. */
export class KeyLifecycle {
  private readonly operations: Operations;
  private readonly adoptions: Adoptions;
  private readonly modelCheck: ModelCheck;
  private readonly memory: RunMemory;
  private readonly asked = new Map<string | undefined, Promise<number | undefined>>();

  constructor(private readonly host: KeyHost) {
    this.operations = new Operations(host);
    this.adoptions = new Adoptions(this.operations, (line) => host.info(line));
    this.modelCheck = new ModelCheck(this.operations, host);
    this.memory = new RunMemory((id, state) => JSON.stringify(this.operations.locationOf(id, state)));
  }

  /** Reports every fault that can be found before anything is done. */
  async check(request: KeyCheck): Promise<Checked> {
    const { inputs, failures } = await this.adoptions.check(request, (held) =>
      this.checkLocally({ ...request, held }),
    );
    const models = await this.modelCheck.check(request, { inputs, failures });
    if (request.old.name === undefined) this.memory.noteChecked(inputs, request.autonaming);
    return { inputs, failures: [...failures, ...models] };
  }

  /** The part of the check that makes no request: settings and arguments. */
  checkLocally(request: KeyCheck): Checked {
    const { accounts, checkModelsRefused, pretendedNow, pretendedNowRefused, settingsOf } = this.host.config;
    const now = pretendedNow ?? this.host.clock.now();
    const { inputs, failures } = check({ ...request, accounts, now });
    // An unknown account is already reported; skip its settings.
    const known = !isUnknown(inputs.account) && typeof accountOf(request.declared, accounts) !== "object";
    const { refused = [] } = known ? settingsOf(inputs.account) : {};
    refused.push(...[checkModelsRefused, pretendedNowRefused].filter((reason) => reason !== undefined));
    // A setting is no property of the resource: the reason names it.
    return { inputs, failures: [...refused.map((reason) => ({ property: "", reason })), ...failures] };
  }

  /** Whether an update is due, or a key in another account. Nothing else ever needs a replacement. */
  diff(id: string, old: KeyState, inputs: KeyInputs): KeyDiff {
    this.adoptions.expectHolder(id, old, inputs);
    this.operations.noteOwner(old);
    return diff(old, inputs);
  }

  /**
   * The id of an account; undefined where the server does not tell. Asked once a run, whatever the outcome.
   *
   * @throws {OperationError} when there is no answer within seconds
   */
  ownerOf(account: string | undefined): Promise<number | undefined> {
    const at = { ...(account !== undefined && { account }) };
    const options = { timeoutMs: ownerMs, wantsSecret: false };
    const owner =
      this.asked.get(account) ??
      this.operations.run("looking up the account", at, (api) => api.ownId(), options);
    this.asked.set(account, owner);
    return owner;
  }

  /**
   * Makes sure that a key is in the account whose settings are in use, as far as the server tells. To be asked where
   * settings have changed, as when a key moves from one provider of the program to another.
   *
   * @param known the id of the account that the settings are of, if that is known
   * @throws {OperationError} when it is in another account
   */
  async expectOwnAccount(id: string, old: KeyState, known?: number): Promise<void> {
    const { account, userId } = old;
    const doing = `comparing ${keyLabel(id, old)}`;
    // What cannot be found out now is found out before anything is written.
    const own = known ?? (await this.ownerOf(account).catch(() => undefined));
    if (own === undefined || own === userId) return;
    const { labelOf } = this.host.config;
    throw new OperationError(
      doing,
      `${doing}: the key is in account ${userId}, but the access token is of account ${own}. A key cannot move to another ` +
        `account: set ${labelOf("accessToken", account)} to a token of account ${userId}, or create another key in account ` +
        `${own} by a resource of its own.`,
      {},
    );
  }

  /** @param timeoutMs the time that `customTimeouts` gives; undefined: what the policy gives */
  create(inputs: KeyInputs, timeoutMs?: number): Promise<Created> {
    const { adoptId, name } = inputs;
    const doing = adoptId === undefined ? `creating key "${name}"` : `adopting key ${adoptId}`;
    const steps = (api: CometApi): CreateSteps => ({
      begin: (before) =>
        adoptId === undefined
          ? create(api, inputs, this.memory.hasUniqueName(inputs), before)
          : adopt(api, adoptId, inputs),
      finish: async ({ id, state }) => ({ id, state: await update(api, id, state, inputs) }),
    });
    const work = () =>
      this.operations.run(doing, inputs, (api) => this.memory.create(inputs, steps(api)), {
        creates: adoptId === undefined,
        timeoutMs,
      });
    return adoptId === undefined ? work() : this.adoptions.adopt(adoptId, inputs, work);
  }

  /** The live key; undefined once it is proved gone. */
  async read(
    id: string,
    old: Partial<KeyState>,
    timeoutMs?: number,
  ): Promise<{ state: KeyState; inputs: KeyInputs } | undefined> {
    // An import and `CometApiKey.get` have no state: they look where a new key would be created.
    const isGet = old.name === undefined;
    const known = isGet ? await this.stateToGet(id, old) : old;
    this.operations.noteOwner(known);
    this.memory.forget(id, known);
    const live = await this.operations.run(
      `reading ${keyLabel(id, known)}`,
      known,
      async (api) => {
        const found = await read(api, id, known);
        // To the engine this would be success, and whoever uses the key would be given undefined.
        if (found === undefined && isGet)
          throw new ProviderError(notFound(id, known.account, this.host.config.names));
        return found;
      },
      { id, timeoutMs },
    );
    if (live === undefined) this.adoptions.forget(id, known);
    return live;
  }

  update(id: string, old: KeyState, inputs: KeyInputs, timeoutMs?: number): Promise<KeyState> {
    this.operations.noteOwner(old);
    const work = (api: CometApi) =>
      this.memory.update(id, old, (reached) => update(api, id, reached, inputs));
    return this.operations.run(`updating ${keyLabel(id, old)}`, old, work, { id, timeoutMs });
  }

  /** Done only when the key is proved gone. */
  async delete(id: string, old: Partial<KeyState>, timeoutMs?: number): Promise<void> {
    if (!this.adoptions.mayDelete(id, old)) return;
    this.memory.forget(id, old);
    await this.operations.run(`deleting ${keyLabel(id, old)}`, old, (api) => remove(api, id, old), {
      id,
      wantsSecret: false,
      timeoutMs,
    });
    this.adoptions.forget(id, old);
  }

  /**
   * Deletes a key that was created for a run which ended meanwhile, so that no state has it. Whether it is gone: one that
   * was adopted, or is used already, stays.
   */
  async discard(id: string, state: KeyState): Promise<boolean> {
    if (state.__adopted !== undefined) return false;
    const options = { id, wantsSecret: false, timeoutMs: discardMs, outlivesRun: true };
    const doing = `deleting ${keyLabel(id, state)}`;
    return this.operations.run(doing, state, (api) => discard(api, id, state), options);
  }

  private stateToGet(
    id: string,
    { account: declared, ...old }: Partial<KeyState>,
  ): Promise<Partial<KeyState>> {
    return withUserErrors(`reading ${keyLabel(id, {})}`, this.host.config, undefined, async () => {
      const account = accountOf({ account: declared }, this.host.config.accounts);
      if (typeof account === "object") throw new ProviderError(account.reason);
      return { ...old, ...(account !== undefined && { account }) };
    });
  }
}

/** Why there is no key to import, or for `CometApiKey.get` to hand on. */
function notFound(
  id: string,
  account: string | undefined,
  { defaultAccount, adviceOnId }: SettingNames,
): string {
  const where = account === undefined ? defaultAccount : `the account "${account}"`;
  return `there is no key ${id} in ${where}. Was it deleted, or is it in another account? ${adviceOnId}`;
}
