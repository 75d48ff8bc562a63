import type { RunError } from "@pulumi/pulumi";
import { unitsPerUsd } from "./quotaUnit";
import { runError } from "./runError";

/**
 * An amount of quota in US dollars, as the number of units that CometAPI counts in.
 *
 * ```ts
 * new CometApiKey("backend", { remainQuota: usd(25) }); // 12,500,000 units
 * ```
 *
 * @param dollars 0 or more, with at most four decimals
 * @param unit how many units are one dollar. Default: 500,000; a self-hosted New API says its own as `quota_per_unit` in
 * `/api/status`
 * @throws {pulumi.RunError} when the amount is negative, not finite, not a whole number of units, or more than 2^53-1 units
 */
export function usd(dollars: number, unit: number = unitsPerUsd): number {
  const refuse = (reason: string) => runError(`usd(${dollars}) ${reason}`);
  expectUnit(unit, refuse);
  if (!Number.isFinite(dollars) || dollars < 0) throw refuse("must be an amount of 0 dollars or more");
  if (dollars * unit > Number.MAX_SAFE_INTEGER)
    throw refuse(
      `is more than CometAPI can count: ${Number.MAX_SAFE_INTEGER} units at ${unit} to the dollar`,
    );
  const decimal = dollars.toFixed(4);
  if (Number(decimal) !== dollars) throw refuse(`has more than four decimals. Round it: usd(${decimal})`);
  // In whole numbers: a product of fractions such as 1.1 * 500_000 is not exact.
  const tenThousandths = BigInt(decimal.replace(".", "")) * BigInt(unit);
  if (tenThousandths % 10_000n !== 0n)
    throw refuse(`is not a whole number of units at ${unit} to the dollar`);
  return Number(tenThousandths / 10_000n);
}

/**
 * The dollars that an amount of quota is worth: undoes {@link usd}.
 *
 * ```ts
 * export const dollarsLeft = key.availableQuota.apply((units) => toUsd(units));
 * ```
 *
 * @param units of quota. Negative for a key that its last request has overdrawn
 * @param unit how many units are one dollar. Default: 500,000
 * @throws {pulumi.RunError} when `units` is not a finite number
 */
export function toUsd(units: number, unit: number = unitsPerUsd): number {
  const refuse = (reason: string) => runError(`toUsd(${units}) ${reason}`);
  expectUnit(unit, refuse);
  if (!Number.isFinite(units)) throw refuse("must be an amount of quota");
  return units / unit;
}

function expectUnit(unit: number, refuse: (reason: string) => RunError): void {
  if (!Number.isSafeInteger(unit) || unit <= 0)
    throw refuse(`cannot be counted: the unit, ${unit}, must be a whole number of units to the dollar`);
}
