import type { KeyFields, KeyRecord } from "./api/wire";
import { Impossible } from "./errors";
import { fromUnixSeconds } from "./instant";
import { propertyNames, same } from "./properties";

/** Every field that is sent. Quota moves by itself and is judged apart, and so is the status. */
const fixed = propertyNames.filter(
  (name) => name !== "remainQuota" && name !== "totalQuota" && name !== "status",
);

/** The fields of a record that are not what was sent. */
export function differences(record: KeyFields, sent: KeyFields): (keyof KeyFields)[] {
  return fixed.filter((name) => !same(name, comparable(name, record), comparable(name, sent)));
}

/**
 * @param quote makes the server's text fit to be shown
 * @param usedBefore what had been used when the fields were sent; use may have gone on since
 * @throws {Impossible} when the server said yes, but did not keep every field
 */
export function expectStored(
  record: KeyRecord,
  sent: KeyFields,
  usedBefore: number,
  quote: (text: string) => string,
): void {
  const lost = differences(record, sent).map(
    (name) => `${name} (sent ${JSON.stringify(sent[name])}, stored ${quote(JSON.stringify(record[name]))})`,
  );
  if (!sent.unlimitedQuota && !quotaStored(record, sent.remainQuota, usedBefore)) {
    lost.push(`remainQuota (sent ${sent.remainQuota}, stored ${record.remainQuota})`);
  }
  if (lost.length === 0) return;
  throw new Impossible(
    `CometAPI accepted the key, but did not keep ${lost.join(" and ")}. The key is safe in the stack's state; ` +
      "declare what this server can keep, then run `pulumi up` again",
  );
}

/** A write gives exactly `sent`; whatever was used since is missing from it and was added to what is used. */
export function quotaStored(record: KeyRecord, sent: number, usedBefore: number): boolean {
  return record.remainQuota <= sent && record.remainQuota + record.usedQuota >= sent + usedBefore;
}

function comparable(name: keyof KeyFields, fields: KeyFields): unknown {
  return name === "expiredTime" ? fromUnixSeconds(fields.expiredTime) : fields[name];
}
