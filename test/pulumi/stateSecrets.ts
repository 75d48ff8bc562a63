import { createDecipheriv, pbkdf2Sync } from "node:crypto";

/** How a state file marks a value that JSON does not have. */
const signature = "4dabf18193072939515e22adb298388d";

export function isSecret(value: unknown): value is { ciphertext: string } {
  return typeof value === "object" && value !== null && signature in value && "ciphertext" in value;
}

/** Deriving a key takes a third of a second, which is what it is for. */
const derived = new Map<string, Buffer>();

function keyOf(passphrase: string, salt: string): Buffer {
  const known = derived.get(passphrase + salt);
  if (known !== undefined) return known;
  const key = pbkdf2Sync(passphrase, Buffer.from(salt, "base64"), 1_000_000, 32, "sha256");
  derived.set(passphrase + salt, key);
  return key;
}

/**
 * A value of a state file in the clear, with all that is secret in it. The same as `pulumi stack output --show-secrets`
 * prints, which takes as long as a fifth of an `up`.
 *
 * @param state of the secrets provider, as the state file has it: `v1:<salt>:<something encrypted to check the passphrase>`
 */
export function inTheClear(value: unknown, passphrase: string, state: string): unknown {
  if (isSecret(value)) {
    const [, salt = ""] = state.split(":");
    return JSON.parse(decrypted(value.ciphertext, keyOf(passphrase, salt)));
  }
  if (Array.isArray(value)) return value.map((element) => inTheClear(element, passphrase, state));
  if (typeof value !== "object" || value === null) return value;
  const inner = Object.entries(value).map(([name, one]) => [name, inTheClear(one, passphrase, state)]);
  return Object.fromEntries(inner);
}

/** @param text `v1:<nonce>:<encrypted>` */
function decrypted(text: string, key: Buffer): string {
  const [, nonce = "", encrypted = ""] = text.split(":");
  const bytes = Buffer.from(encrypted, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
  decipher.setAuthTag(bytes.subarray(-16));
  return decipher.update(bytes.subarray(0, -16), undefined, "utf8") + decipher.final("utf8");
}
