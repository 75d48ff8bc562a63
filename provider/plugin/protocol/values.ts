import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { unknownValue } from "../../key/unknown";
import type { Answer, Properties } from "./plugin";

/** How the engine marks a value that JSON does not have: an object with this property. Its value says which kind. */
const signature = "4dabf18193072939515e22adb298388d";
const secretKind = "1b47061264138c4ac30d75fd1eb44270";
const outputKind = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** An unknown string, boolean, number, array, asset, archive and object. */
const unknowns = new Set([
  unknownValue,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** Properties as the engine sends them, unwrapped. */
export interface Received {
  values: Properties;
  /** The properties that hold a secret, on whatever level. */
  secret: ReadonlySet<string>;
}

/** @param noteSecret is given every string and number within a secret */
export function receive(struct: Struct | undefined, noteSecret: (value: string | number) => void): Received {
  const values: Properties = {};
  const secret = new Set<string>();
  for (const [name, value] of Object.entries(struct?.toJavaScript() ?? {})) {
    values[name] = unwrap(value, false, (within) => {
      secret.add(name);
      if (typeof within === "string" || typeof within === "number") noteSecret(within);
    });
  }
  return { values, secret };
}

/** @param found is called for each leaf within a secret */
function unwrap(value: JavaScriptValue, isSecret: boolean, found: (leaf: unknown) => void): unknown {
  if (Array.isArray(value)) {
    if (isSecret) found(undefined);
    return value.map((element) => unwrap(element, isSecret, found));
  }
  if (typeof value === "object" && value !== null) {
    const marked = value as Record<string, JavaScriptValue>;
    if (marked[signature] === secretKind) return unwrap(marked["value"] ?? null, true, found);
    if (marked[signature] === outputKind)
      return unwrap(
        "value" in marked ? (marked["value"] ?? null) : unknownValue,
        isSecret || marked["secret"] === true,
        found,
      );
    if (isSecret) found(undefined);
    return Object.fromEntries(
      Object.entries(marked).map(([name, inner]) => [name, unwrap(inner, isSecret, found)]),
    );
  }
  const isUnknown = typeof value === "string" && unknowns.has(value);
  if (isSecret) found(isUnknown ? undefined : value);
  return isUnknown ? unknownValue : value;
}

/**
 * Properties as the engine takes them. What is undefined is left out: a protobuf struct cannot hold it.
 *
 * @param secret the properties that the engine is to encrypt
 */
export function send(values: Answer, secret: ReadonlySet<string> = new Set()): Struct {
  const wrapped: Record<string, JavaScriptValue> = {};
  for (const [name, value] of Object.entries(values)) {
    const plain = defined(value);
    if (plain === undefined) continue;
    wrapped[name] = secret.has(name) ? { [signature]: secretKind, value: plain } : plain;
  }
  return Struct.fromJavaScript(wrapped);
}

function defined(value: unknown): JavaScriptValue | undefined {
  if (Array.isArray(value)) return value.map((element) => defined(element) ?? null);
  if (typeof value !== "object" || value === null) return value as JavaScriptValue | undefined;
  const kept: Record<string, JavaScriptValue> = {};
  for (const [name, inner] of Object.entries(value)) {
    const plain = defined(inner);
    if (plain !== undefined) kept[name] = plain;
  }
  return kept;
}
