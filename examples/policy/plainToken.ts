import { type ResourceValidationPolicy, Secret } from "@pulumi/policy";

const plainTokens = new Set<string>();

/**
 * Refuses an access token that stands in the configuration in plain text: it would lie in every state file. The token is
 * an input of the provider, and only a remediation is shown which inputs are secrets.
 */
export const noPlainTextToken: ResourceValidationPolicy = {
  name: "cometapi-no-plain-text-token",
  description: "The access token is a secret of the stack's configuration, or comes from the environment.",
  enforcementLevel: "remediate",
  remediateResource: ({ type, urn, props }) => {
    if (!type.startsWith("pulumi:providers:")) return;
    const token = Object.getOwnPropertyDescriptor(props, "cometapi:accessToken")?.value;
    if (token !== undefined && !(token instanceof Secret)) plainTokens.add(urn);
  },
  validateResource: ({ urn }, report) => {
    if (plainTokens.has(urn))
      report(
        "Run `pulumi config set --secret cometapi:accessToken`, and replace the token: it is in the state.",
      );
  },
};
