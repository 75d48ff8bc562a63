import { CometApiKey, usd } from "pulumi-cometapi";

// Created in the console long ago, and in use. 1234 is its id there.
const key = new CometApiKey(
  "backend",
  {
    adoptId: "1234",
    remainQuota: usd(20),
    modelLimits: ["gpt-5", "claude-opus-4-6"],
  },
  // The key stays when this resource, or the stack, is deleted.
  { retainOnDelete: true },
);

/** The secret that the key has always had. */
export const apiKey = key.key;
