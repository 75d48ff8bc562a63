import type * as pulumi from "@pulumi/pulumi";

/** What a key can be declared as. CometAPI itself adds `"expired"` and `"exhausted"`. */
export type CometApiKeyStatus = "enabled" | "disabled";

/** The arguments beside a quota. Declared but once, or editors would show their documentation no more. */
interface KeyArgs {
  /**
   * The id of an existing key, created in the console or by anything else, that this resource adopts instead of creating
   * one. From then on it is this resource's own: **to delete the resource is to delete the key**, unless the option
   * `retainOnDelete` is set. `key` is the key itself, as of any other.
   *
   * Everything declared, and the default of what is not, is applied to it by one full update, or by none if it is so
   * already. Two things stay: its name, if none is declared, and what it has left of its quota, if `remainQuota` is
   * declared and the key is limited; another number is written as usual. `pulumi preview` looks the key up and tells
   * what would change.
   *
   * Used only when the resource is created; adding or removing it later has no effect. Remove it to
   * have the key replaced by a new one.
   *
   * Limit: the id, as a string, of a key that the account has and no other resource of the stack holds or adopts.
   *
   * Errors, at preview: the account has no such key; the server does not show its secret; the resource, or another one
   * of the stack, holds or adopts a key already.
   *
   * Default: none, a new key is created.
   *
   * @example "1234"
   */
  adoptId?: pulumi.Input<pulumi.ID | null | undefined>;

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
   * Whether the key serves model requests. A disabled one keeps its secret, its limits and what is left of its quota.
   *
   * Limit: `"enabled"` or `"disabled"`.
   *
   * Default: `"enabled"`.
   *
   * @example "disabled"
   */
  status?: pulumi.Input<CometApiKeyStatus | null | undefined>;

  /**
   * When the key stops working: an RFC 3339 date and time with an offset, whole Unix seconds, or `"never"` (also -1).
   *
   * Limit: whole seconds from 1970 to 9999. A new or changed one must lie ahead.
   *
   * Default: `"never"`.
   *
   * @example "2027-06-30T00:00:00Z"
   */
  expiredTime?: pulumi.Input<string | number | null | undefined>;

  /**
   * Whether the key works without looking at its quota. It spends from the account without a limit of its own.
   *
   * Default: `false`. Exactly one of `remainQuota`, `totalQuota` and `unlimitedQuota: true` is required.
   *
   * @example true
   */
  unlimitedQuota?: pulumi.Input<boolean | null | undefined>;

  /**
   * The ids of the models this key may use, as `/v1/models` returns them. The order does not matter.
   *
   * Limit: no empty ids, no commas or spaces in them, no repeats. With `cometapi:checkModels` set to `"error"` or
   * `"warn"`, ids that are new here are looked up in CometAPI's catalogue at preview.
   *
   * Default: `[]`, every model.
   *
   * @example ["gpt-5", "claude-opus-4-6"]
   */
  modelLimits?: pulumi.Input<pulumi.Input<string>[] | null | undefined>;

  /**
   * Whether `modelLimits` applies. With `false` the list is kept, and every model may be used.
   *
   * Limit: `true` with an empty list is refused: it would block every model. A key that is so already can be imported, or
   * adopted, as it is.
   *
   * Default: `true` when `modelLimits` is not empty.
   *
   * @example false
   */
  modelLimitsEnabled?: pulumi.Input<boolean | null | undefined>;

  /**
   * The addresses that may use this key. The order does not matter.
   *
   * Limit: IPv4, IPv6 or CIDR; no host names.
   *
   * Default: `[]`, every address.
   *
   * @example ["203.0.113.0/24", "2001:db8::/32"]
   */
  allowIps?: pulumi.Input<pulumi.Input<string>[] | null | undefined>;

  /**
   * The account group the key is bound to.
   *
   * Limit: a group that the account has; CometAPI refuses any other. With `cometapi:checkModels` set to `"error"` or
   * `"warn"`, a group that is new here is looked up at preview, where the server lists the account's groups.
   *
   * Default: `""`, none.
   *
   * @example "auto"
   */
  group?: pulumi.Input<string | null | undefined>;

