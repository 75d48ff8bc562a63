import type { CustomResource, Unwrap } from "@pulumi/pulumi";
import type { CometApiKeyArgs } from "../../sdk/cometApiKeyArgs";
import type { KeyResource } from "../../sdk/keyResource";
import type { QuotaReset } from "./period";

/** The arguments as a program gives them. */
export type DeclaredKey = Unwrap<CometApiKeyArgs>;

/** A declaration with every default filled in and every instant in its one spelling. */
export interface ResolvedKey {
  name: string;
  status: "enabled" | "disabled";
  expiredTime: string;
  /** Absent if the quota is declared in another way. */
  remainQuota?: number;
  /** Absent if the quota is declared in another way. */
  totalQuota?: number;
  /** Absent if the quota is written only when it is declared anew. */
  quotaReset?: QuotaReset;
  unlimitedQuota: boolean;
  modelLimits: string[];
  modelLimitsEnabled: boolean;
  allowIps: string[];
  group: string;
  crossGroupRetry: boolean;
  /** Absent if it is not declared: then it is left as it is. */
  autoGroups?: string[];
}

/**
 * What state remembers beside the live key. The engine hides a property that begins with `__`, but shows when one is
 * added or removed, so these stay in the inputs as long as possible.
 */
export interface Remembered {
  /** The account under `cometapi:accounts` that the key is in; absent: the default account. A change replaces the key. */
  account?: string;
  /** The period that the quota is for, with `quotaReset`: when it changes, the quota is written anew. */
  quotaPeriod?: string;
  /** The generated name, kept while no name is declared, even after somebody else renamed the live key. */
  __autoName?: string;
  /** The declared expiry, while the live one differs. It may have passed without being refused as a new one. */
  __expiredTime?: string;
}

/** What the next update must know about an update that failed. */
export interface Unfinished {
  /** The quota granted in all before the failed update: remaining and used together. */
  granted: number;
  /** The quota that the failed update was to write, if it is not known to be written. */
  quota?: number;
  /** The period that this quota was for, with `quotaReset`. */
  period?: string;
  /** The total that the failed update was to write, likewise. Used only if the next update declares no total. */
  totalQuota?: number;
  /** The ids of duplicates left by retried creates that are still to be deleted. */
  extras?: string[];
}

/** The inputs kept in state: only values that differ from their defaults, so that previews show nothing else. */
export type KeyInputs = Partial<ResolvedKey> & { name: string } & Remembered & {
    /** The id of the adopted key. Kept for life, even after the program no longer gives it. */
    adoptId?: string;
  };

type Outputs = Unwrap<Omit<KeyResource, Exclude<keyof CustomResource, "name">>>;

/** The outputs kept in state. Whatever released versions have stored (`test/upgrade/states/`) must stay readable. */
export type KeyState = Omit<
  Outputs,
  "remainQuota" | "totalQuota" | "autoGroups" | "quotaReset" | "quotaPeriod" | "key" | "account"
> &
  Remembered & {
    /** As last declared and written; absent if it is not declared. */
    remainQuota?: number;
    /** The declared total, or remaining + used where the live key differs. Only if declared. */
    totalQuota?: number;
    /** Only if declared. */
    autoGroups?: string[];
    quotaReset?: QuotaReset;
    /** Absent if the key was created but its secret could not be read. */
    key?: string;
    /** Distinguishes this adoption from any other of the same key. Absent if the provider created the key. */
    __adopted?: string;
    /** The key was disabled outside Pulumi, and an update has left it so. Until a refresh shows it, no preview enables it. */
    __leftDisabled?: boolean;
    /** What was granted in all before a refresh saw another sum in a new period, with `quotaReset`. */
    __granted?: number;
    /** Unlike the engine's own mark of a half-made resource, this one survives a refresh. */
    __unfinished?: Unfinished;
  };

/** What was declared, or what state holds of it. */
export type Known = Partial<Omit<ResolvedKey, "status" | "remainQuota">> &
  Omit<Remembered, "quotaPeriod"> &
  Pick<KeyState, "__adopted"> & {
    status?: KeyState["status"];
    remainQuota?: number | undefined;
    quotaPeriod?: string | undefined;
  };

/** Why an argument cannot be used, and what to do about it. */
export interface Failure {
  property: string;
  reason: string;
}
