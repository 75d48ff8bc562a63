import { describe, expect, test } from "vitest";
import { readConfig } from "../../provider/config/config";
import type { CometServer } from "../server";
import { type Rig, rig } from "./rig";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Configuration as the engine hands it on: structured values as one JSON text. */
function configured(accounts: unknown, more: Record<string, string> = {}): Record<string, string> {
  return { "cometapi:accounts": JSON.stringify(accounts), ...more };
}

/** A rig whose server has the stack's own account, and two that are configured by name. */
async function accounts(more: Record<string, string> = {}) {
  const setup = await rig();
  const { server } = setup;
  const [billing, search] = [server.addAccount(), server.addAccount()];
  const settings = {
    billing: { accessToken: billing.token, userId: billing.userId },
    search: { accessToken: search.token, userId: String(search.userId) },
  };
  const use = (config: Record<string, string>) => {
    setup.lifecycle = setup.provider(config);
  };
  use(configured(settings, more));
  return { setup, server, billing, search, settings, use, own: server.account };
}

const failuresOf = (setup: Rig, declared: Record<string, unknown>) =>
  setup.resource().check({ remainQuota: 1, ...declared }).failures;

describe("settings of an account", () => {
  const token = "0123456789abcdefABCDEF==";
  const read = (accounts: unknown, config: Record<string, string> = {}, account = "billing") => {
    const all = configured(accounts, config);
    const environment = { COMETAPI_ACCESS_TOKEN: "of-the-stack-itself" };
    return readConfig({ config: (key) => all[key], environment }).settingsOf(account);
  };

  test("its token is all it needs; the base URL is the stack's own if it has none", () => {
    const baseUrl = "https://gateway.example";
    const { settings } = read({ billing: { accessToken: token } }, { "cometapi:baseUrl": baseUrl });
    expect(settings).toEqual({ accessToken: token, baseUrl, userId: undefined });
    expect(read({ billing: { accessToken: token } }).settings?.baseUrl).toBe("https://api.cometapi.com");
  });

  test("its own settings win, and a number is as good as text", () => {
    const own = { accessToken: token, baseUrl: "https://b.example/", userId: 12 };
    const { settings } = read({ billing: own }, { "cometapi:baseUrl": "https://a.example" });
    expect(settings).toMatchObject({ baseUrl: "https://b.example", userId: "12" });
  });

  test("neither the stack's own token nor its user id stands in for one that is missing", () => {
    expect(read({ billing: { userId: 1 } }).refused).toEqual([
      expect.stringMatching(
        /^cometapi:accounts\.billing\.accessToken is not set.*`pulumi config set --secret --path cometapi:accounts\.billing\.accessToken`\.$/,
      ),
    ]);
    const config = { "cometapi:userId": "7" };
    expect(read({ billing: { accessToken: token } }, config).settings?.userId).toBeUndefined();
  });

  test.each<[string, unknown, string]>([
    [
      "a token with a Bearer prefix",
      { billing: { accessToken: `Bearer ${token}` } },
      "accounts.billing.accessToken must be the raw token",
    ],
    [
      "a token of another type",
      { billing: { accessToken: [token] } },
      "accounts.billing.accessToken must be one line",
    ],
    [
      "plain http",
      { billing: { accessToken: token, baseUrl: "http://x.example" } },
      "accounts.billing.baseUrl must begin with https://",
    ],
    [
      "a number that lost its digits",
      { billing: { accessToken: token, userId: 1e18 } },
      "accounts.billing.userId must be the numeric user id",
    ],
    [
      "a setting of another name",
      { billing: { accessToken: token, token } },
      "accounts.billing.token is not a setting of an account. The settings are accessToken, baseUrl, userId",
    ],
    [
      "a token in place of settings",
      { billing: token },
      "accounts.billing must be an object with the settings of the account",
    ],
    [
      "a list in place of accounts",
      [token],
      "cometapi:accounts must be an object with the settings of each account under its name",
    ],
    ["a text in place of accounts", token, "cometapi:accounts must be an object"],
  ])("%s is refused by its path, and never quoted", (_, settings, hint) => {
    const { refused = [] } = read(settings);
    expect(refused).toEqual([expect.stringContaining(hint)]);
    expect(refused[0]).not.toContain(token);
  });

  test("text that is no JSON is refused, and not quoted", () => {
    const { refused = [] } = readConfig({
      config: () => `{ "billing": ${token}`,
      environment: {},
    }).settingsOf("billing");
    expect(refused).toEqual([expect.stringContaining("cometapi:accounts must be an object")]);
    expect(refused[0]).not.toContain(token.slice(0, 8));
  });

  test("a name that wants quoting in a path is quoted, for the shell too", () => {
    expect(read({ "eu.billing": {} }, {}, "eu.billing").refused?.[0]).toContain(
      `--path 'cometapi:accounts["eu.billing"].accessToken'`,
    );
    expect(read({}, {}, "constructor").refused?.[0]).toContain("cometapi:accounts.constructor is not set");
  });
});

