export const never = "never";

/** The last second that RFC 3339 can spell. More than that was meant as milliseconds. */
const lastSecond = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/** Why `value` is no instant, or nothing when it is one. */
export function refuseInstant(value: unknown): string | undefined {
  if (value === never || value === -1) return undefined;
  if (typeof value === "number") {
    if (value > lastSecond)
      return `is ${value}, which looks like milliseconds. Give Unix seconds, or RFC 3339 text`;
    return Number.isInteger(value) && value >= 0
      ? undefined
      : `is ${value}. Give whole Unix seconds, or "never"`;
  }
  if (typeof value !== "string")
    return `must be RFC 3339 text, Unix seconds or "never", but is ${typeof value}`;
  if (/^-?\d+$/.test(value))
    return `is the text "${value}". Give Unix seconds as a number: Number("${value}")`;
  if (!isRfc3339(value)) {
    return `is "${value}". Give RFC 3339 with an offset, such as "2027-06-30T00:00:00Z", or Unix seconds, or "never"`;
  }
  if (Date.parse(value.toUpperCase()) < 0) return `is "${value}", which is before 1970`;
  if (Date.parse(value.toUpperCase()) % 1000 !== 0)
    return `is "${value}". CometAPI keeps whole seconds: leave out the fraction`;
  return undefined;
}

/** One spelling for each instant: RFC 3339 in UTC, or `"never"`. */
export function canonicalInstant(value: string | number): string {
  if (value === never) return never;
  return fromUnixSeconds(typeof value === "number" ? value : Date.parse(value.toUpperCase()) / 1000);
}

export function fromUnixSeconds(seconds: number): string {
  if (seconds === -1) return never;
  const date = new Date(seconds * 1000);
  // A record may hold any integer; what no date can say stays a number.
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace(".000Z", "Z");
}

/** Undoes {@link fromUnixSeconds}. */
export function toUnixSeconds(canonical: string): number {
  if (canonical === never) return -1;
  return /^-?\d+$/.test(canonical) ? Number(canonical) : Date.parse(canonical) / 1000;
}

function isRfc3339(text: string): boolean {
  // Loaded only here: every preview starts this process, and few of them check a date.
  const { z } = require("zod") as typeof import("zod");
  // The RFC allows lower-case `t` and `z`, the library does not.
  return z.iso.datetime({ offset: true }).safeParse(text.toUpperCase()).success;
}
