import { type CometApiAccount, type CometApiKeySummary, toUsd } from "pulumi-cometapi";

type Key = CometApiKeySummary;

/** What each key of an account has spent, the largest first, and whether the account can pay what they may still use. */
export function spendReport(account: CometApiAccount, keys: Key[], now: Date): string {
  const dollars = (units: number) => formatUsd(toUsd(units, account.unitsPerUsd));
  const rows = [...keys]
    .sort((one, other) => other.usedQuota - one.usedQuota)
    .map((key) => [
      key.name.replaceAll("|", "\\|"),
      key.group || account.group,
      key.unlimitedQuota ? "no limit" : dollars(key.usedQuota + key.availableQuota),
      dollars(key.usedQuota),
      key.unlimitedQuota ? "" : dollars(key.availableQuota),
      isExpired(key, now) ? "expired" : key.status,
      key.expiredTime.slice(0, "2027-06-30".length),
    ]);

  const serving = keys.filter((key) => key.status === "enabled" && !isExpired(key, now));
  const limited = serving.filter((key) => !key.unlimitedQuota);
  const owed = limited.reduce((sum, key) => sum + Math.max(0, key.availableQuota), 0);
  const missing = owed - account.availableQuota;
  const unlimited = serving.length - limited.length;

  return [
    ...table(["key", "group", "budget", "used", "left", "status", "expires"], rows, [2, 3, 4]),
    "",
    `- The account has ${dollars(account.availableQuota)} left, and has used ${dollars(account.usedQuota)}.` +
      (account.predictedDays === undefined
        ? ""
        : ` CometAPI expects that to last ${account.predictedDays} more days.`),
    missing > 0
      ? `- **The keys may still use ${dollars(owed)}, which is ${dollars(missing)} more than the account has left.**`
      : `- The keys may still use ${dollars(owed)}, which the account has.`,
    ...(unlimited > 0 ? [`- Keys without a limit: ${unlimited}. They may use all that is left.`] : []),
    "",
  ].join("\n");
}

/** CometAPI notices that a key has expired only when it is next used. */
function isExpired({ expiredTime }: Key, now: Date): boolean {
  return expiredTime !== "never" && Date.parse(expiredTime) <= now.getTime();
}

/** To the cent, and below one cent as exactly as CometAPI counts. */
function formatUsd(amount: number): string {
  const maximumFractionDigits = amount !== 0 && Math.abs(amount) < 0.01 ? 6 : 2;
  return amount.toLocaleString("en-US", { style: "currency", currency: "USD", maximumFractionDigits });
}

/** A Markdown table that reads well as plain text too. */
function table(head: string[], rows: string[][], amounts: number[]): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => (amounts.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join(" | ")} |`;
  const rule = widths.map((width, i) =>
    amounts.includes(i) ? `${"-".repeat(width - 1)}:` : "-".repeat(width),
  );
  return [line(head), line(rule), ...rows.map(line)];
}
