import { expect, test } from "vitest";
import { failure, newStack, startEmulator } from "../stack";
import { pulumiYaml } from "./program";

/** Programs that import `pulumi-cometapi/plugin`. */

test("keys of two accounts, one read and one imported, by the package's own classes", async () => {
  const [server, other] = [await startEmulator(), await startEmulator()];
  const byHand = server.console.create({ name: "made by hand", remain_quota: 7 });
  const account = { accessToken: other.account.token, baseUrl: other.url, userId: other.account.userId };
  const stack = await newStack({
    program: `
      import { CometApiKey, Provider } from "pulumi-cometapi/plugin";
      const billing = new Provider("billing", ${JSON.stringify(account)});
      const provider = billing;
      const own = new CometApiKey("own", { remainQuota: 1000 });
      const invoices = new CometApiKey("invoices", { remainQuota: 2000 }, { provider });
      new CometApiKey("by-hand", { name: "made by hand", remainQuota: 7 }, { import: "${byHand.id}" });
      export const [ownKey, invoicesKey] = [own.key, invoices.key];
      export const readByAccount = CometApiKey.get("read-by-account", invoices.id, { account: "billing" }).key;
      const accounts = { billing: ${JSON.stringify(account)} };
      const named = new Provider("named", { accounts, account: "billing" });
      export const namedKey = new CometApiKey("of-named", { remainQuota: 3000 }, { provider: named }).key;
      export const read = CometApiKey.get("read", invoices.id, { provider }).key;
    `,
    files: { "Pulumi.yaml": pulumiYaml },
    server,
    config: { "cometapi:accounts": { value: JSON.stringify({ billing: account }), secret: true } },
  });
  const { outputs } = await stack.up();
  const secret = (value: string | undefined) => ({ value, secret: true });
  const inOther = secret(other.key(stack.keyId("invoices")).key);
  expect(outputs).toEqual({
    ownKey: secret(server.key(stack.keyId("own")).key),
    invoicesKey: inOther,
    read: inOther,
    readByAccount: inOther,
    namedKey: secret(other.key(stack.keyId("of-named")).key),
  });
  expect(stack.keyId("by-hand")).toBe(byHand.id);
  const text = stack.backend.text();
  for (const hidden of [byHand.key, other.account.token, server.account.token, inOther.value])
    expect(text).not.toContain(hidden);
  const { changes } = await stack.preview({ expectNoChanges: true });
  expect(changes.filter(({ op }) => op !== "read")).toEqual([]);
});

test("what a component creates and looks up is in the account of the provider that it is given", async () => {
  const server = await startEmulator({ accounts: [{}, {}, {}] });
  const [, billing, search] = server.accounts;
  const stack = await newStack({
    program: `
      import * as pulumi from "@pulumi/pulumi";
      import { CometApiKey, getCometApiAccountOutput, Provider, RotatingCometApiKey } from "pulumi-cometapi/plugin";
      class Team extends pulumi.ComponentResource {
        constructor(name, opts) {
          super("example:index:Team", name, {}, opts);
          new CometApiKey(name + "-key", { remainQuota: 1 }, { parent: this });
          new RotatingCometApiKey(name + "-rotation", { every: "P30D", overlap: "P2D", remainQuota: 1 }, { parent: this });
          this.account = getCometApiAccountOutput({}, { parent: this }).id;
        }
      }
      const of = (name) => new Provider(name, { accessToken: process.env[name] });
      export const accounts = [
        new Team("own").account,
        new Team("one", { provider: of("BILLING") }).account,
        new Team("list", { providers: [of("SEARCH")] }).account,
      ];
    `,
    files: { "Pulumi.yaml": pulumiYaml },
    server,
    env: { BILLING: String(billing?.token), SEARCH: String(search?.token) },
  });
  const { outputs } = await stack.up();
  const ids = server.accounts.map(({ userId }) => userId);
  expect(outputs["accounts"]?.value).toEqual(ids);
  expect(
    server
      .keys()
      .map(({ user_id }) => user_id)
      .sort(),
  ).toEqual(ids.flatMap((id) => [id, id]));
  expect((await stack.preview()).changes).toEqual([]);
});

test("a program whose Pulumi.yaml names no plugin is told the lines that are missing", async () => {
  const stack = await newStack({
    program: `
      import { CometApiKey } from "pulumi-cometapi/plugin";
      new CometApiKey("own", { remainQuota: 1000 });
    `,
    server: await startEmulator(),
  });
  const { run } = await failure(stack.preview());
  expect(run.output).toContain("error: no resource plugin 'pulumi-resource-cometapi' found");
  const [, ...lines] = /Add the lines "(.+?)" and "(.+?)" to it/.exec(run.output) ?? [];
  const [plugins = "", providers = ""] = lines;
  for (const given of [providers, providers.replace(/\{ (name: cometapi), (path: .+) \}/, "{ $2, $1 }")]) {
    stack.write("Pulumi.yaml", `name: program\nruntime: nodejs\n${plugins}\n${given}\n`);
    const { changes, output } = await stack.preview();
    expect(changes).toEqual([{ name: "own", op: "create", properties: [] }]);
    expect(output).not.toContain("does not say where");
  }
});
