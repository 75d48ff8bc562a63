import { CometApiKey, usd } from "pulumi-cometapi";

// Each team has a CometAPI account of its own, so that each gets its own bill.
const teams = ["billing", "search"];

/** The key of each team. */
export const apiKeys = Object.fromEntries(
  teams.map((team) => [team, new CometApiKey(team, { account: team, remainQuota: usd(10) }).key]),
);

// In the account of `cometapi:account`, or else in the default account.
const shared = new CometApiKey("shared", { remainQuota: usd(2) });
export const sharedKey = shared.key;