describe("an account is", () => {
  test("the stack's own where none is named: nothing of it is in state or inputs", async () => {
    const { setup, own } = await accounts();
    const key = setup.resource();
    await key.up({ remainQuota: 5 });
    expect(key.live.user_id).toBe(own.userId);
    expect(Object.keys({ ...key.state, ...key.inputs })).not.toContain("account");
  });

  test("the one that is named", async () => {
    const { setup, billing } = await accounts();
    const key = setup.resource();
    await key.up({ remainQuota: 5, account: "billing" });
    expect(key.live.user_id).toBe(billing.userId);
    expect([key.state.account, key.inputs?.account]).toEqual(["billing", "billing"]);
    expect(await key.up({ remainQuota: 5, account: "billing" })).toBe("same");
    expect(await key.refresh()).toBe(false);
    expect(await key.up({ remainQuota: 5, account: "billing" })).toBe("same");
    expect(await key.up({ remainQuota: 6, account: "billing" })).toBe("updated");
    await key.destroy();
    expect(setup.living()).toEqual([]);
  });

  test("that of cometapi:account for the whole stack, unless a key names another or, by an empty name, none", async () => {
    const { setup, billing, search, own } = await accounts({ "cometapi:account": "search" });
    for (const [account, { userId }] of [
      [undefined, search],
      [null, search],
      ["billing", billing],
      ["", own],
    ] as const) {
      const key = setup.resource(`of ${account}`);
      await key.up({ remainQuota: 5, account });
      expect(key.live.user_id).toBe(userId);
      expect(await key.up({ remainQuota: 5, account })).toBe("same");
    }
  });

  test("needed alone: the stack's own token may be missing where no key uses it", async () => {
    const { setup } = await accounts();
    setup.environment["COMETAPI_ACCESS_TOKEN"] = "";
    expect(failuresOf(setup, { account: "billing" })).toEqual([]);
    expect(failuresOf(setup, {})).toEqual([
      expect.objectContaining({ reason: expect.stringContaining("cometapi:accessToken is not set") }),
    ]);
  });
});

describe("at preview", () => {
  test("an unknown account is refused once, with the known ones, and without a secret", async () => {
    const { setup, billing } = await accounts();
    const failures = failuresOf(setup, { account: "biling", status: "on" });
    expect(failures.map(({ property }) => property)).toEqual(["status", "account"]);
    expect(failures[1]?.reason).toBe(
      'account is "biling", but cometapi:accounts has "billing", "search". To set its token, run ' +
        "`pulumi config set --secret --path cometapi:accounts.biling.accessToken`, or name another account.",
    );
    expect(JSON.stringify(failures)).not.toContain(billing.token);
    expect(setup.server.requests).toEqual([]);
  });

  test("an unknown default is reported as the setting it is", async () => {
    const { setup } = await accounts({ "cometapi:account": "biling" });
    expect(failuresOf(setup, {})).toEqual([
      { property: "", reason: expect.stringMatching(/^cometapi:account is "biling", but /) },
    ]);
  });

  test("a stack without accounts says so", async () => {
    const setup = await rig();
    expect(failuresOf(setup, { account: "billing" })[0]?.reason).toContain("but cometapi:accounts is empty");
  });

  test("an account's bad settings fail the keys that use it, and no others", async () => {
    const { setup, settings, use } = await accounts();
    use(configured({ ...settings, billing: { accessToken: "Bearer x" } }));
    expect(failuresOf(setup, { account: "billing" })).toHaveLength(1);
    expect([...failuresOf(setup, { account: "search" }), ...failuresOf(setup, {})]).toEqual([]);
    use({ "cometapi:accounts": "nonsense" });
    expect(failuresOf(setup, { account: "billing" })).toHaveLength(1);
    expect(failuresOf(setup, {})).toEqual([]);
  });

  test("one that is not known yet is left alone, and one that is no text is refused", async () => {
    const { setup } = await accounts();
    expect(failuresOf(setup, { account: unknown })).toEqual([]);
    expect(failuresOf(setup, { account: 7 })).toEqual([
      { property: "account", reason: "account must be a string, but is 7." },
    ]);
  });
});

