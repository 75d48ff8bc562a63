import { toUnixSeconds } from "./instant";
import { type PropertyName, same } from "./properties";
import type { DeclaredKey, KeyInputs } from "./types";

/** What a rule may know beside what is declared. */
interface Circumstances {
  /** The inputs in state, if the resource exists. */
  old: Partial<KeyInputs>;
  /** Milliseconds since the Unix epoch. */
  now: number;
}

/** What several properties, or a property and the time, must agree on. Each property alone: `properties.ts`. */
export interface Rule {
  /** The properties it looks at. It is left out while one of them is unknown, misspelt or refused by itself. */
  about: readonly PropertyName[];
  /**
   * Whether somebody else may have left a key so. Then it is left out for a key that has all of this already, which is to
   * be imported or adopted as it is. What only a program can say is judged always.
   */
  mayBeFound?: boolean;
  /** Why they cannot be used, and which one to name: the reason continues a sentence that begins with that name. */
  refuse(key: DeclaredKey, circumstances: Circumstances): [PropertyName, string] | undefined;
}

/** The ways to declare a quota, of which a key has exactly one. */
const quotas = ["remainQuota", "totalQuota", "unlimitedQuota"] as const;

export const rules: readonly Rule[] = [
  {
    about: ["expiredTime"],
    mayBeFound: true,
    refuse({ expiredTime }, { old, now }) {
      if (typeof expiredTime !== "string") return undefined;
      const isOld = [old.expiredTime, old.__expiredTime].some((was) => same("expiredTime", expiredTime, was));
      const seconds = toUnixSeconds(expiredTime);
      if (isOld || seconds === -1 || seconds * 1000 > now) return undefined;
      return [
        "expiredTime",
        `is ${expiredTime}, which has passed. A new expiry must be in the future, or "never"`,
      ];
    },
  },
  {
    about: quotas,
    refuse(key) {
      const [quota, ...others] = quotas.filter((name) => isDeclared(key[name]));
      if (quota === undefined)
        return [
          "remainQuota",
          "is missing. Give remainQuota or totalQuota a number, or unlimitedQuota: true",
        ];
      if (others.length === 0) return undefined;
      return [
        quota,
        `cannot go with ${others.join(" and ")}. Give one of remainQuota, totalQuota and unlimitedQuota: true`,
      ];
    },
  },
  {
    about: ["quotaReset", ...quotas],
    refuse(key) {
      if (key.quotaReset === undefined || isDeclared(key.remainQuota)) return undefined;
      const other = quotas.find((name) => isDeclared(key[name]));
      // A missing quota is reported already.
      if (other === undefined) return undefined;
      const why =
        other === "totalQuota"
          ? "a total is for the whole life of the key"
          : "a key without a limit has nothing to reset";
      return [
        "quotaReset",
        `cannot go with ${other}: ${why}. Give remainQuota, the quota of each period, or leave quotaReset out`,
      ];
    },
  },
  {
    about: ["modelLimitsEnabled", "modelLimits"],
    mayBeFound: true,
    refuse: ({ modelLimitsEnabled, modelLimits }) =>
      modelLimitsEnabled === true && !modelLimits?.length
        ? [
            "modelLimitsEnabled",
            "is true, but modelLimits is empty: that would block every model. Name the models, or leave this out. " +
              'To block the key, use status: "disabled"',
          ]
        : undefined,
  },
  {
    about: ["crossGroupRetry", "group"],
    mayBeFound: true,
    refuse: ({ crossGroupRetry, group }) =>
      crossGroupRetry === true && !group
        ? [
            "crossGroupRetry",
            'is true, but there is no group. Name one, such as group: "auto", or leave this out',
          ]
        : undefined,
  },
  {
    about: ["autoGroups", "group"],
    refuse: ({ autoGroups, group }) =>
      autoGroups?.length && group !== "auto"
        ? ["autoGroups", 'has an effect only with group: "auto". Declare that too, or leave this out']
        : undefined,
  },
];

/** `false` is the same as leaving it out; a quota of 0 is not. */
function isDeclared(quota: unknown): boolean {
  return quota !== undefined && quota !== null && quota !== false;
}
