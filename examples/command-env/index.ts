import { local } from "@pulumi/command";
import { CometApiKey, usd } from "pulumi-cometapi";

const key = new CometApiKey("nightly-report", { remainQuota: usd(10), modelLimits: ["gpt-5-mini"] });

const report = new local.Command("nightly-report", {
  create: "node report.mjs",
  environment: { COMETAPI_KEY: key.key },
});

export const output = report.stdout;
