import type { CustomResource, Unwrap } from "@pulumi/pulumi";
import type { CometApiKey, CometApiKeyArgs } from "../sdk/cometApiKey";
import type { KeyFields, KeyRecord } from "./api/wire";
import { fromUnixSeconds, toUnixSeconds } from "./instant";
import { property, propertyNames, same } from "./properties";
import { isReadable } from "./secret";
import { holdsUnknown } from "./unknown";

/** The arguments as a program gives them. */
export type DeclaredKey = Unwrap<CometApiKeyArgs>;

/** What is declared, with every default filled in and every instant in its one spelling. */
export interface ResolvedKey {
  name: string;
  status: "enabled" | "disabled";
  expiredTime: string;
  /** Absent from a key whose quota is declared in another way. */
  remainQuota?: number;
  /** Likewise. */
  totalQuota?: number;
  unlimitedQuota: boolean;
  modelLimits: string[];
  modelLimitsEnabled: boolean;
  allowIps: string[];
  group: string;
  crossGroupRetry: boolean;
}

/**
 * What state remembers beside the live key. The engine hides a property that begins with `__`, but shows when one
 * comes or goes, so they stay in the inputs as long as they can.
 */
interface Remembered {
  /** The account under `cometapi:accounts` that the key was made in; absent: the stack's own. It replaces, never updates. */
  account?: string;
  /** The generated name, kept while none is declared: also after somebody else renamed the live key. */
  __autoName?: string;
  /** The declared expiry, while the live one differs: it may have passed, and yet is not a new one. */
  __expiredTime?: string;
}

/** An update that is owed, and what it must know of the one that failed. */
export interface Unfinished {
  /** What was granted in all before it, left and used together. */
  granted: number;
  /** The quota that it was to write, where that is not known to have been done. */
  quota?: number;
  /** Likewise the total, for the case that the next update declares none: if it does, the total needs no memory. */
  totalQuota?: number;
  /** The ids of keys that its lost creates have made besides, and that are still to be deleted. */
  extras?: string[];
}

/** The inputs kept in state: only what differs from its default, so that previews show nothing else. */
export type KeyInputs = Partial<ResolvedKey> & { name: string } & Remembered & {
    /** The key that was taken over, kept for life: also once the program says nothing of it any more. */
    adoptId?: string;
  };

type Outputs = Unwrap<Omit<CometApiKey, Exclude<keyof CustomResource, "name">>>;

/** The outputs kept in state. What released versions have kept there (`test/upgrade/states/`) must be understood for good. */
export type KeyState = Omit<Outputs, "remainQuota" | "totalQuota" | "key" | "account"> &
  Remembered & {
    /** As last declared and written; absent where it is not declared. */
    remainQuota?: number;
    /** As declared, or what the live key adds up to where that differs; absent where it is not declared. */
    totalQuota?: number;
    /** Absent from a key that was made but could not be read. */
    key?: string;
    /** Tells this taking over from any other of the same key. Absent from a key that the provider made. */
    __adopted?: string;
    /** Unlike the engine's own mark of a half-made resource, this one survives a refresh. */
    __unfinished?: Unfinished;
  };

/** What was declared, or what state says of it. */
export type Known = Partial<Omit<ResolvedKey, "status" | "remainQuota">> &
  Remembered &
  Pick<KeyState, "__adopted"> & { status?: KeyState["status"]; remainQuota?: number | undefined };

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

/** What goes on the wire. `remainQuota` is given apart: most updates send what is left, not what is declared. */
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
  };
}

/** What is to be left of a declared total. */
export function leftOf(totalQuota: number, usedQuota: number): number {
  return Math.max(0, totalQuota - usedQuota);
}

/** Whether a live key has left what a declared total says. One overdrawn by its last request has as little left as 0. */
export function keepsTotal({ remainQuota, usedQuota }: KeyRecord, totalQuota: number): boolean {
  return Math.max(0, remainQuota) === leftOf(totalQuota, usedQuota);
}

/**
 * The outputs of a live key. What means the same as it does in `known` keeps the spelling it has there. The
 * declared quota is not a property of the live key, so it too comes from `known`.
 */
export function stateOf(record: KeyRecord, known: Known): KeyState {
  const { totalQuota: total } = known;
  const live: Record<string, unknown> = {
    ...record,
    expiredTime: fromUnixSeconds(record.expiredTime),
    totalQuota:
      total === undefined || keepsTotal(record, total)
        ? total
        : Math.max(0, record.remainQuota) + record.usedQuota,
  };
  const kept: Record<string, unknown> = {};
  for (const name of propertyNames)
    kept[name] = same(name, live[name], known[name]) ? known[name] : live[name];
  const { remainQuota, totalQuota, ...properties } = kept as unknown as ResolvedKey;
  const declaredQuota =
    known.name === undefined && !record.unlimitedQuota ? record.remainQuota : known.remainQuota;
  return {
    ...properties,
    ...(declaredQuota !== undefined && { remainQuota: declaredQuota }),
    ...(totalQuota !== undefined && { totalQuota }),
    ...(isReadable(record.key) && { key: record.key }),
    userId: record.userId,
    createdTime: fromUnixSeconds(record.createdTime),
    accessedTime: fromUnixSeconds(record.accessedTime),
    usedQuota: record.usedQuota,
    availableQuota: record.remainQuota,
    ...remembered(known),
    ...(known.__adopted !== undefined && { __adopted: known.__adopted }),
  };
}

/** The inputs that would have made this state: what a refresh puts in their place, so that drift shows in a preview. */
export function inputsOf(state: KeyState): KeyInputs {
  const status = state.status === "disabled" ? "disabled" : "enabled";
  return {
    ...(withoutDefaults({ ...state, status }) as KeyInputs),
    ...remembered(state),
  };
}

export function remembered({ account, __autoName, __expiredTime }: Remembered): Remembered {
  return {
    ...(account !== undefined && { account }),
    ...(__autoName !== undefined && { __autoName }),
    ...(__expiredTime !== undefined && { __expiredTime }),
  };
}
