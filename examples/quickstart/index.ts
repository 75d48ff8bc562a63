import { CometApiKey, usd } from "pulumi-cometapi";

const key = new CometApiKey("backend", {
  remainQuota: usd(25),
  modelLimits: ["gpt-5", "claude-opus-4-6"],
  allowIps: ["127.0.0.0/8", "203.0.113.0/24", "2001:db8::/32"],
  expiredTime: "2027-06-30T00:00:00Z",
});

/** Hand it to what makes model requests. It is a secret wherever it goes. */
export const apiKey = key.key;
/** What CometAPI's console shows. */
export const keyName = key.name;
