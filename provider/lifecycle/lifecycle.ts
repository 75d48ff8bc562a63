import type { Account, CometApi } from "../api/client";
import { accountOf } from "../config/accounts";
import { createClient, type Host } from "../config/createClient";
import { ProviderError, ResourceInitFailedError } from "../errors";
import { diff, type KeyDiff } from "../key/diff";
import type { Failure, KeyInputs, KeyState } from "../key/types";
import { isUnknown } from "../key/unknown";
import { adopt, describeAdoption, findAdoptable } from "./adopt";
import { AdoptionRegistry, type KeyLocation } from "./adoptionRegistry";
import { Catalogue, catalogueBudgetMs, newModels } from "./catalogue";
import { type Checked, type CheckRequest, check, refuseOther } from "./check";
import { create } from "./create";
import { remove } from "./delete";
import { OperationError, withUserErrors } from "./explain";
import { read } from "./read";
import { update } from "./update";

/** What the lifecycle needs from whatever hosts it: today a dynamic provider, later a plugin of its own. */
export interface KeyHost extends Host {
  /**
   * Shows the person at the terminal a line that is worth a second look.
   *
   * @param urn of the resource it is about, if it is about one
   */
  warn(line: string, urn?: string): Promise<void>;
}

/** What is to be checked, by what the host knows of it. */
export interface KeyCheck extends Omit<CheckRequest, "now" | "accounts"> {
  /** Of the resource; known where somebody must be told, or is to take over a key. */
  urn?: string | undefined;
}

/** The life of a `CometApiKey`. Errors that can be foreseen are told as text fit for the terminal. */
export class KeyLifecycle {
  private readonly accounts = new Map<string | undefined, Promise<Account>>();
  /** What must never be printed: shared, since any account's server may repeat what another's was sent. */
  private readonly secrets = new Set<string>();
  private readonly holdings = new AdoptionRegistry();
  /** Of every account so far, its base URL; none, if it cannot be read. */
  private readonly servers = new Map<string | undefined, string>();
  /** Of every account so far whose models were looked up, its catalogue; nothing, if it could not be read. */
  private readonly catalogues = new Map<string | undefined, Promise<Catalogue | undefined>>();
  /** The engine has a resource that is replaced checked twice: once as a change, once as a new one. */
  private readonly warned = new Set<string>();

  constructor(private readonly host: KeyHost) {}

  /** All that can be found before anything is done: every fault at once. */
  async check(request: KeyCheck): Promise<Checked> {
    const { inputs, failures } = await this.checkAdoption(request, this.checkLocally(request));
    return { inputs, failures: [...failures, ...(await this.checkModels(request, { inputs, failures }))] };
  }

  /** Judges settings and arguments, without a request. */
  checkLocally(request: KeyCheck): Checked {
    const { accounts, checkModelsRefused, settingsOf } = this.host.config;
    const { inputs, failures } = check({ ...request, accounts, now: this.host.clock.now() });
    // What is said of an account that nobody knows is said already.
    const known = !isUnknown(inputs.account) && typeof accountOf(request.declared, accounts) !== "object";
    const { refused = [] } = known ? settingsOf(inputs.account) : {};
    if (checkModelsRefused !== undefined) refused.push(checkModelsRefused);
    // A setting is no property of the resource: the reason names it.
    return { inputs, failures: [...refused.map((reason) => ({ property: "", reason })), ...failures] };
  }

  /**
   * Looks up the key that a checked resource is about to take over: it must be there, with its secret, and nobody else
   * may have it. Without a request for all other resources.
   */
  private async checkAdoption(
    { declared, old, urn }: KeyCheck,
    { inputs, failures }: Checked,
  ): Promise<Checked> {
    const { account, adoptId: id } = inputs;
    const refuse = (reason: string) => ({
      inputs,
      failures: [...failures, { property: "adoptId", reason: `adoptId cannot be used: ${reason}` }],
    });
    if (id === undefined || isUnknown(id) || isUnknown(account)) return { inputs, failures };
    if (old.name !== undefined) {
      this.holdings.noteHolder(this.placeOf(id, old), urn);
      return { inputs, failures };
    }
    if (failures.some(({ property }) => ["adoptId", "account", ""].includes(property)))
      return { inputs, failures };
    const refused = this.holdings.claim(this.placeOf(id, inputs), String(urn));
    if (refused !== undefined) return refuse(refused);
    try {
      return await this.operation(`looking up key ${id}`, inputs, async (api) => {
        const record = await findAdoptable(api, id);
        // A name that is not declared is the one it has: "what it was called before" is as good as a generated one.
        const named = declared["name"] ?? undefined;
        const judged =
          named === undefined ? { ...inputs, name: record.name, __autoName: record.name } : inputs;
        this.host.info(describeAdoption(api, record, judged));
        return { inputs: judged, failures };
      });
    } catch (error) {
      if (error instanceof OperationError) return refuse(error.message);
      throw error;
    }
  }

