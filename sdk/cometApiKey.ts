import * as pulumi from "@pulumi/pulumi";
import { assertProviderFound } from "./assertProviderFound";
import type { WrittenKeyArgs } from "./cometApiKeyArgs";
import { dynamicProvider } from "./dynamicProvider";
import { hasType, KeyResource } from "./keyResource";
import { runError } from "./runError";
import { withoutDependencies } from "./withoutDependencies";

const type = "pulumi-nodejs:dynamic/cometapi:CometApiKey";

/**
 * A CometAPI API key.
 *
 * ```ts
 * const key = new CometApiKey("backend", {
 *   remainQuota: usd(25),
 *   modelLimits: ["gpt-5"],
 *   expiredTime: "2027-06-30T00:00:00Z",
 * });
 * export const apiKey = key.key; // a secret
 * ```
 *
 * The account comes from the stack's configuration: `cometapi:accessToken`, `cometapi:baseUrl` and
 * `cometapi:userId`, or `COMETAPI_ACCESS_TOKEN`, `COMETAPI_BASE_URL` and `COMETAPI_USER_ID`. For keys in several
 * accounts see the argument `account`.
 */
export class CometApiKey extends KeyResource {
  /**
   * Whether `obj` is a CometApiKey, even one made by another copy of this package. The type alone decides, so that
   * policies can ask: `validateResourceOfType(CometApiKey, ...)`.
   */
  static override isInstance(obj: unknown): obj is CometApiKey {
    return hasType(obj, type);
  }

  /**
   * @param name the logical name, unique within the stack
   * @param args what the key is to be
   * @param opts `protect`, `retainOnDelete`, `replacementTrigger` and the like
   */
  constructor(name: string, args: WrittenKeyArgs, opts: pulumi.CustomResourceOptions = {}) {
    if (opts.import !== undefined) {
      throw runError(
        `CometApiKey "${name}": the option import cannot be used, because Pulumi cannot import a resource of this kind. ` +
          `Give the argument adoptId: ${JSON.stringify(opts.import)} instead, and the existing key is adopted.`,
      );
    }
    assertProviderFound("pulumi-cometapi/provider");
    super(type, name, args, opts, {
      __provider: dynamicProvider,
      // The host of the provider does not say which resource is checked. Two that adopt one key must be told apart.
      ...((args.adoptId !== undefined || isWarnedOfModels()) && {
        __urn: withoutDependencies(pulumi.createUrn(name, type, opts.parent)),
      }),
    });
  }
}

/** Whether the provider may have something to say of a resource that is no failure of it. */
function isWarnedOfModels(): boolean {
  const mode = pulumi.runtime.getConfig("cometapi:checkModels") ?? process.env["COMETAPI_CHECK_MODELS"];
  return mode === "warn";
}
