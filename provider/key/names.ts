import { randomBytes } from "node:crypto";

const nameBytes = 50;

/** Whether this is how CometAPI numbers its keys. */
export function isKeyId(text: string): boolean {
  return /^[1-9]\d{0,15}$/.test(text);
}

/** `backend-3f2a1bc`: the logical name cut so that it fits even where bytes are counted. */
export function generatedName(logicalName: string): string {
  const suffix = `-${randomBytes(4).toString("hex").slice(0, 7)}`;
  let stem = "";
  for (const character of logicalName) {
    if (Buffer.byteLength(stem + character + suffix) > nameBytes) break;
    stem += character;
  }
  return stem + suffix;
}

/** The name a key bears until it is known and gets its own: 128 random bits, so nobody else's. */
export function placeholderName(): string {
  return `pulumi-pending-${randomBytes(16).toString("hex")}`;
}