describe("moving a key to another account", () => {
  test("creates the new one first, and deletes the old one with the old account's settings", async () => {
    const { setup, server, billing, search } = await accounts();
    const key = setup.resource();
    await key.up({ remainQuota: 5, name: "mine", account: "billing" });
    const { id: before, live } = key;
    server.clearRequests();
    expect(await key.up({ remainQuota: 5, name: "mine", account: "search" })).toBe("replaced");
    expect(key.live).toMatchObject({ user_id: search.userId, remain_quota: 5, name: "mine" });
    expect(key.live.key).not.toBe(live.key);
    expect(setup.living().map(({ id }) => String(id))).toEqual([key.id]);
    const writes = server.requests.filter(({ method }) => method !== "GET");
    expect(writes.map(({ method, headers }) => [method, headers.authorization])).toEqual([
      ["POST", search.token],
      ["PUT", search.token],
      ["DELETE", billing.token],
    ]);
    expect(writes.at(-1)?.path).toBe(`/api/token/${before}`);
  });

  test("is what a change of cometapi:account is, for the keys that go by it", async () => {
    const { setup, settings, use, search, own } = await accounts();
    const key = setup.resource();
    await key.up({ remainQuota: 5 });
    expect(key.live.user_id).toBe(own.userId);
    use(configured(settings, { "cometapi:account": "search" }));
    expect(await key.up({ remainQuota: 5 })).toBe("replaced");
    expect(key.live.user_id).toBe(search.userId);
    use(configured(settings));
    expect(await key.up({ remainQuota: 5 })).toBe("replaced");
    expect(key.live.user_id).toBe(own.userId);
    expect(setup.living()).toHaveLength(1);
  });

  test("waits with the deletion until the old account's settings are there again, and says which", async () => {
    const { setup, settings, use, billing } = await accounts();
    const key = setup.resource();
    await key.up({ remainQuota: 5, name: "mine", account: "billing" });
    const before = key.id;
    use(configured({ search: settings.search }));
    await expect(key.up({ remainQuota: 5, name: "mine", account: "search" })).rejects.toThrow(
      `deleting key "mine" (id ${before}) in account "billing": cometapi:accounts.billing is not set: account ` +
        '"billing" has no settings. To set its token, run `pulumi config set --secret --path ' +
        "cometapi:accounts.billing.accessToken`.",
    );
    expect(setup.living().map(({ user_id }) => user_id)).toContain(billing.userId);
    use(configured(settings));
    expect(await key.up({ remainQuota: 5, name: "mine", account: "search" })).toBe("same");
    expect(setup.living()).toHaveLength(1);
  });
});

test("a key is looked up in the account of new ones, or in the one that is named", async () => {
  const { setup, server, billing, search } = await accounts({ "cometapi:account": "search" });
  const ofSearch = server.console.create({ name: "one" }, search);
  const ofBilling = server.console.create({ name: "two" }, billing);
  const found = await setup.lifecycle.read(String(ofSearch.id), {});
  expect(found?.state).toMatchObject({ key: ofSearch.key, account: "search" });
  const other = await setup.lifecycle.read(String(ofBilling.id), { account: "billing" });
  expect(other?.state).toMatchObject({ key: ofBilling.key, account: "billing" });
  await expect(setup.lifecycle.read(String(ofBilling.id), { account: "biling" })).rejects.toThrow(
    'account is "biling", but cometapi:accounts has "billing", "search"',
  );
});

