// The same for every variant: BENCH_KEYS keys, each of them other in another BENCH_ROUND.
const { CometApiKey } = require("./cometApiKey.js");

const { BENCH_KEYS, BENCH_ROUND } = process.env;

for (let i = 0; i < Number(BENCH_KEYS); i++) {
  new CometApiKey(`service-${i}`, {
    name: `service-${i}-production`,
    remainQuota: 100_000,
    modelLimits: BENCH_ROUND === "2" ? ["gpt-5", "claude-opus-4-6"] : ["gpt-5", "gpt-5-mini"],
    allowIps: ["203.0.113.0/24", "2001:db8::/32"],
    expiredTime: "2099-06-30T00:00:00Z",
  });
}
