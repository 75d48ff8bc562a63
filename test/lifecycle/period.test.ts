import fc from "fast-check";
import { expect, test } from "vitest";
import { beginsAfter, boundsOf, periodAt, quotaResets } from "../../provider/key/period";

const at = (text: string) => Date.parse(text);

test.each([
  ["2026-11-25T12:00:00Z", "2026-11-25", "2026-W48", "2026-11"],
  ["2026-11-29T23:59:59Z", "2026-11-29", "2026-W48", "2026-11"],
  ["2026-11-30T00:00:00Z", "2026-11-30", "2026-W49", "2026-11"],
  ["2026-12-31T23:59:59Z", "2026-12-31", "2026-W53", "2026-12"],
  // An ISO week belongs to the year of its Thursday.
  ["2027-01-01T00:00:00Z", "2027-01-01", "2026-W53", "2027-01"],
  ["2024-12-30T00:00:00Z", "2024-12-30", "2025-W01", "2024-12"],
  ["2023-01-01T00:00:00Z", "2023-01-01", "2022-W52", "2023-01"],
  ["2028-02-29T00:00:00Z", "2028-02-29", "2028-W09", "2028-02"],
])("%s is in %s, %s and %s", (moment, daily, weekly, monthly) => {
  expect(quotaResets.map((reset) => periodAt(reset, at(moment)))).toEqual([daily, weekly, monthly]);
});

test("every moment is within the bounds of its period, and the periods follow each other without a gap", () => {
  const moment = fc.integer({ min: 0, max: at("2100-01-01T00:00:00Z") });
  fc.assert(
    fc.property(fc.constantFrom(...quotaResets), moment, (reset, ms) => {
      const period = periodAt(reset, ms);
      const { start, end } = boundsOf(period);
      expect(start <= ms && ms < end).toBe(true);
      expect([periodAt(reset, start), periodAt(reset, end - 1)]).toEqual([period, period]);
      expect(boundsOf(periodAt(reset, end)).start).toBe(end);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["2026-11-26", "2026-11-25", true],
  ["2026-11-25", "2026-11-25", false],
  ["2026-11-24", "2026-11-25", false],
  ["2026-11", "2026-11-25", false],
  ["2026-12", "2026-11-30", true],
  ["2026-12-01", "2026-11", true],
  ["2026-11-30", "2026-11", false],
  ["2026-12", "2026-W49", false],
  ["2026-W50", "2026-W49", true],
  ["2027-W01", "2026-W53", true],
])("%s begins after %s: %s", (period, other, begins) => {
  expect(beginsAfter(period, other)).toBe(begins);
});
