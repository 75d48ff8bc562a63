import * as pulumi from "@pulumi/pulumi";
import { hasType } from "../keyResource";
import { pluginOptions } from "./pluginOptions";

/** The settings of one account. */
export interface ProviderAccount {
  /**
   * The personal access token of the account, always a secret: encrypted in state.
   *
   * Limit: without `Bearer`.
   *
   * Default: `COMETAPI_ACCESS_TOKEN` of the environment, which is in no state.
   *
   * @example config.requireSecret("billingToken")
   */
  accessToken?: pulumi.Input<string | undefined>;

  /**
   * The address of the server.
   *
   * Limit: https; plain http only to this machine; without `/v1`.
   *
   * Default: `COMETAPI_BASE_URL` of the environment; without that, `"https://api.cometapi.com"`.
   *
   * @example "https://new-api.example.com"
   */
  baseUrl?: pulumi.Input<string | undefined>;

  /**
   * Sent as `New-Api-User`, which a self-hosted New API requires.
   *
   * Limit: the numeric id of the account that the token belongs to.
   *
   * Default: `COMETAPI_USER_ID` of the environment; without that, none.
   *
   * @example "42"
   */
  userId?: pulumi.Input<string | number | undefined>;
}

/** The arguments of a {@link Provider}. */
export interface ProviderArgs extends ProviderAccount {
  /**
   * Further accounts by name, for the argument `account` of keys. A provider of its own for each account does the same
   * and says it in state.
   *
   * Default: none.
   *
   * @example { billing: { accessToken: config.requireSecret("billingToken") } }
   */
  accounts?: pulumi.Input<Record<string, pulumi.Input<ProviderAccount>> | undefined>;

  /**
   * The account of keys that name none.
   *
   * Limit: a name under `accounts`.
   *
   * Default: the account of `accessToken`.
   *
   * @example "billing"
   */
  account?: pulumi.Input<string | undefined>;

  /**
   * What happens at preview to an id in `modelLimits` that is not in CometAPI's catalogue.
   *
   * Limit: `"error"`, `"warn"` or `"off"`.
   *
   * Default: `COMETAPI_CHECK_MODELS` of the environment; without that, `"off"`.
   *
   * @example "error"
   */
  checkModels?: pulumi.Input<"error" | "warn" | "off" | undefined>;
}

/**
 * An account with settings of its own, for the option `provider` of keys, rotations, components and lookups.
 *
 * ```ts
 * const billing = new Provider("billing", { accessToken: config.requireSecret("billingToken") });
 * const key = new CometApiKey("invoices", { remainQuota: usd(25) }, { provider: billing });
 * ```
 *
 * It does not read the stack's configuration under `cometapi:`, but what is not given here comes from the environment.
 */
export class Provider extends pulumi.ProviderResource {
  /** Whether `obj` is a Provider, even one made by another copy of this package. */
  static override isInstance(obj: unknown): obj is Provider {
    return hasType(obj, "pulumi:providers:cometapi");
  }

  /**
   * @param name the logical name, unique within the stack
   * @param args whose account it is
   * @param opts Pulumi's own
   */
  constructor(name: string, args: ProviderArgs = {}, opts: pulumi.ResourceOptions = {}) {
    const { accessToken, userId, accounts, ...plain } = args;
    super(
      "cometapi",
      name,
      {
        ...plain,
        accessToken: pulumi.secret(accessToken),
        // The engine passes settings on as strings.
        userId: pulumi.output(userId).apply((id) => id?.toString()),
        accounts: pulumi.secret(pulumi.output(accounts).apply((given) => given && JSON.stringify(given))),
      },
      pulumi.mergeOptions(pluginOptions(opts), opts),
    );
  }
}
