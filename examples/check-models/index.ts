import { CometApiKey, usd } from "pulumi-cometapi";

// Pulumi.yaml sets cometapi:checkModels, so a misspelt model is found before anything is made.
const chat = new CometApiKey("chat", {
  remainQuota: usd(20),
  modelLimits: ["gpt-5", "claude-opus-4-6"],
});
export const apiKey = chat.key;
