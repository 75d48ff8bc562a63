import { randomBytes } from "node:crypto";

const nameBytes = 50;

/** Whether `text` has the form of a key id at CometAPI. */
export function isKeyId(text: string): boolean {
  return /^[1-9]\d{0,15}$/.test(text);
}

/** `backend-3f2a1bc`: the logical name, cut so that it fits even where bytes are counted. */
export function generatedName(logicalName: string): string {
  const suffix = `-${randomBytes(4).toString("hex").slice(0, 7)}`;
  let stem = "";
  for (const character of logicalName) {
    if (Buffer.byteLength(stem + character + suffix) > nameBytes) break;
    stem += character;
  }
  return stem + suffix;
}

/** A key's name until the key is found and gets its own: 128 random bits, so no other key has it. */
export function placeholderName(): string {
  return `pulumi-pending-${randomBytes(16).toString("hex")}`;
}
