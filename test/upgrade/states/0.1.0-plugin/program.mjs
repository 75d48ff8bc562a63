import { CometApiKey } from "pulumi-cometapi";

// The shapes that keys come in. Each version's copy lies beside the state that it left.

new CometApiKey("generated", { remainQuota: 5_000 });

new CometApiKey("declared", { name: "a name of its own", remainQuota: 5_000 });

new CometApiKey("limited", {
  remainQuota: 100_000,
  expiredTime: "2099-06-30T00:00:00+02:00",
  modelLimits: ["gpt-5", "claude-opus-4-6"],
  allowIps: ["203.0.113.0/24", "2001:db8::/32"],
  group: "auto",
  crossGroupRetry: true,
});

new CometApiKey("unlimited", { unlimitedQuota: true, expiredTime: 4_070_908_800 });

new CometApiKey("disabled", {
  status: "disabled",
  remainQuota: 0,
  modelLimits: ["gpt-5"],
  modelLimitsEnabled: false,
});

new CometApiKey("exhausted", { remainQuota: 10 });

new CometApiKey("halfMade", { name: "half-made", remainQuota: 5_000 });
