import type { KeyFields, KeyRecord } from "../api/wire";
import { fromUnixSeconds, toUnixSeconds } from "./instant";
import { property, propertyNames, same } from "./properties";
import type { DeclaredKey, KeyInputs, KeyState, Known, Remembered, ResolvedKey } from "./types";
import { holdsUnknown } from "./unknown";

/** Fills in the defaults. State of an older version, which may lack properties, is read in the same way. */
export function resolve(declared: DeclaredKey): ResolvedKey {
  const resolved: Record<string, unknown> = {};
  for (const name of propertyNames) {
    const value = declared[name] ?? property(name).fallback?.(declared);
    if (value !== undefined) resolved[name] = value;
  }
  return resolved as unknown as ResolvedKey;
}

/** Leaves out what equals its default. Unknown values stay. */
export function withoutDefaults(key: DeclaredKey): Partial<ResolvedKey> {
  const kept: Record<string, unknown> = {};
  for (const name of propertyNames) {
    const value = key[name];
    if (value === undefined || value === null) continue;
    const fallback = property(name).fallback?.(key);
    if (holdsUnknown(value) || fallback === undefined || !same(name, value, fallback)) kept[name] = value;
  }
  return kept;
}

/** The fields to send. `remainQuota` is an argument of its own: most updates send what is left, not what is declared. */
export function fieldsOf(key: ResolvedKey, remainQuota: number): KeyFields {
  return {
    name: key.name,
    expiredTime: toUnixSeconds(key.expiredTime),
    remainQuota,
    unlimitedQuota: key.unlimitedQuota,
    modelLimitsEnabled: key.modelLimitsEnabled,
    modelLimits: key.modelLimits,
    allowIps: key.allowIps,
    group: key.group,
    crossGroupRetry: key.crossGroupRetry,
    ...(key.autoGroups !== undefined && { autoGroups: key.autoGroups }),
  };
}

/** The quota that should be left of a declared total. */
export function leftOf(totalQuota: number, usedQuota: number): number {
  return Math.max(0, totalQuota - usedQuota);
}

/** Whether a live key has as much left as a declared total says. An overdrawn key counts as having 0 left. */
export function keepsTotal({ remainQuota, usedQuota }: KeyRecord, totalQuota: number): boolean {
  return Math.max(0, remainQuota) === leftOf(totalQuota, usedQuota);
}

/**
 * The outputs of a live key. A value that means the same as in `known` keeps its spelling from there. The declared quota
 * is not a property of the live key, so it also comes from `known`.
 */
export function stateOf(record: KeyRecord, known: Known): KeyState {
  const { totalQuota: total } = known;
  const live: Record<string, unknown> = {
    ...record,
    expiredTime: fromUnixSeconds(record.expiredTime),
    // State of those who do not declare it has never held it.
    autoGroups: known.autoGroups === undefined ? undefined : record.autoGroups,
    totalQuota:
      total === undefined || keepsTotal(record, total)
        ? total
        : Math.max(0, record.remainQuota) + record.usedQuota,
    quotaReset: known.quotaReset,
  };
  const kept: Record<string, unknown> = {};
  for (const name of propertyNames)
    kept[name] = same(name, live[name], known[name]) ? known[name] : live[name];
  const { remainQuota, totalQuota, autoGroups, quotaReset, ...properties } = kept as unknown as ResolvedKey;
  const declaredQuota =
    known.name === undefined && !record.unlimitedQuota ? record.remainQuota : known.remainQuota;
  return {
    ...properties,
    ...(declaredQuota !== undefined && { remainQuota: declaredQuota }),
    ...(totalQuota !== undefined && { totalQuota }),
    ...(autoGroups !== undefined && { autoGroups }),
    ...(quotaReset !== undefined && { quotaReset }),
    ...(record.key !== undefined && { key: record.key }),
    userId: record.userId,
    createdTime: fromUnixSeconds(record.createdTime),
    accessedTime: fromUnixSeconds(record.accessedTime),
    usedQuota: record.usedQuota,
    availableQuota: record.remainQuota,
    ...remembered(known),
    ...(known.__adopted !== undefined && { __adopted: known.__adopted }),
  };
}

/** The inputs that would lead to this state. A refresh stores them, so that the next preview shows drift. */
export function inputsOf(state: KeyState): KeyInputs {
  const status = state.status === "disabled" ? "disabled" : "enabled";
  return {
    ...(withoutDefaults({ ...state, status }) as KeyInputs),
    ...remembered(state),
  };
}

export function remembered({
  account,
  quotaPeriod,
  __autoName,
  __expiredTime,
}: Pick<Known, keyof Remembered>): Remembered {
  return {
    ...(account !== undefined && { account }),
    ...(quotaPeriod !== undefined && { quotaPeriod }),
    ...(__autoName !== undefined && { __autoName }),
    ...(__expiredTime !== undefined && { __expiredTime }),
  };
}
