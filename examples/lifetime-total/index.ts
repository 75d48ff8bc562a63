import { CometApiKey, usd } from "pulumi-cometapi";

// All that the contractor may use, from the first day to the last. To grant more, raise it.
const key = new CometApiKey("contractor", { totalQuota: usd(20) });

/** A secret. Hand it to the contractor. */
export const apiKey = key.key;
/** As of the last up or refresh. */
export const left = key.availableQuota;
