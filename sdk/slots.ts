import { parseRfc3339, toRfc3339 } from "./instant";

/** A stretch of time that has a key of its own. Both ends as RFC 3339 in UTC; the end belongs to the next one. */
export interface Slot {
  start: string;
  end: string;
}

/** When keys change: lengths and instants in milliseconds. */
export interface Schedule {
  every: number;
  overlap: number;
  anchor: number;
}

/** A slot's bounds are to be years that RFC 3339 can spell. */
const longest = 36_500 * 86_400_000;

/** What fits one key and not several. Types refuse it, but not where arguments are put together. */
const unfit = {
  adoptId: "Take the key over by a CometApiKey, and remove that when its users have the new key",
  expiredTime: "Use hardExpiry, with which each key has an expiry of its own",
} as const;

/** The arguments that this file looks at, as a program without types may give them. */
interface Given extends Partial<Record<"anchor" | keyof typeof unfit, unknown>> {
  every: unknown;
  overlap: unknown;
}

/**
 * Reads a schedule.
 *
 * @returns it, or every reason why it cannot be kept, each naming the argument and the remedy
 */
export function readSchedule(
  args: Given,
): { schedule: Schedule; refused?: never } | { schedule?: never; refused: string[] } {
  const refused: string[] = [];
  const read = (name: "every" | "overlap" | "anchor", parse: (text: unknown) => number | string): number => {
    const value = parse(args[name] ?? (name === "anchor" ? "1970-01-01T00:00:00Z" : undefined));
    if (typeof value === "number") return value;
    refused.push(`${name} ${value}.`);
    return Number.NaN;
  };
  const schedule = {
    every: read("every", duration),
    overlap: read("overlap", duration),
    anchor: read("anchor", instant),
  };
  if (schedule.every === 0 || schedule.every > longest)
    refused.push(`every is ${args.every}, and must be from PT1S to P36500D.`);
  else if (schedule.overlap >= schedule.every)
    refused.push(`overlap (${args.overlap}) must be shorter than every (${args.every}).`);
  for (const name of ["adoptId", "expiredTime"] as const)
    if (args[name] !== undefined && args[name] !== null)
      refused.push(`${name} cannot be given here. ${unfit[name]}.`);
  return refused.length > 0 ? { refused } : { schedule };
}

/** The slot that a moment, in Unix milliseconds, is in. */
export function slotAt({ every, anchor }: Schedule, now: number): Slot {
  const start = anchor + Math.floor((now - anchor) / every) * every;
  return { start: toRfc3339(start), end: toRfc3339(start + every) };
}

/** What a slot's key is called after: its start, as short as it can be. */
export function slotLabel({ start }: Slot): string {
  return start
    .replace(/[-:]/g, "")
    .replace(/T000000Z$/, "")
    .replace(/00Z$/, "Z");
}

const fixedLengths =
  /^P(?=.)(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?)?$/;
const units = [7 * 86_400, 86_400, 3600, 60, 1];

/**
 * An ISO 8601 duration in milliseconds, or why it is none. No library: those that there are take months, fractions and
 * signs too, and to refuse these takes as much as to read the rest; and a program loads nothing that it can do without.
 */
function duration(text: unknown): number | string {
  if (typeof text !== "string")
    return `${text === undefined || text === null ? "is missing" : "must be text"}. Give an ISO 8601 duration, such as "P30D"`;
  const [, ...counts] = fixedLengths.exec(text) ?? [];
  if (counts.length > 0)
    return units.reduce((sum, seconds, i) => sum + Number(counts[i] ?? 0) * seconds * 1000, 0);
  return /^P[^T]*\d[YM]/.test(text)
    ? `is "${text}", but months and years are not all of one length. Give weeks or days, such as "P30D"`
    : `is "${text}", which is no ISO 8601 duration in whole numbers. Write "P30D", "P1W", "P1DT12H" or "PT1H"`;
}

/** An RFC 3339 instant in whole seconds from 1970 on, in Unix milliseconds, or why `text` is not one. */
export function instant(text: unknown): number | string {
  const ms = typeof text === "string" ? parseRfc3339(text) : undefined;
  return ms === undefined || ms < 0 || ms % 1000 !== 0
    ? `is ${JSON.stringify(text)}, which is not an instant from 1970 on. Give RFC 3339 in whole seconds with an offset, such as "2026-01-01T00:00:00Z"`
    : ms;
}
