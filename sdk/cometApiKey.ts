import * as pulumi from "@pulumi/pulumi";

/** What a key can be declared as. CometAPI itself adds `"expired"` and `"exhausted"`. */
export type CometApiKeyStatus = "enabled" | "disabled";

/**
 * The arguments of a {@link CometApiKey}. Each is checked at preview, all at once; `null` and `undefined` mean the
 * default. All of them but `account` can be changed in place.
 */
export interface CometApiKeyArgs {
  /**
   * The display name in the CometAPI console. Need not be unique.
   *
   * Limit: 1 to 50 Unicode characters. (A self-hosted New API counts bytes.)
   *
   * Default: the resource's logical name, `-` and 7 hex digits, cut to fit, kept for the life of the resource.
   *
   * @example "backend-production"
   */
  name?: pulumi.Input<string | null | undefined>;

  /**
   * Whether the key serves model requests.
   *
   * Default: `"enabled"`.
   */
  status?: pulumi.Input<CometApiKeyStatus | null | undefined>;

  /**
   * When the key stops working.
   *
   * An RFC 3339 date and time with an offset, whole Unix seconds, or `"never"` (also -1). A new or changed one must
   * lie ahead.
   *
   * Default: `"never"`.
   *
   * @example "2027-06-30T00:00:00Z"
   */
  expiredTime?: pulumi.Input<string | number | null | undefined>;

  /**
   * What the key may still use, in CometAPI's internal quota units.
   *
   * It is assigned, not enforced: written on create and whenever this number changes. From then on use counts it
   * down (see {@link CometApiKey.availableQuota}); no other change to the key gives back what was used.
   *
   * Limit: an integer from 0 to 2^53-1. Exactly one of `remainQuota` and `unlimitedQuota: true` is required.
   *
   * @example 100_000
   */
  remainQuota?: pulumi.Input<number | null | undefined>;

  /**
   * Whether the key works without looking at its quota. It spends from the account without a limit of its own.
   *
   * Default: `false`. Exactly one of `remainQuota` and `unlimitedQuota: true` is required.
   */
  unlimitedQuota?: pulumi.Input<boolean | null | undefined>;

  /**
   * The ids of the models this key may use, as `/v1/models` returns them. The order does not matter.
   *
   * Limit: no empty ids, no commas or spaces in them, no repeats.
   *
   * Default: `[]`, every model.
   *
   * @example ["gpt-5", "claude-opus-4-6"]
   */
  modelLimits?: pulumi.Input<pulumi.Input<string>[] | null | undefined>;

  /**
   * Whether `modelLimits` applies. `true` with an empty list is refused: it would block every model.
   *
   * Default: `true` when `modelLimits` is not empty.
   */
  modelLimitsEnabled?: pulumi.Input<boolean | null | undefined>;

  /**
   * The addresses that may use this key: IPv4, IPv6 or CIDR. The order does not matter.
   *
   * Default: `[]`, every address.
   *
   * @example ["203.0.113.0/24", "2001:db8::/32"]
   */
  allowIps?: pulumi.Input<pulumi.Input<string>[] | null | undefined>;

  /**
   * The account group the key is bound to. The account must have it.
   *
   * Default: `""`, none.
   */
  group?: pulumi.Input<string | null | undefined>;

  /**
   * Whether a failed request is tried again in another group. Means something only with an auto-routed group such
   * as `"auto"`; `true` needs a group.
   *
   * Default: `false`.
   */
  crossGroupRetry?: pulumi.Input<boolean | null | undefined>;

  /**
   * The account the key is made in: a name under `cometapi:accounts` in the stack's configuration, where its
   * `accessToken` is, and if need be its own `baseUrl` and `userId`. `""` is the stack's own account.
   *
   * Default: `cometapi:account`; without that, the stack's own account, of `cometapi:accessToken`.
   *
   * A change makes a new key, with another secret and its quota in full, before it deletes the old one. The old
   * account's settings are needed until then.
   *
   * @example "billing"
   */
  account?: pulumi.Input<string | null | undefined>;
}

const type = "pulumi-nodejs:dynamic/cometapi:CometApiKey";

/**
 * The text every state file holds in place of a provider, and what deletes old resources years from now: it may
 * never change, nor may what it names move. `dynamic.Resource` would serialize the provider's code instead, or
 * the path it was found at, which another package manager or the next version moves; and every byte of it is
 * stored twice a key. A test holds it to the letter.
 */
const provider = 'exports.handler=()=>require("pulumi-cometapi/provider")';

/**
 * A CometAPI API key.
 *
 * ```ts
 * const key = new CometApiKey("backend", {
 *   remainQuota: 100_000,
 *   modelLimits: ["gpt-5"],
 *   expiredTime: "2027-06-30T00:00:00Z",
 * });
 * export const apiKey = key.key; // a secret
 * ```
 *
 * The account comes from the stack's configuration: `cometapi:accessToken`, `cometapi:baseUrl` and
 * `cometapi:userId`, or `COMETAPI_ACCESS_TOKEN`, `COMETAPI_BASE_URL` and `COMETAPI_USER_ID`. For keys in several
 * accounts see {@link CometApiKeyArgs.account}.
 */
