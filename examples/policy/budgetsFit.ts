import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";
import { getCometApiAccount, toUsd } from "pulumi-cometapi";
import { type DeclaredKey, isKey } from "./keyPolicy";

/**
 * Warns when the keys of a stack may use more than their account has left. It asks CometAPI for the balance, with the
 * settings of the stack.
 */
export const budgetsFit: StackValidationPolicy = {
  name: "cometapi-budgets-fit-account",
  description: "The account has what the keys of the stack may still use.",
  enforcementLevel: "advisory",
  validateStack: async ({ resources }, report) => {
    for (const [account, units] of mayStillUse(resources.filter(isKey))) {
      const { availableQuota, unitsPerUsd } = await getCometApiAccount({ account });
      if (units <= availableQuota) continue;
      const dollars = (amount: number) => `$${toUsd(amount, unitsPerUsd).toFixed(2)}`;
      const where = account === undefined ? "the account" : `the account "${account}"`;
      report(
        `The keys may still use ${dollars(units)}, and ${where} has ${dollars(availableQuota)}. Top it up, or lower quotas.`,
      );
    }
  },
};

/** In units, by account. A key whose use is not known yet, at preview, counts with all that it is granted. */
function mayStillUse(keys: PolicyResource[]): Map<string | undefined, number> {
  const byAccount = new Map<string | undefined, number>();
  for (const { props } of keys) {
    const { account, status = "enabled", unlimitedQuota, remainQuota, totalQuota }: DeclaredKey = props;
    if (unlimitedQuota || status !== "enabled") continue;
    // An unknown value ends the policy when it is read in the usual way.
    const left: unknown = Object.getOwnPropertyDescriptor(props, "availableQuota")?.value;
    const units = typeof left === "number" ? Math.max(0, left) : (remainQuota ?? totalQuota ?? 0);
    byAccount.set(account, (byAccount.get(account) ?? 0) + units);
  }
  return byAccount;
}
