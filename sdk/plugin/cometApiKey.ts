import * as pulumi from "@pulumi/pulumi";
import type { WrittenKeyArgs } from "../cometApiKeyArgs";
import { hasType, KeyResource } from "../keyResource";
import { pluginOptions } from "./pluginOptions";

const type = "cometapi:index:CometApiKey";

/** A stack that comes from the dynamic provider keeps its keys. */
const aliases = [{ type: "pulumi-nodejs:dynamic/cometapi:CometApiKey" }];

/**
 * A CometAPI API key, by the provider plugin.
 *
 * ```ts
 * const billing = new Provider("billing", { accessToken: config.requireSecret("billingToken") });
 * const key = new CometApiKey("backend", { remainQuota: usd(25), modelLimits: ["gpt-5"] }, { provider: billing });
 * export const apiKey = key.key; // a secret
 * ```
 *
 * Without the option `provider` the account comes from the stack's configuration: `cometapi:accessToken`,
 * `cometapi:baseUrl` and `cometapi:userId`, or `COMETAPI_ACCESS_TOKEN`, `COMETAPI_BASE_URL` and `COMETAPI_USER_ID`.
 */
export class CometApiKey extends KeyResource {
  /** Whether `obj` is a CometApiKey of the plugin, even one made by another copy of this package. */
  static override isInstance(obj: unknown): obj is CometApiKey {
    return hasType(obj, type);
  }

  /**
   * @param name the logical name, unique within the stack
   * @param args what the key is to be
   * @param opts `provider`, `protect`, `import`, `retainOnDelete` and the like
   */
  constructor(name: string, args: WrittenKeyArgs, opts: pulumi.CustomResourceOptions = {}) {
    super(type, name, args, pulumi.mergeOptions({ ...pluginOptions(opts), aliases }, opts));
  }
}