  /** Compares the models that are new to a resource with the catalogue, if `cometapi:checkModels` says so. */
  private async checkModels({ old, urn }: KeyCheck, { inputs, failures }: Checked): Promise<Failure[]> {
    const { checkModels: mode } = this.host.config;
    const models = mode === "off" ? [] : newModels(inputs, old);
    // Without an account there is no catalogue to read.
    if (models.length === 0 || failures.some(({ property }) => ["account", ""].includes(property))) return [];
    const catalogue = await this.catalogueOf(inputs.account);
    const reasons = models.map((model) => catalogue?.refuse(model)).filter((reason) => reason !== undefined);
    if (mode === "error") return reasons.map((reason) => ({ property: "modelLimits", reason }));
    for (const reason of reasons) await this.warn(reason, urn);
    return [];
  }

  /** Asked for once, whatever comes of it. */
  private catalogueOf(account: string | undefined): Promise<Catalogue | undefined> {
    const known = this.catalogues.get(account) ?? this.readCatalogue(account);
    this.catalogues.set(account, known);
    return known;
  }

  private async readCatalogue(account: string | undefined): Promise<Catalogue | undefined> {
    const where = account === undefined ? {} : { account };
    try {
      return await this.operation("reading the model catalogue", where, Catalogue.read, catalogueBudgetMs);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      await this.warn(`cometapi:checkModels checks nothing in this run: ${error.message}`);
      return undefined;
    }
  }

  private async warn(line: string, urn?: string): Promise<void> {
    const whole = `${urn} ${line}`;
    if (this.warned.has(whole)) return;
    this.warned.add(whole);
    await this.host.warn(line, urn);
  }

  /** Whether an update is due, or a key in another account. Nothing else ever needs a replacement. */
  diff(id: string, old: KeyState, inputs: KeyInputs): KeyDiff {
    const { adoptId } = inputs;
    const place = this.placeOf(id, old);
    const other = adoptId !== undefined && !isUnknown(adoptId) && adoptId !== id;
    const refused = other ? `adoptId ${refuseOther(adoptId, id)}.` : this.holdings.refuseHolder(place, old);
    if (refused !== undefined) throw new OperationError(`comparing ${keyLabel(id, old)}`, refused, {});
    this.holdings.noteState(place, old);
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
    const live = await this.operation(`reading ${keyLabel(id, sought)}`, sought, (api) =>
      read(api, id, sought),
    );
    if (live === undefined) this.holdings.forget(this.placeOf(id, sought), sought);
    return live;
  }

  update(id: string, old: KeyState, inputs: KeyInputs): Promise<KeyState> {
    return this.operation(`updating ${keyLabel(id, old)}`, old, (api) => update(api, id, old, inputs));
  }

  /** Done only when the key is proved gone. */
  async delete(id: string, old: Partial<KeyState>): Promise<void> {
    if (this.holdings.isAdoptedElsewhere(id, old)) {
      this.host.info(
        `${keyLabel(id, old)} stays: it was taken over by another resource of this stack, or anew`,
      );
      return;
    }
    const place = this.placeOf(id, old);
    if (this.holdings.isClaimUnmet(place)) {
      throw new OperationError(
        `deleting ${keyLabel(id, old)}`,
        `${keyLabel(id, old)} stays: another resource of this stack was to take it over, and could not. Mend that, then run \`pulumi up\` again`,
        {},
      );
    }
    await this.operation(`deleting ${keyLabel(id, old)}`, old, (api) => remove(api, id, old));
    this.holdings.forget(place, old);
  }

  private async adopt(id: string, inputs: KeyInputs): Promise<{ id: string; state: KeyState }> {
    const place = this.placeOf(id, inputs);
    try {
      const made = await this.operation(`taking over key ${id}`, inputs, (api) => adopt(api, id, inputs));
      this.holdings.adopted(place, made.state);
      return made;
    } catch (error) {
      if (error instanceof ResourceInitFailedError) this.holdings.adopted(place, error.state);
      else this.holdings.adoptionFailed(place);
      throw error;
    }
  }

  /** Works in the account that a key was made in, whatever the configuration says of new ones. */
  private operation<T>(
    doing: string,
    { account, key }: Pick<Partial<KeyState>, "account" | "key">,
    work: (api: CometApi) => Promise<T>,
    budgetMs?: number,
  ): Promise<T> {
    const where = account === undefined ? "" : ` in account "${account}"`;
    return withUserErrors(`${doing}${where}`, account, async () => {
      const client = this.accounts.get(account) ?? createClient(this.host, account, this.secrets);
      this.accounts.set(account, client);
      return work((await client).operation(key, budgetMs));
    });
  }

  private placeOf(id: string, { account }: Pick<KeyInputs, "account">): KeyLocation {
    const known = this.servers.get(account);
    const { settings } = known === undefined ? this.host.config.settingsOf(account, false) : {};
    const server = known ?? settings?.baseUrl ?? "";
    this.servers.set(account, server);
    return { server, id };
  }

  private lookedUp(id: string, { account: declared, ...old }: Partial<KeyState>): Promise<Partial<KeyState>> {
    return withUserErrors(`reading ${keyLabel(id, {})}`, undefined, async () => {
      const account = accountOf({ account: declared }, this.host.config.accounts);
      if (typeof account === "object") throw new ProviderError(account.reason);
      return { ...old, ...(account !== undefined && { account }) };
    });
  }
}

function keyLabel(id: string, { name }: Partial<KeyState>): string {
  return name === undefined ? `key ${id}` : `key "${name}" (id ${id})`;
}