describe("a key is adopted", () => {
  const declared = { remainQuota: 5, name: "legacy" };

  test("in the account that is named, where it stays", async () => {
    const { setup, server, billing } = await accounts();
    const legacy = server.console.create({ name: "legacy", remain_quota: 5 }, billing);
    const key = setup.resource();
    const adoptId = String(legacy.id);
    expect(await key.up({ ...declared, adoptId, account: "billing" })).toBe("created");
    expect(key.state).toMatchObject({ key: legacy.key, account: "billing" });
    expect(setup.requests("PUT")).toEqual([]);
    expect(await key.refresh()).toBe(false);
    expect(await key.up({ ...declared, account: "billing" })).toBe("same");
    await key.destroy();
    expect(setup.living()).toEqual([]);
  });

  test("in no account but the one it is in, also when the resource moves there", async () => {
    const { setup, server, billing } = await accounts();
    const adoptId = String(server.console.create({ name: "legacy", remain_quota: 5 }, billing).id);
    const key = setup.resource();
    await expect(key.up({ ...declared, adoptId })).rejects.toThrow(
      `the account has no key of the id ${adoptId}`,
    );
    await key.up({ ...declared, adoptId, account: "billing" });
    await expect(key.up({ ...declared, adoptId, account: "search" })).rejects.toThrow(
      "to replace the key by a new one, remove adoptId",
    );
    expect(setup.living()).toHaveLength(1);
    expect(await key.up({ ...declared, account: "search" })).toBe("replaced");
    expect(setup.living().map(({ id }) => String(id))).toEqual([key.id]);
    expect(key.id).not.toBe(adoptId);
  });

  test("once in a stack, but an id of another server is another key", async () => {
    const { setup, server, use, billing } = await accounts();
    const elsewhere = await rig();
    const make = ({ console }: CometServer) => console.create(declared).id;
    let [here, there] = [make(server), make(elsewhere.server)];
    while (here !== there) {
      if (here < there) here = make(server);
      else there = make(elsewhere.server);
    }
    const adoptId = String(here);
    const { url, account } = elsewhere.server;
    use(
      configured({
        other: { accessToken: account.token, baseUrl: url, userId: account.userId },
        same: { accessToken: server.account.token, userId: server.account.userId },
        billing: { accessToken: billing.token },
      }),
    );
    const one = setup.resource("one");
    await one.up({ remainQuota: 5, adoptId });
    // Moved there with adoptId, it would get a stranger's key.
    await expect(one.up({ remainQuota: 5, adoptId, account: "other" })).rejects.toThrow(
      "to replace the key by a new one, remove adoptId",
    );
    const [twice, other] = [setup.resource("two"), setup.resource("three")];
    const { failures } = await twice.checkWhole({ remainQuota: 5, adoptId, account: "same" });
    expect(failures[0]?.reason).toContain(`the key ${adoptId} is in this stack already`);
    expect(await other.up({ remainQuota: 5, adoptId, account: "other" })).toBe("created");
    expect(other.state.key).toBe(elsewhere.server.key(Number(adoptId)).key);
  });
});

describe("an error", () => {
  test("names the account and the paths of its settings", async () => {
    const { setup, settings, use, search } = await accounts();
    const key = setup.resource();
    await key.up({ remainQuota: 5, name: "mine", account: "billing" });
    await setup.resource("other").up({ remainQuota: 5, account: "search" });
    use(configured({ ...settings, billing: settings.search }));
    await expect(key.up({ remainQuota: 6, name: "mine", account: "billing" })).rejects.toThrow(
      /^updating key "mine" \(id \d+\) in account "billing": .*cometapi:accounts\.billing\.accessToken/,
    );
    await expect(key.refresh()).rejects.toThrow(
      `is of account ${search.userId}, but the key belongs to account ${key.state.userId}. ` +
        "Set cometapi:accounts.billing.accessToken to a token of that account",
    );
    setup.server.personality.requireUserHeader = true;
    use(configured({ billing: { accessToken: settings.billing.accessToken } }));
    await expect(key.refresh()).rejects.toThrow("also wants cometapi:accounts.billing.userId");
  });

  test("of one account quotes no token and no key of another, even when its server repeats them", async () => {
    const { setup, server, billing, search, own } = await accounts();
    const key = setup.resource();
    await key.up({ remainQuota: 5, account: "billing" });
    const secrets = [billing.token, search.token, own.token, key.live.key];
    server.fault({ method: "POST" }, () => ({
      status: 200,
      body: { success: false, message: secrets.map((secret) => secret.slice(3, 14)).join(" ") },
    }));
    const failure = await setup.resource("other").up({ remainQuota: 5, account: "search" }).catch(String);
    expect(failure).toContain("[secret] [secret] [secret] [secret]");
    for (const secret of secrets) expect(failure).not.toContain(secret.slice(3, 14));
  });
});

test("keys of two accounts are created, refreshed and looked for apart", async () => {
  const { setup, server } = await accounts();
  const keys = Array.from({ length: 20 }, (_, i) => setup.resource(`key-${i}`));
  const declared = (i: number) => ({ remainQuota: 5, name: "same", account: i % 2 ? "billing" : "search" });
  await Promise.all(keys.map((key, i) => key.up(declared(i))));
  server.advance(5_000);
  expect(await Promise.all(keys.map((key) => key.refresh()))).toEqual(keys.map(() => false));
  expect(await Promise.all(keys.map((key, i) => key.up(declared(i))))).toEqual(keys.map(() => "same"));
  expect(server.accounts.map(({ living }) => living.length)).toEqual([0, 10, 10]);
});
