/** The one reader and the one printer of instants, for programs and for the provider. Loads nothing. */

const rfc3339 =
  /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** An RFC 3339 date and time with an offset, in Unix milliseconds; undefined if `text` is not one. */
export function parseRfc3339(text: string): number | undefined {
  // The RFC allows lower-case `t` and `z`, Date.parse does not.
  const spelled = text.toUpperCase();
  const [, date] = rfc3339.exec(spelled) ?? [];
  if (date === undefined) return undefined;
  const midnight = Date.parse(`${date}T00:00:00Z`);
  // Date.parse takes the 30th of February for a day in March.
  const isDay = !Number.isNaN(midnight) && toRfc3339(midnight).startsWith(date);
  return isDay ? Date.parse(spelled) : undefined;
}

/** RFC 3339 in UTC; whole seconds have no fraction. */
export function toRfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
