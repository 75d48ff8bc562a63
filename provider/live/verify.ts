import type { CometApi } from "../api/client";
import type { KeyFields, KeyRecord } from "../api/wire";
import { ProviderError } from "../errors";
import { describeQuota } from "../key/describeQuota";
import { fromUnixSeconds } from "../key/instant";
import { propertyNames, same } from "../key/properties";

/** Every field that is sent. Quota moves by itself and is judged apart, and so is the status. */
const fixed = propertyNames.filter(
  (name) => name !== "remainQuota" && name !== "totalQuota" && name !== "quotaReset" && name !== "status",
);

/** The fields of a record that are not what was sent. */
export function changedFields(record: KeyFields, sent: KeyFields): (keyof KeyFields)[] {
  return fixed.filter(
    (name) => sent[name] !== undefined && !same(name, comparable(name, record), comparable(name, sent)),
  );
}

/**
 * @param api how the server's text and amounts are shown
 * @param usedBefore what had been used when the fields were sent; use may have gone on since
 * @throws {ProviderError} when the server said yes, but did not keep every field
 */
export function assertPersisted(
  record: KeyRecord,
  sent: KeyFields,
  usedBefore: number,
  api: Pick<CometApi, "redact" | "countsInUsualUnit">,
): void {
  const amount = (units: number) => describeQuota(units, api.countsInUsualUnit);
  const lost = changedFields(record, sent).map(
    (name) =>
      `${name} (sent ${JSON.stringify(sent[name])}, stored ${api.redact(JSON.stringify(record[name]))})`,
  );
  if (!sent.unlimitedQuota && !quotaPersisted(record, sent.remainQuota, usedBefore)) {
    lost.push(`remainQuota (sent ${amount(sent.remainQuota)}, stored ${amount(record.remainQuota)})`);
  }
  if (lost.length === 0) return;
  throw new ProviderError(
    `CometAPI accepted the key, but did not keep ${lost.join(" and ")}. The key is safe in the stack's state; ` +
      "declare what this server can keep, then run `pulumi up` again",
  );
}

/**
 * Whether an answer bears out the quota that was sent. Another number is the server's doing if the key was not used
 * meanwhile. If it was, only the sum of what is left and what is used can tell.
 */
export function quotaPersisted(record: KeyRecord, sent: number, usedBefore: number): boolean {
  return record.remainQuota === sent || record.usedQuota !== usedBefore;
}

function comparable(name: keyof KeyFields, fields: KeyFields): unknown {
  return name === "expiredTime" ? fromUnixSeconds(fields.expiredTime) : fields[name];
}
