import { RotatingCometApiKey, usd } from "pulumi-cometapi";

const key = new RotatingCometApiKey("backend", {
  every: "P30D",
  overlap: "P2D",
  anchor: "2026-01-05T09:00:00Z",
  remainQuota: usd(20),
  modelLimits: ["gpt-5"],
});

/** Hand it to what makes model requests: a secret that is another one every 30 days. */
export const apiKey = key.key;
/** Which key that is. */
export const current = key.current;
/** Run `pulumi up` soon after this. */
export const rotatesAt = key.rotatesAt;
