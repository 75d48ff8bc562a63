// Returns what a real key would. check, diff and the rest are left to the engine, which is quicker still.
let made = 0;

/** With a slow server, the round trips that no provider can do without, and no work. */
const roundTrips = (count) => {
  const ms = count * Number(process.env.BENCH_LATENCY);
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : undefined;
};

const outputs = (inputs) => ({
  ...inputs,
  key: "sk-0123456789abcdef0123456789abcdef0123456789abcdef",
  status: "enabled",
  unlimitedQuota: false,
  modelLimitsEnabled: true,
  group: "",
  crossGroupRetry: false,
  userId: 5000,
  createdTime: "2026-01-01T00:00:00Z",
  accessedTime: "2026-01-01T00:00:00Z",
  usedQuota: 0,
  availableQuota: 100_000,
});

// POST, a look at the list, PUT of the real name.
exports.create = async (inputs) => {
  await roundTrips(3);
  return { id: String(1000 + ++made), outs: outputs(inputs) };
};
exports.read = async (id, props) => {
  await roundTrips(1);
  return { id, props };
};
// GET of what is left of the quota, PUT.
exports.update = async (_id, _olds, news) => {
  await roundTrips(2);
  return { outs: outputs(news) };
};
exports.delete = () => roundTrips(1);
