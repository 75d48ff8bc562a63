import { CometApiKey } from "pulumi-cometapi";

const key = new CometApiKey("backend", {
  remainQuota: 100_000,
  modelLimits: ["gpt-5-mini"],
});

export const apiKey = key.key;
