import type { Backend } from "./backend";
import type { Answer } from "./http";
import type { Account, Use } from "./records";
import type { Endpoint } from "./refusal";

/** `GET /api/user/self`: whose token it is, with balance and use in units (V, N). */
export const self: Endpoint = (_, account) => {
  const used_quota = usedBy(account);
  return {
    data: {
      id: account.userId,
      username: `user${account.userId}`,
      display_name: `User ${account.userId}`,
      role: account.administrator ? 10 : 1,
      status: 1,
      email: "",
      group: account.groups[0] ?? "default",
      quota: account.balance - used_quota,
      used_quota,
      request_count: account.requestCount,
    },
  };
};

/** `GET /api/user/self/stats`: the last 30 days, money in USD, rates in percent, and how long the balance lasts (V). */
export const stats: Endpoint = ({ clock, settings }, account) => {
  const month = account.uses.filter(({ at }) => at > clock.seconds() - 30 * 86_400);
  const used = total(month);
  const days = used > 0 ? Math.floor((account.balance - usedBy(account)) / (used / 30)) : 0;
  return {
    data: {
      month_req_count: month.length,
      month_usage: used / settings.quotaPerUnit,
      month_success_rate: 100,
      req_rate: 0,
      usage_rate: 0,
      predicted_days: days,
    },
  };
};

/** `GET /api/user/models`: what this account may use (N). */
export const userModels: Endpoint = ({ settings }) => ({ data: settings.models });

/** `GET /api/user/self/groups` (N). */
export const userGroups: Endpoint = (_, account) => ({
  data: Object.fromEntries(account.groups.map((name) => [name, { desc: `${name} group`, ratio: 1 }])),
});

/** `GET /api/log/self/stat`: what the requests of a period really cost, in units, of one key's name or of all (V, N). */
export const logStat: Endpoint = ({ clock }, account, { query }) => {
  const name = query.get("token_name") ?? "";
  const from = Number(query.get("start_timestamp") ?? 0);
  const to = Number(query.get("end_timestamp") ?? 0);
  const named = account.uses.filter((use) => name === "" || use.name === name);
  const asked = named.filter(({ at }) => at >= from && (to === 0 || at <= to));
  const lastMinute = named.filter(({ at }) => at > clock.seconds() - 60);
  return { data: { quota: total(asked), rpm: lastMinute.length, tpm: total(lastMinute) } };
};

/** `GET /api/status`: about the server, without a token (N). */
export function status({ personality, settings }: Backend): Answer {
  const data = {
    version: personality.version,
    system_name: "New API",
    quota_per_unit: settings.quotaPerUnit,
    quota_display_type: "USD",
  };
  return { status: 200, body: { success: true, message: "", data } };
}

function usedBy(account: Account): number {
  return account.ever.reduce((sum, { record }) => sum + record.used_quota, 0);
}

function total(uses: Use[]): number {
  return uses.reduce((sum, { cost }) => sum + cost, 0);
}
