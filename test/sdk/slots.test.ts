import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextState, type RotationState } from "../../provider/rotation";
import { toRfc3339 } from "../../sdk/instant";
import { readSchedule, slotAt, slotLabel } from "../../sdk/slots";

const second = 1000;
const day = 86_400 * second;
const at = (text: string) => Date.parse(text);

describe("a schedule", () => {
  test.each([
    ["P30D", 30 * day],
    ["P1W", 7 * day],
    ["P1W1D", 8 * day],
    ["P1DT12H", 1.5 * day],
    ["PT1H", day / 24],
    ["PT90M", 5400 * second],
    ["PT1H30M5S", 5405 * second],
  ])("takes %s", (every, length) => {
    expect(readSchedule({ every, overlap: "PT0S" }).schedule).toEqual({
      every: length,
      overlap: 0,
      anchor: 0,
    });
  });

  test.each([
    [{ every: undefined }, "every is missing. Give an ISO 8601 duration"],
    [{ every: 30 }, "every must be text"],
    [{ every: "30 days" }, 'every is "30 days", which is no ISO 8601 duration in whole numbers'],
    [{ every: "P" }, "which is no ISO 8601 duration"],
    [{ every: "PT" }, "which is no ISO 8601 duration"],
    [{ every: "P1.5D" }, "which is no ISO 8601 duration"],
    [{ every: "-P1D" }, "which is no ISO 8601 duration"],
    [{ every: "P30D " }, "which is no ISO 8601 duration"],
    [{ every: "P1M" }, 'every is "P1M", but months and years are not all of one length. Give weeks or days'],
    [{ every: "P1Y6M" }, "but months and years are not all of one length"],
    [{ every: "P0D" }, "every is P0D, and must be from PT1S to P36500D"],
    [{ every: "P36501D" }, "every is P36501D, and must be from PT1S to P36500D"],
    [{ overlap: "P2" }, 'overlap is "P2", which is no ISO 8601 duration'],
    [{ overlap: "P30D" }, "overlap (P30D) must be shorter than every (P30D)."],
    [{ overlap: "P5W" }, "overlap (P5W) must be shorter than every"],
    [{ anchor: "2026-01-05" }, 'anchor is "2026-01-05", which is not an instant'],
    [{ anchor: "2026-01-05T09:00:00" }, "with an offset"],
    [{ anchor: "2026-02-30T09:00:00Z" }, "which is not an instant"],
    [{ anchor: "2026-01-05T25:00:00Z" }, "which is not an instant"],
    [{ anchor: 0 }, "anchor is 0, which is not an instant"],
    [{ adoptId: "1234" }, "adoptId cannot be given here. Take the key over by a CometApiKey"],
    [{ expiredTime: "never" }, "expiredTime cannot be given here. Use hardExpiry"],
  ])("refuses %j", (wrong, reason) => {
    const { refused } = readSchedule({ every: "P30D", overlap: "P2D", ...wrong });
    expect(refused).toEqual([expect.stringContaining(reason)]);
  });

  test("tells all that is wrong at once", () => {
    expect(readSchedule({ every: "P1M", overlap: "", anchor: "today" }).refused).toHaveLength(3);
  });
});

const schedules = fc
  .record({
    every: fc.integer({ min: 1, max: 400 * 86_400 }),
    share: fc.double({ min: 0, max: 0.999, noNaN: true }),
    anchor: fc.integer({ min: 0, max: 4_000_000_000 }),
  })
  .map(({ every, share, anchor }) => ({
    every: every * second,
    overlap: Math.floor(every * share) * second,
    anchor: anchor * second,
  }));
const moments = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * second);

