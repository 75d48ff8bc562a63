import type { ReportViolation, ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";

/** A key of the dynamic resource, and one of the provider plugin. */
const keyTypes = ["pulumi-nodejs:dynamic/cometapi:CometApiKey", "cometapi:index:CometApiKey"];

/** What a policy sees of a key: only what differs from its default. An unknown value ends the policy with a notice. */
export interface DeclaredKey {
  remainQuota?: number;
  totalQuota?: number;
  unlimitedQuota?: boolean;
  expiredTime?: string;
  modelLimits?: string[];
  modelLimitsEnabled?: boolean;
  allowIps?: string[];
  status?: string;
  account?: string;
}

/** Whether a resource is a CometAPI key, whichever provider manages it. */
export function isKey({ type }: { type: string }): boolean {
  return keyTypes.includes(type);
}

/** A rule about each CometAPI key, whichever provider manages it. */
export function keyPolicy(
  name: string,
  description: string,
  validate: (key: DeclaredKey, report: ReportViolation, args: ResourceValidationArgs) => void,
  configSchema?: ResourceValidationPolicy["configSchema"],
): ResourceValidationPolicy {
  return {
    name,
    description,
    enforcementLevel: "mandatory",
    ...(configSchema && { configSchema }),
    validateResource: (args, report) => {
      if (isKey(args)) validate(args.props, report, args);
    },
  };
}

/** The name of the stack, which stands in the URN of each of its resources. */
export function stackOf({ urn }: { urn: string }): string {
  return urn.split("::")[0]?.replace("urn:pulumi:", "") ?? "";
}
