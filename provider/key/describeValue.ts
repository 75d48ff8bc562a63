/** A refused value as a person would write it. */
export function describeValue(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  return value === null ? "null" : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