describe("slots", () => {
  test("begin at the anchor and every so often before and after", () => {
    const schedule = { every: 30 * day, overlap: 0, anchor: at("2026-01-05T09:00:00Z") };
    const slot = { start: "2026-01-05T09:00:00Z", end: "2026-02-04T09:00:00Z" };
    expect(slotAt(schedule, at(slot.start))).toEqual(slot);
    expect(slotAt(schedule, at(slot.end) - second)).toEqual(slot);
    expect(slotAt(schedule, at(slot.end)).start).toBe(slot.end);
    expect(slotAt(schedule, at(slot.start) - second)).toEqual({
      start: "2025-12-06T09:00:00Z",
      end: slot.start,
    });
  });

  test("cover all of time, each moment once, wherever the anchor is", () => {
    fc.assert(
      fc.property(schedules, moments, (schedule, now) => {
        const { start, end } = slotAt(schedule, now);
        expect(at(start)).toBeLessThanOrEqual(now);
        expect(at(end)).toBeGreaterThan(now);
        expect(at(end) - at(start)).toBe(schedule.every);
        expect(Math.abs((at(start) - schedule.anchor) % schedule.every)).toBe(0);
        expect(slotAt(schedule, at(end)).start).toBe(end);
        expect(slotAt(schedule, at(start) - second).end).toBe(start);
      }),
    );
  });

  test("have labels of their own, the shorter the rounder they begin", () => {
    const label = (start: string) => slotLabel({ start, end: start });
    expect(label("2026-01-05T00:00:00Z")).toBe("20260105");
    expect(label("2026-01-05T09:30:00Z")).toBe("20260105T0930Z");
    expect(label("2026-01-05T09:30:05Z")).toBe("20260105T093005Z");
    expect(label("2026-01-05T00:00:05Z")).toBe("20260105T000005Z");
    fc.assert(
      fc.property(moments, moments, (one, other) => {
        fc.pre(one !== other);
        expect(label(toRfc3339(one))).not.toBe(label(toRfc3339(other)));
      }),
    );
  });
});

interface Day {
  /** In days, like all lengths and instants below. */
  now: number;
  every?: number;
  overlap?: number;
  anchor?: number;
  hardExpiry?: boolean;
}

/** What an `up` on each of the days would remember. */
function history(days: Day[]): RotationState[] {
  let memory: Partial<RotationState> = {};
  return days.map(({ now, every = 30, overlap = 2, anchor = 0, hardExpiry = false }) => {
    const slot = slotAt({ every: every * day, overlap, anchor: anchor * day }, now * day);
    const after = nextState(memory, {
      ...slot,
      now: toRfc3339(now * day),
      since: toRfc3339(now * day),
      overlap: overlap * day,
      hardExpiry,
      protect: false,
      created: true,
    });
    memory = after;
    return after as RotationState;
  });
}

describe("the previous key", () => {
  const keptOn = (days: (number | Day)[]) =>
    history(days.map((now) => (typeof now === "number" ? { now } : now))).map(({ kept }) =>
      kept.map(({ start }) => at(start) / day),
    );

  test("is none in the first slot", () => {
    expect(keptOn([30, 31, 40])).toEqual([[], [], []]);
  });

  test("stays until the overlap has passed", () => {
    expect(keptOn([0, 30, 31.9, 32, 45])).toEqual([[], [0], [0], [], []]);
  });

  test("stays as long when the up came late within the overlap, or after it", () => {
    expect(keptOn([0, 31.9, 33.8, 33.9])).toEqual([[], [0], [0], []]);
    expect(keptOn([0, 45, 46.9, 47])).toEqual([[], [0], [0], []]);
  });

  test("is the last one there was, after slots without any up", () => {
    expect(keptOn([0, 151, 152, 153])).toEqual([[], [0], [0], []]);
  });

  test("stays even beside the next one, when an up came so late that both are in their overlap", () => {
    expect(keptOn([0, 59, 60, 61, 62])).toEqual([[], [0], [30, 0], [30], []]);
  });

  test("goes with the up that makes the current one, when there is to be no overlap", () => {
    expect(
      keptOn([
        { now: 0, overlap: 0 },
        { now: 30, overlap: 0 },
      ]),
    ).toEqual([[], []]);
  });

  test("goes once it has expired", () => {
    const hardExpiry = true;
    expect(keptOn([0, 30, 31.9, 32].map((now) => ({ now, hardExpiry })))).toEqual([[], [0], [0], []]);
    expect(keptOn([0, 45].map((now) => ({ now, hardExpiry })))).toEqual([[], []]);
    // Its expiry would lie behind it, and CometAPI takes none that does.
    expect(keptOn([0, 45, { now: 46, hardExpiry }])).toEqual([[], [0], []]);
  });

  test("is the current one of before when every or anchor changes, also to a slot that began earlier", () => {
    expect(keptOn([10, { now: 10, every: 7 }, { now: 12, every: 7 }])).toEqual([[], [0], []]);
    expect(keptOn([31, { now: 31, anchor: 10 }])).toEqual([[], [30]]);
  });

  test("is none, and the current one the same, when every changes and the start does not", () => {
    expect(history([{ now: 31 }, { now: 31, every: 15 }])).toEqual([
      { start: toRfc3339(30 * day), end: toRfc3339(60 * day), kept: [] },
      { start: toRfc3339(30 * day), end: toRfc3339(45 * day), kept: [] },
    ]);
  });

  test("becomes the current one again when a change is taken back", () => {
    expect(keptOn([31, { now: 31, every: 7 }, 31.5, 33.5])).toEqual([[], [30], [28], []]);
  });
});

