import * as pulumi from "@pulumi/pulumi";
import type { CometApiKeyArgs, CometApiKeyStatus, WrittenKeyArgs } from "./cometApiKeyArgs";
import { warnOfPlainTokens } from "./plainToken";

/** A CometAPI API key, whichever host provides it: what its two classes have in common. */
export abstract class KeyResource extends pulumi.CustomResource {
  /** The API key itself, always a secret. Model requests send it as `Authorization: Bearer <key>`. */
  declare readonly key: pulumi.Output<string>;
  /** The display name in the CometAPI console. */
  declare readonly name: pulumi.Output<string>;
  /** `"enabled"`, `"disabled"`, or, set by CometAPI when the key is next used, `"expired"` or `"exhausted"`. */
  declare readonly status: pulumi.Output<CometApiKeyStatus | "expired" | "exhausted">;
  /** When the key stops working: RFC 3339 in UTC, or `"never"`. */
  declare readonly expiredTime: pulumi.Output<string>;
  /** The quota as it was last declared, in CometAPI's internal units; undefined where it is declared in another way. */
  declare readonly remainQuota: pulumi.Output<number | undefined>;
  /** The total as it was last declared, in CometAPI's internal units; undefined where none is declared. */
  declare readonly totalQuota: pulumi.Output<number | undefined>;
  /** How often the key gets its quota anew; undefined where that is not declared. */
  declare readonly quotaReset: pulumi.Output<"daily" | "weekly" | "monthly" | undefined>;
  /**
   * The period in UTC that the quota is for: `"2026-11-25"`, `"2026-W48"` or `"2026-11"`. The first `up` of the next one
   * writes the quota again. Undefined without `quotaReset`.
   */
  declare readonly quotaPeriod: pulumi.Output<string | undefined>;
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
  /** The groups that an auto-routed key uses, in order; undefined where none are declared. */
  declare readonly autoGroups: pulumi.Output<string[] | undefined>;
  /** The account under `cometapi:accounts` that the key was created in; undefined for the default account. */
  declare readonly account: pulumi.Output<string | undefined>;
  /** The numeric id of the account that owns the key. */
  declare readonly userId: pulumi.Output<number>;
  /** When CometAPI created the key: RFC 3339 in UTC. */
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
   * @param name the logical name for the lookup
   * @param id the API's id, as in the console's list or another stack's `key.id`
   * @param opts Pulumi's own, and `account` for a key that is not in the account of new ones
   */
  static get<Key extends KeyResource>(
    this: new (
      name: string,
      args: Pick<CometApiKeyArgs, "account">,
      opts: pulumi.CustomResourceOptions,
    ) => Key,
    name: string,
    id: pulumi.Input<pulumi.ID>,
    { account, ...opts }: pulumi.CustomResourceOptions & Pick<CometApiKeyArgs, "account"> = {},
  ): Key {
    return new this(name, { account }, { ...opts, id });
  }

  /**
   * @param type the resource type, by which the engine finds the host
   * @param hostInputs what one host alone is given beside the arguments
   */
  protected constructor(
    type: string,
    name: string,
    args: WrittenKeyArgs,
    opts: pulumi.CustomResourceOptions,
    hostInputs: Record<string, unknown> = {},
  ) {
    if ("quotaReset" in args && args.quotaReset) warnOfPretendedTime();
    super(
      type,
      name,
      { ...properties, ...args, ...hostInputs, ...(opts.id === undefined && { __logicalName: seed(name) }) },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["key"] }),
    );
    warnOfPlainTokens();
  }
}

/** Whether `obj` is a resource of this type, even one of another copy of this package, as policies ask. */
export function hasType(obj: unknown, type: string): boolean {
  return typeof obj === "object" && obj !== null && "__pulumiType" in obj && obj.__pulumiType === type;
}

type Property = Exclude<keyof KeyResource, keyof pulumi.CustomResource>;

/** Pulumi fills in only the properties it was shown when the resource was registered. */
const properties: Record<Property, undefined> = {
  key: undefined,
  name: undefined,
  status: undefined,
  expiredTime: undefined,
  remainQuota: undefined,
  totalQuota: undefined,
  quotaReset: undefined,
  quotaPeriod: undefined,
  unlimitedQuota: undefined,
  modelLimits: undefined,
  modelLimitsEnabled: undefined,
  allowIps: undefined,
  group: undefined,
  crossGroupRetry: undefined,
  autoGroups: undefined,
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

let isWarnedOfTime = false;

/** A run that writes the quota of another period must not pass for an ordinary one. */
function warnOfPretendedTime(): void {
  const { COMETAPI_NOW } = process.env;
  if (!COMETAPI_NOW || isWarnedOfTime) return;
  isWarnedOfTime = true;
  void pulumi.log.warn(`COMETAPI_NOW is set: quota is reset as if it were ${COMETAPI_NOW}`);
}
