import * as pulumi from "@pulumi/pulumi";
import { CometApiKey, type CometApiKeyArgs, type CometApiKeyStatus } from "pulumi-cometapi";
import * as plugin from "pulumi-cometapi/plugin";

/**
 * What must compile, and what must not: `tsc` finds an error that is not expected, and an expectation without one.
 * Nothing of this is ever run.
 */

declare const config: pulumi.Config;
declare const production: boolean;
declare const status: pulumi.Output<CometApiKeyStatus>;
const key = new CometApiKey("key", { remainQuota: 5 });

export const everyArgument: CometApiKeyArgs = {
  adoptId: "1234",
  name: "mine",
  status: "disabled",
  expiredTime: "2027-06-30T00:00:00Z",
  remainQuota: 5,
  totalQuota: undefined,
  unlimitedQuota: false,
  modelLimits: ["gpt-5"],
  modelLimitsEnabled: true,
  allowIps: ["203.0.113.0/24"],
  group: "auto",
  crossGroupRetry: true,
};

export const asInputs = [
  new CometApiKey("secret", {
    name: config.requireSecret("name"),
    remainQuota: config.requireNumber("quota"),
  }),
  new CometApiKey("output", { status, expiredTime: key.expiredTime, remainQuota: key.userId }),
  new CometApiKey("elements", { modelLimits: [key.id, "gpt-5"], allowIps: key.allowIps, remainQuota: 5 }),
  new CometApiKey("promise", {
    modelLimits: Promise.resolve(["gpt-5"]),
    unlimitedQuota: Promise.resolve(true),
  }),
  new CometApiKey("adopted", { adoptId: key.id, totalQuota: config.requireNumber("quota") }),
  new CometApiKey("null", {
    adoptId: null,
    name: null,
    status: null,
    modelLimits: null,
    group: undefined,
    remainQuota: 5,
  }),
];

// Both quotas at once.
export const bothQuotas = [
  // @ts-expect-error
  new CometApiKey("both", { remainQuota: 5, unlimitedQuota: true }),
  // @ts-expect-error
  new CometApiKey("both", { unlimitedQuota: true, remainQuota: key.userId }),
  // @ts-expect-error
  new CometApiKey("both", { totalQuota: 5, unlimitedQuota: true }),
  // @ts-expect-error
  new CometApiKey("both", { ...everyArgument, remainQuota: 5, unlimitedQuota: true }),
];

// Where one of them may be none, only the check at preview can tell.
export const eitherQuota = [
  new CometApiKey("limited", { remainQuota: 5, unlimitedQuota: false }),
  new CometApiKey("limited", { remainQuota: 5, unlimitedQuota: undefined }),
  new CometApiKey("unlimited", { unlimitedQuota: true }),
  new CometApiKey("unlimited", { unlimitedQuota: pulumi.output(true) }),
  new CometApiKey("either", {
    remainQuota: config.getNumber("quota"),
    unlimitedQuota: config.getBoolean("all"),
  }),
  new CometApiKey("either", { remainQuota: production ? undefined : 5, unlimitedQuota: production }),
  new CometApiKey("either", { remainQuota: key.remainQuota, unlimitedQuota: key.unlimitedQuota }),
  new CometApiKey("either", production ? { unlimitedQuota: true } : { remainQuota: 5 }),
  new CometApiKey("either", {
    group: "auto",
    ...(production ? { unlimitedQuota: true } : { remainQuota: 5 }),
  }),
  new CometApiKey("neither", {}),
];

// Arguments that are put together before they are used.
const shared = { modelLimits: ["gpt-5"], remainQuota: 5 };
const perService = { api: { remainQuota: 5 }, batch: { unlimitedQuota: true } };
const built: CometApiKeyArgs = {};
built.remainQuota = 5;
built.status = production ? "enabled" : "disabled";

interface ServiceArgs extends CometApiKeyArgs {
  replicas: number;
}

