import type { KeyState } from "../key/types";

/** Where a key is. Ids of several servers say nothing of each other. */
export interface KeyLocation {
  server: string;
  id: string;
}

/**
 * Which keys the resources of one stack hold, as far as one run of the engine shows: it never shows the whole state,
 * but lets the resources of the program be checked and compared one by one before it deletes what is to go.
 */
export class AdoptionRegistry {
  /** Keys that resources hold already. */
  private readonly held = new Set<string>();
  /** Who is about to take over which key, as far as that can be told. */
  private readonly claims = new Map<string, string>();
  /** Keys that a resource was to take over in this run, and could not. */
  private readonly failedClaims = new Set<string>();
  /** Which resource holds a key already, as far as it says who it is. */
  private readonly holders = new Map<string, string>();
  /** By which taking over, in this run, each key is held. */
  private readonly adoptedThisRun = new Map<string, string | undefined>();
  /** By which taking over, if any, each key is held. */
  private readonly marks = new Map<string, string | undefined>();

  /** A resource was seen that has taken over a key, as its inputs say. */
  noteHolder(place: KeyLocation, holder: string | undefined): void {
    this.held.add(text(place));
    if (holder !== undefined) this.holders.set(text(place), holder);
  }

  /** A resource was seen that holds a key, as its state says. */
  noteState(place: KeyLocation, state: Partial<KeyState>): void {
    this.held.add(text(place));
    this.marks.set(identity(place.id, state), state.__adopted);
  }

  /** A key was taken over. */
  adopted(place: KeyLocation, state: KeyState): void {
    this.claims.delete(text(place));
    this.failedClaims.delete(text(place));
    this.adoptedThisRun.set(identity(place.id, state), state.__adopted);
    this.noteState(place, state);
  }

  /** A key was to be taken over, and was not. */
  adoptionFailed(place: KeyLocation): void {
    this.failedClaims.add(text(place));
  }

  /** Whether a key is to stay because a resource of the program wants it, though it could not take it over. */
  isClaimUnmet(place: KeyLocation): boolean {
    return this.failedClaims.has(text(place));
  }

  /** A key is gone. */
  forget(place: KeyLocation, state: Partial<KeyState>): void {
    this.held.delete(text(place));
    this.holders.delete(text(place));
    this.marks.delete(identity(place.id, state));
  }

  /** Why a resource cannot take over a key, unless nobody else has it. */
  claim(place: KeyLocation, taker: string): string | undefined {
    const key = text(place);
    const other = this.claims.get(key);
    if (other !== undefined && other !== taker)
      return `another resource of this stack takes over the key ${place.id} too, and a key has one resource. Share its outputs.`;
    if (this.held.has(key) || [...this.holders.values()].includes(taker)) return inStack(place);
    this.claims.set(key, taker);
    return undefined;
  }

  /** Why a resource cannot go on holding a key, unless nobody has taken it over in this run, or is about to. */
  refuseHolder(place: KeyLocation, state: Partial<KeyState>): string | undefined {
    const key = identity(place.id, state);
    const lost = this.adoptedThisRun.has(key) && this.adoptedThisRun.get(key) !== state.__adopted;
    return lost || this.claims.has(text(place)) ? inStack(place) : undefined;
  }

  /**
   * Whether what state says is not the way the key is held now: another resource of the stack has taken it over since,
   * or the one that replaces it.
   */
  isAdoptedElsewhere(id: string, state: Partial<KeyState>): boolean {
    const key = identity(id, state);
    return this.marks.has(key) && this.marks.get(key) !== state.__adopted;
  }
}

function inStack({ id }: KeyLocation): string {
  return (
    `the key ${id} is in this stack already, and a key has one resource. To give that resource another name, use the ` +
    "option aliases; to replace the key by a new one, remove adoptId."
  );
}

function text({ server, id }: KeyLocation): string {
  return JSON.stringify([server, id]);
}

/** What no two keys share, on whatever server. */
function identity(id: string, { userId, createdTime }: Partial<KeyState>): string {
  return JSON.stringify([id, userId, createdTime]);
}