const days: fc.Arbitrary<Day[]> = fc
  .array(
    fc.record({
      passed: fc.oneof(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 200 })),
      changed: fc.option(
        fc
          .record({ every: fc.integer({ min: 1, max: 60 }), share: fc.nat(99), anchor: fc.nat(400) })
          .map(({ every, share, anchor }) => ({ every, overlap: Math.floor((every * share) / 100), anchor })),
        { freq: 4 },
      ),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((steps) => {
    let now = 500;
    let schedule = { every: 30, overlap: 2, anchor: 0 };
    return steps.map(({ passed, changed }) => {
      now += passed / 2;
      schedule = changed ?? schedule;
      return { now, ...schedule };
    });
  });

describe("through late runs and changed schedules", () => {
  test("no key goes before a newer one is there and the overlap has passed, and then it goes at once", () => {
    fc.assert(
      fc.property(days, (days) => {
        /** Since when each living key is not the current one any more. */
        let living = new Map<string, number | undefined>();
        history(days).forEach(({ start, kept }, i) => {
          const { now = 0, overlap = 0 } = days[i] ?? {};
          const before = new Map([...living].map(([key, since]) => [key, since ?? now]));
          const gone = [...before].filter(
            ([key]) => key !== start && !kept.some((slot) => slot.start === key),
          );
          for (const [, since] of gone) expect(now - since).toBeGreaterThanOrEqual(overlap);
          living = new Map([[start, undefined]]);
          for (const slot of kept) {
            const since = before.get(slot.start) ?? Number.NaN;
            expect(now - since).toBeLessThan(overlap);
            living.set(slot.start, since);
          }
          expect(living.size, "each key is declared once").toBe(1 + kept.length);
        });
      }),
    );
  });

  test("there are never more than two, as long as one schedule is kept and an up comes every day", () => {
    const schedule = fc.record({
      every: fc.integer({ min: 2, max: 60 }),
      share: fc.nat(99),
      anchor: fc.nat(60),
    });
    fc.assert(
      fc.property(schedule, ({ every, share, anchor }) => {
        const overlap = Math.floor(((every - 1) * share) / 100);
        const ups = Array.from({ length: 200 }, (_, now) => ({ now, every, overlap, anchor }));
        for (const { kept } of history(ups)) expect(kept.length).toBeLessThan(2);
      }),
    );
  });

  test("a second up of the same moment remembers the same", () => {
    fc.assert(
      fc.property(days, (days) => {
        const twice = history(days.flatMap((day) => [day, day]));
        for (let i = 0; i < twice.length; i += 2) expect(twice[i + 1]).toEqual(twice[i]);
      }),
    );
  });
});
