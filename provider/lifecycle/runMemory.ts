import { ResourceInitFailedError } from "../errors";
import { remembered, resolve } from "../key/state";
import type { KeyInputs, KeyState } from "../key/types";
import { type PerhapsCreated, PerhapsCreatedError } from "../live/identity";
import type { Autonaming } from "./check";

export interface Created {
  id: string;
  state: KeyState;
}

/** How a create goes on: from the start, or from what an earlier call has reached. */
export interface CreateSteps {
  /** @param before what an unanswered request of an earlier call may have created */
  begin(before: PerhapsCreated | undefined): Promise<Created>;
  /** Brings a key to its inputs that an earlier call has created. */
  finish(created: Created): Promise<Created>;
}

/** What is known of the resources that a run creates with the same inputs. */
interface Creates {
  /** How many were checked, and how often the engine has called to create one. */
  checked: number;
  called: number;
  /** Keys that calls have created before they failed. The engine has not named their ids since. */
  half: Created[];
  perhaps: PerhapsCreated[];
}

/**
 * What one run of the engine knows of operations that failed half-way. A hook `onError` that answers "retry" calls `create`
 * again without the id of the key that the first call created, and `update` again with the outputs from before the first
 * call. Without a memory the one leaves a second key, and the other grants again what was used meanwhile.
 */
export class RunMemory {
  private readonly creates = new Map<string, Creates>();
  /** The outputs that an update has reached before it failed, by location. */
  private readonly unfinished = new Map<string, KeyState>();
  /** Names that the engine has proposed, which other keys may have too. */
  private readonly proposed = new Set<string>();

  /** @param locate says where a key is, unlike any other */
  constructor(private readonly locate: (id: string, state: Partial<KeyState>) => string) {}

  /** A resource that is to be created was checked. */
  noteChecked(inputs: KeyInputs, autonaming?: Autonaming): void {
    if (autonaming !== undefined && autonaming.mode !== "disable") this.proposed.add(autonaming.name);
    this.createsOf(inputs).checked++;
  }

  /** Whether the name is one that was generated for this resource alone. */
  hasUniqueName({ name, __autoName }: KeyInputs): boolean {
    return __autoName === name && !this.proposed.has(name);
  }

  async create(inputs: KeyInputs, { begin, finish }: CreateSteps): Promise<Created> {
    const creates = this.createsOf(inputs);
    creates.called++;
    // Two resources may declare the same in everything. Then only a call too many is certainly a repeated one.
    const isUnique = this.hasUniqueName(inputs) || inputs.adoptId !== undefined;
    const mayBeRepeated = isUnique || creates.called > creates.checked;
    const half = mayBeRepeated ? creates.half.shift() : undefined;
    try {
      if (half === undefined) return await begin(mayBeRepeated ? creates.perhaps.shift() : undefined);
      return await finish(half);
    } catch (error) {
      const failure =
        half === undefined || error instanceof ResourceInitFailedError || !(error instanceof Error)
          ? error
          : new ResourceInitFailedError(half.id, half.state, error);
      if (failure instanceof ResourceInitFailedError)
        creates.half.push({ id: failure.id, state: failure.state });
      if (failure instanceof PerhapsCreatedError) creates.perhaps.push(failure.perhaps);
      throw failure;
    }
  }

  /** Runs an update from the outputs that an earlier call has reached, if that failed. */
  async update(id: string, old: KeyState, work: (old: KeyState) => Promise<KeyState>): Promise<KeyState> {
    const location = this.locate(id, old);
    this.noteInState(id, old);
    try {
      const state = await work(this.unfinished.get(location) ?? old);
      this.unfinished.delete(location);
      return state;
    } catch (error) {
      if (error instanceof ResourceInitFailedError) this.unfinished.set(location, error.state);
      throw error;
    }
  }

  /** The engine reads or deletes a key: what it knows of it is the truth again. */
  forget(id: string, state: Partial<KeyState>): void {
    this.unfinished.delete(this.locate(id, state));
    this.noteInState(id, state);
  }

  /** The engine has named a key that a create has left half-made, and so has it in state. */
  private noteInState(id: string, state: Partial<KeyState>): void {
    const location = this.locate(id, state);
    for (const creates of this.creates.values())
      creates.half = creates.half.filter((half) => this.locate(half.id, half.state) !== location);
  }

  private createsOf(inputs: KeyInputs): Creates {
    const identity = JSON.stringify([resolve(inputs), remembered(inputs), inputs.adoptId]);
    const creates = this.creates.get(identity) ?? { checked: 0, called: 0, half: [], perhaps: [] };
    this.creates.set(identity, creates);
    return creates;
  }
}
