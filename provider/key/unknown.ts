/** What the Pulumi engine passes, at preview, for a value that only the update will know. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isUnknown(value: unknown): value is typeof unknownValue {
  return value === unknownValue;
}

/** Whether a value or an element of a list is not known yet. */
export function holdsUnknown(value: unknown): boolean {
  return isUnknown(value) || (Array.isArray(value) && value.some(isUnknown));
}
