import { parseRfc3339, toRfc3339 } from "../../sdk/instant";
import { describeValue } from "./describeValue";

export const never = "never";

/** The last second that RFC 3339 can spell. A larger number was meant as milliseconds. */
const lastSecond = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/** Why `value` is not an instant; undefined if it is one. */
export function refuseInstant(value: unknown): string | undefined {
  if (value === never || value === -1) return undefined;
  if (typeof value === "number") {
    if (value > lastSecond)
      return `is ${value}, which looks like milliseconds. Give Unix seconds, or an RFC 3339 string`;
    return Number.isInteger(value) && value >= 0
      ? undefined
      : `is ${value}. Give whole Unix seconds, or "never"`;
  }
  if (typeof value !== "string")
    return `must be an RFC 3339 string, Unix seconds or "never", but is ${describeValue(value)}`;
  if (/^-?\d+$/.test(value))
    return `is the string "${value}". Give Unix seconds as a number: Number("${value}")`;
  const ms = parseRfc3339(value);
  if (ms === undefined)
    return `is "${value}". Give RFC 3339 with an offset, such as "2027-06-30T00:00:00Z", or Unix seconds, or "never"`;
  if (ms < 0) return `is "${value}", which is before 1970`;
  if (ms % 1000 !== 0) return `is "${value}". CometAPI keeps whole seconds: leave out the fraction`;
  return undefined;
}

/** One spelling for each instant: RFC 3339 in UTC, or `"never"`. */
export function canonicalInstant(value: string | number): string {
  if (value === never) return never;
  return fromUnixSeconds(typeof value === "number" ? value : (parseRfc3339(value) ?? Number.NaN) / 1000);
}

export function fromUnixSeconds(seconds: number): string {
  if (seconds === -1) return never;
  // A record may hold any integer; a number that is no date stays a number.
  return Number.isNaN(new Date(seconds * 1000).getTime()) ? String(seconds) : toRfc3339(seconds * 1000);
}

/** Undoes {@link fromUnixSeconds}. */
export function toUnixSeconds(canonical: string): number {
  if (canonical === never) return -1;
  return /^-?\d+$/.test(canonical) ? Number(canonical) : Date.parse(canonical) / 1000;
}
