import { unitsPerUsd } from "../../sdk/quotaUnit";

/** An amount of quota to be read, such as `70000 ($0.14)`: nobody thinks in units. */
export function describeQuota(units: number, isUsualUnit: boolean): string {
  return isUsualUnit ? `${units} ($${units / unitsPerUsd})` : String(units);
}
