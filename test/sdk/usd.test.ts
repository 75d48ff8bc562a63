import { RunError } from "@pulumi/pulumi";
import fc from "fast-check";
import { toUsd, usd } from "pulumi-cometapi";
import { describe, expect, test } from "vitest";

describe("usd", () => {
  test.each([
    [25, 12_500_000],
    [0, 0],
    [1.1, 550_000],
    [0.0001, 50],
    [0.2, 100_000],
    [1_000_000_000, 500_000_000_000_000],
  ])("%d dollars are %d units", (dollars, units) => {
    expect(usd(dollars)).toBe(units);
  });

  test("every amount of up to four decimals is exact to the unit, and is read back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 180_000_000_000 }), (tenThousandths) => {
        const dollars = tenThousandths / 10_000;
        expect(usd(dollars)).toBe(tenThousandths * 50);
        expect(toUsd(usd(dollars))).toBe(dollars);
      }),
    );
  });

  test("another unit is the second argument", () => {
    expect(usd(25, 1_000)).toBe(25_000);
    expect(toUsd(25_000, 1_000)).toBe(25);
  });

  test.each([
    [-1, undefined, "0 dollars or more"],
    [Number.NaN, undefined, "0 dollars or more"],
    [Number.POSITIVE_INFINITY, undefined, "0 dollars or more"],
    [20_000_000_000, undefined, "more than CometAPI can count"],
    [1e300, undefined, "more than CometAPI can count"],
    [0.00001, undefined, "more than four decimals"],
    [0.1 + 0.2, undefined, "Round it: usd(0.3000)"],
    [0.0001, 1_000, "not a whole number of units at 1000 to the dollar"],
    [1, 0, "the unit, 0, must be"],
    [1, 0.5, "the unit, 0.5, must be"],
  ])("usd(%d, %s) is refused", (dollars, unit, reason) => {
    expect(() => usd(dollars, unit)).toThrow(reason);
  });
});

test("a wrong amount ends the program with one line and no stack trace", () => {
  expect(() => usd(-1)).toThrow(RunError);
  expect(() => usd(-1)).toThrow(expect.objectContaining({ stack: "" }));
});

test("toUsd takes the negative quota of an overdrawn key, and refuses what is no quota", () => {
  expect(toUsd(-500)).toBe(-0.001);
  expect(() => toUsd(Number.NaN)).toThrow("must be an amount of quota");
});
