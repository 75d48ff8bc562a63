import { ResourceInitFailedError } from "../errors";
import type { KeyInputs, KeyState } from "../key/types";
import { isUnknown } from "../key/unknown";
import { describeAdoption, findAdoptable, heldBy } from "./adopt";
import { AdoptionRegistry } from "./adoptionRegistry";
import { type Checked, refuseOther } from "./check";
import { OperationError } from "./explain";
import { keyLabel, type Operations } from "./operations";
import type { KeyCheck } from "./request";
import type { Created } from "./runMemory";

/** `adoptId` through one run of the engine: who adopts which key, and who must give one up or leave it alone. */
export class Adoptions {
  private readonly registry = new AdoptionRegistry();

  constructor(
    private readonly operations: Operations,
    private readonly info: (line: string) => void,
  ) {}

  /**
   * Looks up the key that a checked resource is about to adopt: it must exist, with its secret, and no other resource
   * may hold it. Makes no request for other resources.
   *
   * @param judge checks the arguments, given what the key is already
   */
  async check(
    { declared, old, urn }: KeyCheck,
    judge: (held: KeyInputs | undefined) => Checked,
  ): Promise<Checked> {
    const { inputs, failures } = judge(undefined);
    const { account, adoptId: id } = inputs;
    const refuse = (reason: string) => ({
      inputs,
      failures: [...failures, { property: "adoptId", reason: `adoptId cannot be used: ${reason}` }],
    });
    if (id === undefined || isUnknown(id) || isUnknown(account)) return { inputs, failures };
    if (old.name !== undefined) {
      this.registry.noteHolder(this.operations.locationOf(id, old), urn);
      return { inputs, failures };
    }
    if (failures.some(({ property }) => ["adoptId", "account", ""].includes(property)))
      return { inputs, failures };
    const refused = this.registry.claim(this.operations.locationOf(id, inputs), String(urn));
    if (refused !== undefined) return refuse(refused);
    try {
      return await this.operations.run(`looking up key ${id}`, inputs, async (api) => {
        const record = await findAdoptable(api, id);
        const { inputs, failures } = judge(heldBy(record));
        // An adopted key keeps its name where none is declared, as others keep a generated one.
        const named = declared["name"] ?? undefined;
        const judged =
          named === undefined ? { ...inputs, name: record.name, __autoName: record.name } : inputs;
        this.info(describeAdoption(api, record, judged));
        return { inputs: judged, failures };
      });
    } catch (error) {
      if (error instanceof OperationError) return refuse(error.message);
      throw error;
    }
  }

  /** @throws {OperationError} when a resource must give up its key, or declares another one */
  expectHolder(id: string, old: KeyState, { adoptId }: KeyInputs): void {
    const location = this.operations.locationOf(id, old);
    const other = adoptId !== undefined && !isUnknown(adoptId) && adoptId !== id;
    const refused = other
      ? `adoptId ${refuseOther(adoptId, id)}.`
      : this.registry.refuseHolder(location, old);
    if (refused !== undefined) throw new OperationError(`comparing ${keyLabel(id, old)}`, refused, {});
    this.registry.noteState(location, old);
  }

  /** Notes what becomes of an adoption. */
  async adopt(id: string, inputs: KeyInputs, work: () => Promise<Created>): Promise<Created> {
    const location = this.operations.locationOf(id, inputs);
    try {
      const adopted = await work();
      this.registry.adopted(location, adopted.state);
      return adopted;
    } catch (error) {
      if (error instanceof ResourceInitFailedError) this.registry.adopted(location, error.state);
      else this.registry.adoptionFailed(location);
      throw error;
    }
  }

  /**
   * Whether a delete is to go on: not for a key that another resource has adopted.
   *
   * @throws {OperationError} when another resource wants the key and could not adopt it
   */
  mayDelete(id: string, old: Partial<KeyState>): boolean {
    const label = keyLabel(id, old);
    if (this.registry.isAdoptedElsewhere(id, old)) {
      this.info(`${label} was not deleted: another resource of this stack, or a replacement, has adopted it`);
      return false;
    }
    if (this.registry.isClaimUnmet(this.operations.locationOf(id, old))) {
      throw new OperationError(
        `deleting ${label}`,
        `${label} was not deleted: another resource of this stack was to adopt it and failed. Fix that error, then run \`pulumi up\` again`,
        {},
      );
    }
    return true;
  }

  /** A key is gone. */
  forget(id: string, state: Partial<KeyState>): void {
    this.registry.forget(this.operations.locationOf(id, state), state);
  }
}
