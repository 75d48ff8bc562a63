import { PolicyPack } from "@pulumi/policy";
import { usd } from "pulumi-cometapi";
import { budgetsFit } from "./budgetsFit";
import { keyPolicy, stackOf } from "./keyPolicy";
import { noPlainTextToken } from "./plainToken";

new PolicyPack("cometapi", {
  policies: [
    keyPolicy("cometapi-no-unlimited-keys", "Each key has a quota.", ({ unlimitedQuota }, report) => {
      if (unlimitedQuota) report("Give this key a remainQuota instead of unlimitedQuota: true.");
    }),

    keyPolicy(
      "cometapi-quota-limit",
      "No key is given more than so many dollars.",
      ({ remainQuota = 0, totalQuota = 0 }, report, args) => {
        const { maxDollars } = args.getConfig<{ maxDollars: number }>();
        if (Math.max(remainQuota, totalQuota) > usd(maxDollars))
          report(`Give this key at most usd(${maxDollars}).`);
      },
      { properties: { maxDollars: { type: "number", default: 100 } } },
    ),

    keyPolicy(
      "cometapi-expiry",
      "Each key expires within so many days.",
      ({ expiredTime = "never" }, report, args) => {
        const { maxDays } = args.getConfig<{ maxDays: number }>();
        const latest = Date.now() + maxDays * 86_400_000;
        if (expiredTime === "never" || Date.parse(expiredTime) > latest)
          report(`Give this key an expiredTime within ${maxDays} days, or hardExpiry if it is rotated.`);
      },
      { properties: { maxDays: { type: "number", default: 400 } } },
    ),

    keyPolicy(
      "cometapi-models",
      "Each key names its models.",
      ({ modelLimits = [], modelLimitsEnabled = true }, report) => {
        if (modelLimits.length === 0 || !modelLimitsEnabled)
          report("Name the models of this key in modelLimits, and leave modelLimitsEnabled out.");
      },
    ),

    keyPolicy(
      "cometapi-addresses",
      "In production each key names the addresses that may use it.",
      ({ allowIps = [] }, report, args) => {
        const { stacks } = args.getConfig<{ stacks: string }>();
        const stack = stackOf(args);
        if (allowIps.length === 0 && new RegExp(stacks).test(stack))
          report(`Name the addresses of this key in allowIps: ${stack} is a production stack.`);
      },
      { properties: { stacks: { type: "string", default: "^prod" } } },
    ),

    noPlainTextToken,
    budgetsFit,
  ],
});
