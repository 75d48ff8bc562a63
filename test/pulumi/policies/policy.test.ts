import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { CometServer } from "../../server/index";
import { failure, newStack, startEmulator, type TestStack } from "../stack";
import { letPoliciesStart, runtime } from "./launcher";

const program = `
  import { CometApiKey } from "pulumi-cometapi";
  const good = {
    remainQuota: 50_000_000,
    expiredTime: new Date(Date.now() + 300 * 86_400_000).toISOString().slice(0, 19) + "Z",
    modelLimits: ["gpt-5"],
    allowIps: ["203.0.113.0/24"],
  };
  new CometApiKey("good", good);
  new CometApiKey("unlimited", { ...good, remainQuota: undefined, unlimitedQuota: true });
  new CometApiKey("rich", { ...good, remainQuota: 50_000_001 });
  new CometApiKey("richForLife", { ...good, remainQuota: undefined, totalQuota: 50_000_001 });
  new CometApiKey("eternal", { ...good, expiredTime: "never" });
  new CometApiKey("late", { ...good, expiredTime: "2099-01-01T00:00:00Z" });
  new CometApiKey("anyModel", { ...good, modelLimits: [] });
  new CometApiKey("unenforced", { ...good, modelLimitsEnabled: false });
  new CometApiKey("anywhere", { ...good, allowIps: [] });
`;

describe("examples/policy", () => {
  let server: CometServer;
  let stack: TestStack;
  let pack: string;

  beforeAll(async () => {
    server = await startEmulator();
    // The token is given in plain text on purpose.
    const config = {
      "cometapi:accessToken": { value: server.account.token },
      "cometapi:baseUrl": { value: server.url },
    };
    stack = await newStack({ name: "production", program, config });
    pack = installPack(stack);
  });

  /** What each policy reported, by resource. */
  async function violations(policyPackConfigs: string[] = []): Promise<string[]> {
    const { run } = await failure(stack.preview({ policyPacks: [pack], policyPackConfigs }));
    return run.events
      .map(({ policyEvent }) => policyEvent)
      .filter((event) => event !== undefined)
      .filter(({ enforcementLevel }) => enforcementLevel === "mandatory")
      .map(({ policyName, resourceUrn }) => `${policyName}: ${resourceUrn?.split("::").at(-1)}`)
      .sort();
  }

  it("refuses at preview what breaks a rule, names the rule and the key, and asks CometAPI for the balance alone", async () => {
    expect(await violations()).toEqual([
      "cometapi-addresses: anywhere",
      "cometapi-expiry: eternal",
      "cometapi-expiry: late",
      "cometapi-models: anyModel",
      "cometapi-models: unenforced",
      "cometapi-no-plain-text-token: default",
      "cometapi-no-unlimited-keys: unlimited",
      "cometapi-quota-limit: rich",
      "cometapi-quota-limit: richForLife",
    ]);
    const asked = server.requests.map(({ method, path }) => `${method} ${path}`);
    expect(asked.sort()).toEqual(["GET /api/status", "GET /api/user/self", "GET /api/user/self/stats"]);
  });

  it("has a configuration for each rule", async () => {
    const config = stack.path("policies.json");
    writeFileSync(
      config,
      JSON.stringify({
        "cometapi-no-unlimited-keys": "disabled",
        "cometapi-quota-limit": { maxDollars: 100.0001 },
        "cometapi-expiry": { maxDays: 40_000 },
        "cometapi-models": "advisory",
        "cometapi-addresses": { stacks: "^live" },
      }),
    );
    expect(await violations([config])).toEqual([
      "cometapi-expiry: eternal",
      "cometapi-no-plain-text-token: default",
    ]);
  });

  it("warns of keys that may use more than the account has", async () => {
    const { run } = await failure(stack.preview({ policyPacks: [pack] }));
    const warned = run.events
      .map(({ policyEvent }) => policyEvent)
      .filter((event) => event?.policyName === "cometapi-budgets-fit-account")
      .map((event) => [event?.enforcementLevel, event?.message]);
    expect(warned).toEqual([
      ["advisory", expect.stringContaining("The keys may still use $800.00, and the account has $100.00.")],
    ]);
  });

  it("lets a stack pass that keeps the rules, with a secret token", async () => {
    const { token } = server.account;
    await stack.stack.setConfig("cometapi:accessToken", { value: token, secret: true });
    const rules = readFileSync(stack.path("index.js"), "utf8");
    stack.write("index.js", rules.slice(0, rules.indexOf('  new CometApiKey("unlimited"')));
    await stack.up({ policyPacks: [pack] });
    expect(server.keys().map(({ remain_quota }) => remain_quota)).toEqual([50_000_000]);
    await stack.destroy();
  });
});

function installPack(stack: TestStack): string {
  const folder = stack.path("policy");
  cpSync(resolve(__dirname, "../../../examples/policy"), folder, { recursive: true });
  writeFileSync(join(folder, "PulumiPolicy.yaml"), `runtime: ${runtime}\n`);
  letPoliciesStart(stack);
  return folder;
}