  /**
   * Whether a failed request is tried again in another group. Means something only with an auto-routed group such
   * as `"auto"`.
   *
   * Limit: `true` needs a `group`.
   *
   * Default: `false`.
   *
   * @example true
   */
  crossGroupRetry?: pulumi.Input<boolean | null | undefined>;

  /**
   * The groups that an auto-routed key uses, in the order in which they are tried.
   *
   * Limit: needs `group: "auto"`; groups that the account has, no repeats. Only a server that knows this property keeps
   * it (New API since August 2026); any other is an error that names it.
   *
   * Default: none, whatever the key has stays. `[]` is the server's own order.
   *
   * @example ["vip", "default"]
   */
  autoGroups?: pulumi.Input<pulumi.Input<string>[] | null | undefined>;

  /**
   * The account the key is created in: a name under `cometapi:accounts` in the stack's configuration, where its
   * `accessToken` is, and if need be its own `baseUrl` and `userId`. `""` is the default account.
   *
   * A change makes a new key, with another secret and its quota in full, before it deletes the old one. The old
   * account's settings are needed until then.
   *
   * Limit: a name that has settings; the known ones are listed when it has none.
   *
   * Default: `cometapi:account`; without that, the default account, of `cometapi:accessToken`.
   *
   * @example "billing"
   */
  account?: pulumi.Input<string | null | undefined>;
}

/**
 * The arguments of a `CometApiKey`. Each is checked at preview, all at once; `null` and `undefined` mean the
 * default. All of them but `account` can be changed in place.
 */
export interface CometApiKeyArgs extends KeyArgs {
  /**
   * What the key may still use, in CometAPI's internal quota units.
   *
   * It is assigned, not enforced: written on create and whenever this number changes. From then on use counts it
   * down (see `availableQuota`); no other change to the key gives back what was used.
   *
   * Limit: an integer from 0 to 2^53-1.
   *
   * Default: none. Exactly one of `remainQuota`, `totalQuota` and `unlimitedQuota: true` is required.
   *
   * @example usd(25)
   */
  remainQuota?: pulumi.Input<number | null | undefined>;

  /**
   * What the key may use in its whole life, in CometAPI's internal quota units.
   *
   * What it has left is this total minus what it has used so far, in whatever way its quota was declared then, and
   * never below 0. To raise the total by 1,000 gives it exactly 1,000 more, and enables a key that has run out. Quota
   * given or taken in the CometAPI console is drift: `pulumi refresh` shows it, the next `up` repairs it.
   *
   * Limit: an integer from 0 to 2^53-1.
   *
   * Default: none. Exactly one of `remainQuota`, `totalQuota` and `unlimitedQuota: true` is required.
   *
   * @example usd(100)
   */
  totalQuota?: pulumi.Input<number | null | undefined>;

  /**
   * How often the key gets its quota anew. The first `pulumi up` of each day, ISO week or month, in UTC, sets what the key
   * has left to `remainQuota`, and enables a key that has run out. What was not used is not kept.
   *
   * Only an `up` writes quota, and only once a period. If none runs in a period, the key goes on with what it has left.
   * Run `pulumi up` on a schedule, such as every day. To add this to an existing key, to change it or to remove it writes
   * no quota by itself: the next write comes when the next period begins.
   *
   * Limit: `"daily"`, `"weekly"` or `"monthly"`, together with `remainQuota`.
   *
   * Default: none, `remainQuota` is written only when its number changes.
   *
   * @example "monthly"
   */
  quotaReset?: pulumi.Input<"daily" | "weekly" | "monthly" | null | undefined>;
}

/** What goes with a plain `unlimitedQuota: true`: no quota. */
interface UnlimitedKeyArgs extends KeyArgs {
  unlimitedQuota?: true;
}

/** What goes with any other `unlimitedQuota`. Whether an Output or a boolean is true, types cannot tell. */
interface LimitedKeyArgs extends CometApiKeyArgs {
  unlimitedQuota?: Exclude<CometApiKeyArgs["unlimitedQuota"], true>;
}

/**
 * {@link CometApiKeyArgs}, but a quota written down beside `unlimitedQuota: true` does not compile. This refuses by its
 * unknown properties, as for a misspelt one, so arguments that were put together elsewhere fit as they are. Of two
 * numbers either may be none, so that only the check at preview can tell.
 */
export type WrittenKeyArgs = UnlimitedKeyArgs | LimitedKeyArgs;