export class CometApiKey extends pulumi.CustomResource {
  /** The API key itself, always a secret. Model requests send it as `Authorization: Bearer <key>`. */
  declare readonly key: pulumi.Output<string>;
  /** The display name in the CometAPI console. */
  declare readonly name: pulumi.Output<string>;
  /** `"enabled"`, `"disabled"`, or, set by CometAPI when the key is next used, `"expired"` or `"exhausted"`. */
  declare readonly status: pulumi.Output<CometApiKeyStatus | "expired" | "exhausted">;
  /** When the key stops working: RFC 3339 in UTC, or `"never"`. */
  declare readonly expiredTime: pulumi.Output<string>;
  /** The quota as it was last declared, in CometAPI's internal units; undefined for an unlimited key. */
  declare readonly remainQuota: pulumi.Output<number | undefined>;
  /** Whether the key works without looking at its quota. */
  declare readonly unlimitedQuota: pulumi.Output<boolean>;
  /** The ids of the models this key may use. */
  declare readonly modelLimits: pulumi.Output<string[]>;
  /** Whether `modelLimits` applies. */
  declare readonly modelLimitsEnabled: pulumi.Output<boolean>;
  /** The addresses that may use this key; empty means every address. */
  declare readonly allowIps: pulumi.Output<string[]>;
  /** The account group the key is bound to; `""` is none. */
  declare readonly group: pulumi.Output<string>;
  /** Whether a failed request is tried again in another group. */
  declare readonly crossGroupRetry: pulumi.Output<boolean>;
  /** The account under `cometapi:accounts` that the key was made in; undefined for the stack's own. */
  declare readonly account: pulumi.Output<string | undefined>;
  /** The numeric id of the account that owns the key. */
  declare readonly userId: pulumi.Output<number>;
  /** When CometAPI made the key: RFC 3339 in UTC. */
  declare readonly createdTime: pulumi.Output<string>;
  /** When the key was last used, as of the last create, update or refresh: RFC 3339 in UTC. */
  declare readonly accessedTime: pulumi.Output<string>;
  /** Internal quota units used so far, as of the last create, update or refresh. */
  declare readonly usedQuota: pulumi.Output<number>;
  /** Internal quota units left, as of the last create, update or refresh. Means nothing for an unlimited key. */
  declare readonly availableQuota: pulumi.Output<number>;

  /**
   * Looks up an existing key by the API's numeric id, without managing it. Its `key` is a secret here too.
   *
   * @param name the logical name for the look-up
   * @param id the API's id, as in the console's list or another stack's `key.id`
   * @param opts Pulumi's own, and `account` for a key that is not in the account of new ones
   */
  static get(
    name: string,
    id: pulumi.Input<pulumi.ID>,
    { account, ...opts }: pulumi.CustomResourceOptions & Pick<CometApiKeyArgs, "account"> = {},
  ): CometApiKey {
    return new CometApiKey(name, { account }, { ...opts, id });
  }

  /** Whether `obj` is a CometApiKey, even one made by another copy of this package. */
  static override isInstance(obj: unknown): obj is CometApiKey {
    return pulumi.CustomResource.isInstance(obj) && "__pulumiType" in obj && obj.__pulumiType === type;
  }

  /**
   * @param name the logical name, unique within the stack
   * @param args what the key is to be
   * @param opts `protect`, `retainOnDelete`, `replacementTrigger` and the like
   */
  constructor(name: string, args: CometApiKeyArgs, opts: pulumi.CustomResourceOptions = {}) {
    super(
      type,
      name,
      {
        ...properties,
        ...args,
        __provider: provider,
        ...(opts.id === undefined && { __logicalName: seed(name) }),
      },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["key"] }),
    );
  }
}

type Property = Exclude<keyof CometApiKey, keyof pulumi.CustomResource>;

/** Pulumi fills in only the properties it was shown when the resource was registered. */
const properties: Record<Property, undefined> = {
  key: undefined,
  name: undefined,
  status: undefined,
  expiredTime: undefined,
  remainQuota: undefined,
  unlimitedQuota: undefined,
  modelLimits: undefined,
  modelLimitsEnabled: undefined,
  allowIps: undefined,
  group: undefined,
  crossGroupRetry: undefined,
  account: undefined,
  userId: undefined,
  createdTime: undefined,
  accessedTime: undefined,
  usedQuota: undefined,
  availableQuota: undefined,
};

/**
 * What a generated name grows from. A preview does not know the digits the update will draw, and says so rather
 * than show others.
 */
function seed(name: string): string {
  return pulumi.runtime.isDryRun() ? pulumi.runtime.unknownValue : name;
}
