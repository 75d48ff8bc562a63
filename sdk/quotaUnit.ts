/** CometAPI counts quota in units, 500,000 to the dollar. A self-hosted server may be set to another number. */
export const unitsPerUsd = 500_000;
