/** How often a key gets its quota anew. */
export type QuotaReset = "daily" | "weekly" | "monthly";
export const quotaResets: readonly QuotaReset[] = ["daily", "weekly", "monthly"];

const dayMs = 86_400_000;

/** The calendar period in UTC that a moment is in: `2026-11-25`, `2026-W48` (ISO 8601) or `2026-11`. */
export function periodAt(reset: QuotaReset, ms: number): string {
  const date = new Date(ms).toISOString().slice(0, "2026-11-25".length);
  switch (reset) {
    case "daily":
      return date;
    case "weekly": {
      // A week belongs to the year that its Thursday is in.
      const thursday = mondayOf(ms) + 3 * dayMs;
      const year = new Date(thursday).getUTCFullYear();
      const week = Math.floor((thursday - Date.UTC(year, 0)) / (7 * dayMs)) + 1;
      return `${year}-W${String(week).padStart(2, "0")}`;
    }
    case "monthly":
      return date.slice(0, "2026-11".length);
  }
}

/**
 * Whether a period begins only when another one is over. So no moment ever belongs to two periods that a key got its quota
 * for, not even when a daily reset becomes a monthly one.
 */
export function beginsAfter(period: string, other: string): boolean {
  return boundsOf(period).start >= boundsOf(other).end;
}

/** In Unix milliseconds. The end belongs to the next period. */
export function boundsOf(period: string): { start: number; end: number } {
  const [, year = "", week] = /^(\d{4})-W(\d{2})$/.exec(period) ?? [];
  if (week !== undefined) {
    // The 4th of January is always in the first week.
    const start = mondayOf(Date.UTC(Number(year), 0, 4)) + (Number(week) - 1) * 7 * dayMs;
    return { start, end: start + 7 * dayMs };
  }
  const start = Date.parse(period);
  const isDay = period.length === "2026-11-25".length;
  const day = new Date(start);
  return { start, end: isDay ? start + dayMs : Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1) };
}

/** The start of the ISO week. */
function mondayOf(ms: number): number {
  const midnight = Math.floor(ms / dayMs) * dayMs;
  return midnight - ((new Date(midnight).getUTCDay() + 6) % 7) * dayMs;
}
