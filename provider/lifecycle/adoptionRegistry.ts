import type { KeyState } from "../key/types";
import type { KeyLocation } from "./operations";

/**
 * Which resource of a stack holds which key, as far as one run of the engine shows it. The engine never shows the whole
 * state, but checks and compares the resources of the program one by one before it deletes anything.
 */
export class AdoptionRegistry {
  /** Keys that resources hold already. */
  private readonly held = new Set<string>();
  /** The resource, if known, that is about to adopt each key. */
  private readonly claims = new Map<string, string>();
  /** Keys that a resource was to adopt in this run, and could not. */
  private readonly failedClaims = new Set<string>();
  /** The resource, if known, that holds each key. */
  private readonly holders = new Map<string, string>();
  /** Mark of the adoption, made in this run, that holds each key. */
  private readonly adoptedThisRun = new Map<string, string | undefined>();
  /** Mark of the adoption, if any, that holds each key. */
  private readonly marks = new Map<string, string | undefined>();

  /** A resource has adopted a key earlier, as its inputs say. */
  noteHolder(location: KeyLocation, holder: string | undefined): void {
    this.held.add(locationKey(location));
    if (holder !== undefined) this.holders.set(locationKey(location), holder);
  }

  /** A resource holds a key, as its state says. */
  noteState(location: KeyLocation, state: Partial<KeyState>): void {
    this.held.add(locationKey(location));
    this.marks.set(identity(location.id, state), state.__adopted);
  }

  /** A key was adopted. */
  adopted(location: KeyLocation, state: KeyState): void {
    this.claims.delete(locationKey(location));
    this.failedClaims.delete(locationKey(location));
    this.adoptedThisRun.set(identity(location.id, state), state.__adopted);
    this.noteState(location, state);
  }

  /** A key was to be adopted, and was not. */
  adoptionFailed(location: KeyLocation): void {
    this.failedClaims.add(locationKey(location));
  }

  /** Whether a key must stay because a resource of the program wants it, but could not adopt it. */
  isClaimUnmet(location: KeyLocation): boolean {
    return this.failedClaims.has(locationKey(location));
  }

  /** A key is gone. */
  forget(location: KeyLocation, state: Partial<KeyState>): void {
    this.held.delete(locationKey(location));
    this.holders.delete(locationKey(location));
    this.marks.delete(identity(location.id, state));
  }

  /** Why a resource cannot adopt a key. Undefined if no other resource has it. */
  claim(location: KeyLocation, claimant: string): string | undefined {
    const key = locationKey(location);
    const other = this.claims.get(key);
    if (other !== undefined && other !== claimant)
      return `another resource of this stack adopts the key ${location.id} too, and a key has one resource. Share its outputs.`;
    if (this.held.has(key) || [...this.holders.values()].includes(claimant)) return inStack(location);
    this.claims.set(key, claimant);
    return undefined;
  }

  /** Why a resource must give up its key: another one adopted it in this run, or is about to. Undefined if none did. */
  refuseHolder(location: KeyLocation, state: Partial<KeyState>): string | undefined {
    const key = identity(location.id, state);
    const lost = this.adoptedThisRun.has(key) && this.adoptedThisRun.get(key) !== state.__adopted;
    return lost || this.claims.has(locationKey(location)) ? inStack(location) : undefined;
  }

  /** Whether another resource, or a replacement of this one, has adopted the key since. */
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

function locationKey({ server, id }: KeyLocation): string {
  return JSON.stringify([server, id]);
}

/** What no two keys share, on whatever server. */
function identity(id: string, { userId, createdTime }: Partial<KeyState>): string {
  return JSON.stringify([id, userId, createdTime]);
}
