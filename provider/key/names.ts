import { createHash, randomBytes, randomInt } from "node:crypto";

const nameBytes = 50;

/** Whether `text` has the form of a key id at CometAPI. */
export function isKeyId(text: string): boolean {
  return /^[1-9]\d{0,15}$/.test(text);
}

/**
 * `backend-3f2a1bc`: the logical name, cut so that it fits even where bytes are counted.
 *
 * @param seed has the digits drawn again: an update that follows a plan is given the one of its preview
 */
export function generatedName(logicalName: string, seed?: Uint8Array): string {
  // An engine that gives no seed sends an empty one.
  const digits = seed?.length ? createHash("sha256").update(seed).digest() : randomBytes(4);
  const suffix = `-${digits.toString("hex").slice(0, 7)}`;
  let stem = "";
  for (const character of logicalName) {
    if (Buffer.byteLength(stem + character + suffix) > nameBytes) break;
    stem += character;
  }
  return stem + suffix;
}

const digits = "0123456789abcdefghijklmnopqrstuvwxyz";

/**
 * The name a key has until it gets its own: 15 random digits of base 36 are 77 bits, so it is nobody else's. 30 bytes are
 * what New API took before December 2025.
 */
export function placeholderName(): string {
  return `pulumi-pending-${Array.from({ length: 15 }, () => digits[randomInt(digits.length)]).join("")}`;
}