export function putTogether<T extends CometApiKeyArgs>(
  generic: T,
  own: Omit<CometApiKeyArgs, "name">,
  part: Partial<CometApiKeyArgs>,
  quota: Pick<CometApiKeyArgs, "remainQuota" | "unlimitedQuota">,
  service: ServiceArgs,
  list: readonly CometApiKeyArgs[],
): CometApiKey[] {
  return [
    new CometApiKey("built", built),
    new CometApiKey("spread", { ...shared, ...built, name: "mine" }),
    new CometApiKey("generic", generic),
    new CometApiKey("generic", { ...generic, name: "mine" }),
    new CometApiKey("own", { ...own, name: "mine" }),
    new CometApiKey("part", { ...part, ...quota }),
    new CometApiKey("service", service),
    ...list.map((args, i) => new CometApiKey(`listed-${i}`, args)),
    ...Object.entries(perService).map(([name, args]) => new CometApiKey(name, { ...shared, ...args })),
  ];
}

export const wrongValues = [
  // @ts-expect-error
  new CometApiKey("id", { remainQuota: 5, adoptId: 1234 }),
  // @ts-expect-error
  new CometApiKey("status", { remainQuota: 5, status: "off" }),
  // @ts-expect-error
  new CometApiKey("status", { remainQuota: 5, status: "expired" }),
  // @ts-expect-error
  new CometApiKey("status", { remainQuota: 5, status: 1 }),
  // @ts-expect-error
  new CometApiKey("models", { remainQuota: 5, modelLimits: "gpt-5,claude-opus-4-6" }),
  // @ts-expect-error
  new CometApiKey("models", { remainQuota: 5, modelLimits: key.name }),
  // @ts-expect-error
  new CometApiKey("addresses", { remainQuota: 5, allowIps: "203.0.113.0/24\n2001:db8::/32" }),
  // @ts-expect-error
  new CometApiKey("quota", { remainQuota: "100000" }),
  // @ts-expect-error
  new CometApiKey("expiry", { remainQuota: 5, expiredTime: new Date() }),
];

export const unknownArguments = [
  // @ts-expect-error
  new CometApiKey("misspelt", { remainingQuota: 5 }),
  // @ts-expect-error
  new CometApiKey("misspelt", { unlimitedQuota: true, modelLimit: [] }),
  // @ts-expect-error
  new CometApiKey("on the wire", { remain_quota: 5 }),
  // @ts-expect-error
  new CometApiKey("an output", { remainQuota: 5, key: "sk-mine" }),
];

// A secret stays an Output: nothing that wants plain text takes it, and nothing can be assigned to it.
declare function print(text: string): void;
// @ts-expect-error
print(key.key);
// @ts-expect-error
export const plain: string = key.key;
// @ts-expect-error
key.key = pulumi.output("sk-mine");
export const header: pulumi.Output<string> = pulumi.interpolate`Bearer ${key.key}`;

// The plugin's classes take the same arguments, and real providers.
const billing = new plugin.Provider("billing", {
  accessToken: config.requireSecret("token"),
  userId: key.userId,
  accounts: { spare: { accessToken: config.requireSecret("spare"), userId: 5 } },
});
export const byPlugin = [
  new plugin.CometApiKey("built", built, { provider: billing, import: "1234" }),
  plugin.CometApiKey.get("read", key.id, { account: "billing" }),
  // @ts-expect-error
  new plugin.CometApiKey("both", { remainQuota: 5, unlimitedQuota: true }),
  // @ts-expect-error
  new plugin.CometApiKey("misspelt", { remainingQuota: 5 }),
];
export const lookedUp = [
  plugin
    .getCometApiKeys({ status: "exhausted" }, { provider: billing })
    .then((keys) => keys.map(({ id }) => id)),
  plugin.getCometApiModels().then((models) => models.map(({ id }) => id)),
];
export const inOutputs: pulumi.Output<number> = plugin.getCometApiKeyUsageOutput(
  { key: key.key },
  { provider: billing },
).availableQuota;
export const oneType: CometApiKey | plugin.CometApiKey = key;
// @ts-expect-error
new plugin.Provider("misspelt", { token: "" });
// @ts-expect-error
new plugin.Provider("mode", { checkModels: "on" });
