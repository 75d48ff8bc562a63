import type { ConfigMap } from "@pulumi/pulumi/automation/index.js";
import { beforeAll, describe, expect, it } from "vitest";
import { expectNoLeak } from "../../faults/leaks";
import type { CometServer } from "../../server/index";
import { failure, keepPrinted, newStack, startEmulator, type TestStack } from "../stack";

describe("examples/accounts", () => {
  let server: CometServer;
  let stack: TestStack;
  const { printed, told } = keepPrinted();
  const team = { own: 0, billing: 1, search: 2 };
  const accountOf = (name: keyof typeof team) => {
    const account = server.accounts[team[name]];
    if (!account) throw new Error(`no account ${name}`);
    return account;
  };
  const token = (name: keyof typeof team) => ({ value: accountOf(name).token, secret: true });
  const set = (config: ConfigMap) =>
    stack.stack.setAllConfig(
      Object.fromEntries(Object.entries(config).map(([path, value]) => [`cometapi:${path}`, value])),
      true,
    );
  const ownerOf = (name: string) => server.key(stack.keyId(name)).user_id;

  beforeAll(async () => {
    server = await startEmulator({ accounts: [{}, {}, {}] });
    stack = await newStack({ example: "accounts", server });
  });

  it("refuses an account without settings at preview, naming the known ones and the remedy", async () => {
    await set({ "accounts.billing.accessToken": token("billing") });
    const { run } = await failure(stack.preview());
    told(run);
    expect(run.output.replace(/\s+/g, " ")).toContain(
      'account is "search", but cometapi:accounts has "billing". To set its token, run ' +
        "`pulumi config set --secret --path cometapi:accounts.search.accessToken`, or name another account.",
    );
    expect(run.output).not.toContain("    at ");
    expect(server.requests).toEqual([]);
  });

  it("creates each key in its account, and finds no drift", async () => {
    await set({
      "accounts.search.accessToken": token("search"),
      "accounts.search.userId": { value: String(accountOf("search").userId) },
    });
    told(await stack.up());
    for (const name of ["billing", "search"] as const) expect(ownerOf(name)).toBe(accountOf(name).userId);
    expect(ownerOf("shared")).toBe(accountOf("own").userId);
    expect(stack.resource("billing").outputs).toMatchObject({ account: "billing" });
    for (const bag of [stack.resource("shared").inputs, stack.resource("shared").outputs])
      expect(bag).not.toHaveProperty("account");
    told(await stack.refresh({ expectNoChanges: true }));
  });

  it("previews the move of a key as the replacement that it is, and so that of a new cometapi:account", async () => {
    await set({ account: { value: "billing" } });
    stack.edit("index.ts", "account: team,", 'account: "search",');
    const { output, changes } = told(await stack.preview({ diff: true }));
    expect(changes.map(({ name, op }) => `${op} ${name}`).sort()).toEqual([
      "create-replacement billing",
      "create-replacement shared",
      "delete-replaced billing",
      "delete-replaced shared",
      "replace billing",
      "replace shared",
    ]);
    expect(output).toMatch(/~ account *: "billing" => "search"/);
    expect(output).toMatch(/\+ account *: "billing"/);
  });

  it("creates the new keys first, hands them on, and deletes the old ones by their accounts' tokens", async () => {
    server.clearRequests();
    const { outputs } = told(await stack.up());
    const writes = server.requests.filter(({ method }) => method !== "GET");
    expect(writes.map(({ method }) => method)).toEqual(["POST", "POST", "DELETE", "DELETE"]);
    const deleting = writes.slice(2).map(({ headers }) => headers.authorization);
    expect(deleting.sort()).toEqual([accountOf("own").token, accountOf("billing").token].sort());
    expect(outputs["apiKeys"]?.value.billing).toBe(server.key(stack.keyId("billing")).key);
    expect(server.accounts.map(({ living }) => living.length)).toEqual([0, 1, 2]);
  });

  it("keeps a key whose old account's settings are gone, says which, and deletes it once they are back", async () => {
    await stack.stack.removeConfig("cometapi:accounts.billing", true);
    await set({ account: { value: "search" } });
    const { run } = await failure(stack.up());
    told(run);
    expect(run.output).toContain('account "billing" has no settings');
    expect(run.output).not.toContain("    at ");
    expect(server.accounts.map(({ living }) => living.length)).toEqual([0, 1, 3]);
    await set({ "accounts.billing.accessToken": token("billing") });
    const { changes } = told(await stack.up());
    expect(changes).toEqual([expect.objectContaining({ name: "shared", op: "delete-replaced" })]);
    expect(server.accounts.map(({ living }) => living.length)).toEqual([0, 0, 3]);
  });

  it("destroys every key, by the configuration of the last up", async () => {
    await stack.stack.removeConfig("cometapi:accounts", true);
    told(await stack.destroy());
    expect(server.accounts.flatMap(({ living }) => living)).toEqual([]);
  });

  it("has written neither key nor token to any file or terminal, nor done anything CometAPI frowns on", () => {
    const secrets = [...server.accounts.map(({ token }) => token), ...server.keys().map(({ key }) => key)];
    expectNoLeak([stack.backend.text(), ...printed], secrets);
    expect(server.violations).toEqual([]);
  });
});
