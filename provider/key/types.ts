import type { CustomResource, Unwrap } from "@pulumi/pulumi";
import type { CometApiKey, CometApiKeyArgs } from "../../sdk/cometApiKey";

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
export interface Remembered {
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
    /** The key that was adopted, kept for life: also once the program says nothing of it any more. */
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
    /** Tells this adopting from any other of the same key. Absent from a key that the provider made. */
    __adopted?: string;
    /** Unlike the engine's own mark of a half-made resource, this one survives a refresh. */
    __unfinished?: Unfinished;
  };

/** What was declared, or what state says of it. */
export type Known = Partial<Omit<ResolvedKey, "status" | "remainQuota">> &
  Remembered &
  Pick<KeyState, "__adopted"> & { status?: KeyState["status"]; remainQuota?: number | undefined };

/** Why an argument cannot be used, and what to do about it. */
export interface Failure {
  property: string;
  reason: string;
}
