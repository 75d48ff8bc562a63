import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { faults } from "../server";
import { start } from "../server/testing";
import { configured, failure, secret, setUp, startEngine, startPlugin, unknown } from "./client";

/** The calls about the provider as a whole. docs/protocol.md lists them. */

beforeEach(() => {
  for (const name of ["ACCESS_TOKEN", "BASE_URL", "USER_ID"]) vi.stubEnv(`COMETAPI_${name}`, "");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test("Handshake: takes secrets as secrets, and pulumi:autonaming", async () => {
  const client = await startPlugin();
  expect(await client.handshake()).toEqual({
    acceptSecrets: true,
    acceptResources: false,
    acceptOutputs: false,
    supportsAutonamingConfiguration: true,
  });
});

test("Handshake: what is logged from then on goes to the engine it names", async () => {
  const { client } = await setUp({}, { checkModels: "warn" });
  await client.check("backend", { remainQuota: 1, modelLimits: ["gtp-5"] });
  expect(client.logged).toHaveLength(1);
});

test("Attach: what is logged from then on goes to the engine it names", async () => {
  const { client } = await setUp({}, { checkModels: "warn" });
  const other = await startEngine();
  await client.attach(other.address);
  await client.check("backend", { remainQuota: 1, modelLimits: ["gtp-5"] });
  expect(client.logged).toEqual([]);
  expect(other.logged).toHaveLength(1);
});

test("GetPluginInfo: the version of the package", async () => {
  expect(await (await startPlugin()).pluginInfo()).toEqual({ version: "1.2.3" });
});

test("GetSchema: the schema as it lies in the package", async () => {
  expect(await (await startPlugin()).schema()).toBe('{"name":"cometapi"}');
});

test("CheckConfig: the token and the accounts come back as secrets, even if they were none", async () => {
  const client = await startPlugin();
  const accounts = '{"billing":{"accessToken":"b"}}';
  const { inputs } = await client.checkConfig({ accessToken: "a", accounts, baseUrl: "https://x.example" });
  expect(inputs).toEqual({
    accessToken: secret("a"),
    accounts: secret(accounts),
    baseUrl: "https://x.example",
  });
});

test("CheckConfig: a setting that was secret stays secret", async () => {
  const client = await startPlugin();
  expect((await client.checkConfig({ userId: secret("7") })).inputs).toEqual({ userId: secret("7") });
});

test("CheckConfig: an unknown setting stays unknown", async () => {
  const client = await startPlugin();
  expect((await client.checkConfig({ baseUrl: unknown })).inputs).toEqual({ baseUrl: unknown });
});

test("CheckConfig: a misspelt argument of a provider is refused with the one that was meant", async () => {
  const client = await startPlugin();
  const { failures } = await client.checkConfig({ acessToken: "a", version: "1.0.0" }, "billing");
  expect(failures).toEqual([
    { property: "", reason: "acessToken is not a setting of the provider; did you mean accessToken?" },
  ]);
});

test("CheckConfig: in the stack's configuration anything may stand beside the settings", async () => {
  const client = await startPlugin();
  for (const name of [
    "default",
    "default_0_18_1",
    "default_1_2_3_rc_1_https_/example.com",
    "default_example.com",
  ])
    expect((await client.checkConfig({ ours: "a" }, name)).failures).toEqual([]);
  for (const name of ["default_billing", "defaults", "default_2"])
    expect((await client.checkConfig({ ours: "a" }, name)).failures).toHaveLength(1);
});

/** A provider whose token was replaced by one of another account. Its key is of the first one. */
async function changedToken(account?: string) {
  const { server, client } = await setUp({ accounts: [{}, {}] });
  const [own, other] = server.accounts;
  const settings = (token: unknown) =>
    account === undefined
      ? { accessToken: secret(token), baseUrl: server.url }
      : { accounts: JSON.stringify({ [account]: { accessToken: token } }), baseUrl: server.url };
  await client.configure(settings(own?.token));
  const named = account === undefined ? {} : { account };
  const { id, inputs, properties } = await client.up("backend", {
    name: "backend",
    remainQuota: 1,
    ...named,
  });
  server.clearRequests();
  const [old, changed] = [settings(own?.token), settings(other?.token)];
  /** As a run of the engine begins. */
  const nextRun = async (olds: object, news: object) => {
    const next = await startPlugin();
    const { inputs: state } = await next.checkConfig({ ...news }, "default", { ...olds });
    await next.diffConfig({ ...olds }, state);
    await next.configure(state);
    return { state, diff: () => next.diff(id, { olds: properties, oldInputs: inputs, news: inputs }) };
  };
  return { server, own, other, old, changed, nextRun };
}

test("CheckConfig: a token of another account is refused in the next run too, without a request", async () => {
  for (const account of [undefined, "billing"]) {
    const { server, own, other, old, changed, nextRun } = await changedToken(account);
    const says = `the key is in account ${own?.userId}, but the access token is of account ${other?.userId}`;
    const first = await nextRun(old, changed);
    expect((await failure(first.diff())).message).toContain(says);
    expect(server.requests.map(({ path }) => path)).toEqual(["/api/user/self"]);

    const second = await nextRun(first.state, changed);
    expect(second.state).toEqual(first.state);
    expect((await failure(second.diff())).message).toContain(says);
    expect(server.requests).toHaveLength(1);

    const third = await nextRun(second.state, old);
    expect(await third.diff()).toMatchObject({ changed: false });
    const fourth = await nextRun(third.state, old);
    expect(await fourth.diff()).toMatchObject({ changed: false });
    expect(server.requests).toHaveLength(2);
  }
});

test("CheckConfig: a server that could not be asked whose the new token is gets asked in the next run", async () => {
  const { server, old, changed, nextRun } = await changedToken();
  let isDown = true;
  server.fault({ when: () => isDown }, faults.answer({ status: 400, body: {} }), { times: 100 });
  const first = await nextRun(old, changed);
  expect(await first.diff()).toMatchObject({ changed: false });
  isDown = false;
  const second = await nextRun(first.state, changed);
  expect((await failure(second.diff())).message).toContain("the key is in account");
});

test("CheckConfig: a server that hangs or limits requests holds a preview up for seconds, however many accounts changed", async () => {
  for (const fault of [faults.never(), faults.answer({ status: 429, body: {} })]) {
    const { server, client } = await setUp({ accounts: [{}, {}] });
    server.fault({}, fault, { times: 100 });
    const [own, other] = server.accounts;
    const settings = (accessToken?: string) => ({
      accessToken: secret(accessToken),
      accounts: JSON.stringify({ billing: { accessToken }, search: { accessToken } }),
      baseUrl: server.url,
    });
    const began = Date.now();
    const { inputs } = await client.checkConfig(settings(other?.token), "default", settings(own?.token));
    expect(Date.now() - began).toBeLessThan(9_000);
    const asked = { server: expect.any(String) };
    expect(inputs).toMatchObject({ __owners: { "": asked, billing: asked, search: asked } });
  }
});

test("CheckConfig: an account that was removed, and is back with a token of another one, is refused", async () => {
  const { server, own, other, old, changed, nextRun } = await changedToken("billing");
  const removed = await nextRun(old, { baseUrl: server.url });
  const back = await nextRun(removed.state, changed);
  const next = await nextRun(back.state, changed);
  expect((await failure(next.diff())).message).toContain(
    `the key is in account ${own?.userId}, but the access token is of account ${other?.userId}`,
  );
});

test("CheckConfig: a token of another account than the environment's is refused in the next run too", async () => {
  const { server, changed, nextRun } = await changedToken();
  vi.stubEnv("COMETAPI_BASE_URL", server.url);
  const [fromEnvironment, configured] = [{ version: "1.2.3" }, { ...changed, version: "1.2.3" }];
  const first = await nextRun(fromEnvironment, configured);
  const next = await nextRun(first.state, configured);
  expect((await failure(next.diff())).message).toContain("the key is in account");
});

test("CheckConfig: a token that has been the environment's meanwhile, or another setting that could not be used, hides no other account", async () => {
  const { server, other, old, changed, nextRun } = await changedToken();
  vi.stubEnv("COMETAPI_ACCESS_TOKEN", other?.token ?? "");
  const fromEnvironment = await nextRun(old, { baseUrl: server.url });
  const first = await nextRun(fromEnvironment.state, changed);
  vi.stubEnv("COMETAPI_USER_ID", "unusable");
  const unusable = await nextRun(first.state, changed);
  vi.stubEnv("COMETAPI_USER_ID", "");
  const next = await nextRun(unusable.state, changed);
  expect((await failure(next.diff())).message).toContain("the key is in account");
});

test("CheckConfig: the address of a server, which may be secret, cannot be guessed by what stands in state", async () => {
  const { server, client } = await setUp({ accounts: [{}, {}] });
  const marks = server.accounts.map(async ({ token }) => {
    const settings = { accessToken: secret(token), baseUrl: secret(server.url) };
    const { inputs } = await client.checkConfig(settings, "default", {
      ...settings,
      accessToken: secret("old"),
    });
    return inputs["__owners"];
  });
  const owner = (account?: { userId: number }) => ({
    "": { server: expect.stringMatching(/^[0-9a-f]{8}$/), userId: account?.userId },
  });
  const [one, other] = (await Promise.all(marks)) as { "": { server: string } }[];
  expect([one, other]).toEqual(server.accounts.map(owner));
  expect(one?.[""].server).not.toBe(other?.[""].server);
});

test("CheckConfig: a token that only the update will know is not taken for one", async () => {
  const { server, client } = await setUp();
  const accounts = (accessToken: unknown) => ({ billing: { accessToken } });
  const [olds, news] = [{ accounts: accounts("a") }, { accounts: accounts(unknown) }];
  for (const [before, after] of [
    [olds, news],
    [{ accounts: JSON.stringify(olds.accounts) }, { accounts: JSON.stringify(news.accounts) }],
  ])
    await client.checkConfig({ ...after, baseUrl: server.url }, "default", {
      ...before,
      baseUrl: server.url,
    });
  expect(server.requests).toEqual([]);
});

test("DiffConfig: other settings are a change, and never replace the provider with all its keys", async () => {
  const client = await startPlugin();
  const olds = { accessToken: secret("a"), baseUrl: "https://one.example" };
  const news = { accessToken: secret("b"), baseUrl: "https://two.example" };
  expect(await client.diffConfig(olds, news)).toMatchObject({
    changed: true,
    diffs: ["accessToken", "baseUrl"],
    replaces: [],
  });
});

test("DiffConfig: the same settings are no change", async () => {
  const client = await startPlugin();
  expect(await client.diffConfig({ accessToken: secret("a") }, { accessToken: secret("a") })).toMatchObject({
    changed: false,
    diffs: [],
  });
});

test("Configure: answers for an engine without Handshake that there are previews, secrets and autonaming", async () => {
  const client = await startPlugin();
  expect(await client.configure({})).toMatchObject({
    acceptsecrets: true,
    supportspreview: true,
    supportsAutonamingConfiguration: true,
  });
});

test("Configure: the settings win over the environment", async () => {
  const server = await start({ now: () => Date.now() });
  vi.stubEnv("COMETAPI_ACCESS_TOKEN", "wrong");
  vi.stubEnv("COMETAPI_BASE_URL", "http://127.0.0.1:9");
  const client = await configured(server);
  const { id } = await client.up("backend", { remainQuota: 1 });
  expect(server.key(Number(id)).remain_quota).toBe(1);
});

test("Configure: a missing token is reported by the keys, with what to do about the stack's configuration", async () => {
  const client = await startPlugin();
  await client.handshake();
  await client.configure({});
  const { failures } = await client.check("backend", { remainQuota: 1 });
  expect(failures).toEqual([
    {
      property: "",
      reason: expect.stringMatching(
        /^cometapi:accessToken is not set\. .*run `pulumi config set --secret cometapi:accessToken`, or set COMETAPI_ACCESS_TOKEN\.$/,
      ),
    },
  ]);
});

test("Configure: the settings of a provider that the program has created are called so", async () => {
  const client = await startPlugin();
  await client.handshake();
  await client.configure({ baseUrl: "ftp://x" }, "billing");
  const { failures } = await client.check("backend", { remainQuota: 1 });
  expect(failures.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(
      /^accessToken of the provider "billing" is not set\. .*then give it to that provider as accessToken, or set COMETAPI_ACCESS_TOKEN\.$/,
    ),
    expect.stringMatching(/^baseUrl of the provider "billing" must begin with https/),
  ]);
});

test("Configure: whatever is wrong with a provider is said of its own arguments, and never of the stack's configuration", async () => {
  const server = await start({ now: () => Date.now(), accounts: [{}, {}] });
  const own = server.account.token;
  const said = async (settings: Record<string, unknown>, declared = {}) => {
    const client = await configured(server, settings, "main");
    const { inputs, failures } = await client.check("backend", { remainQuota: 1, ...declared });
    const [first] = failures;
    return first?.reason ?? (await failure(client.create("backend", inputs))).message;
  };
  const messages = [
    await said({}, { account: "biling" }),
    await said({ accounts: { billing: { accessToken: own } }, account: "biling" }),
    await said({ accounts: { billing: { accessToken: own, tokn: "a" } } }, { account: "billing" }),
    await said({ accounts: { billing: {} } }, { account: "billing" }),
    await said({ accounts: { billing: "a token" } }, { account: "billing" }),
    await said({ accounts: "nonsense" }, { account: "billing" }),
    await said({ checkModels: "yes" }),
    await said({ accessToken: "revoked" }),
    await said({ baseUrl: `${server.url}/other` }),
  ];
  expect(messages).toEqual([
    'account is "biling", but accounts of the provider "main" is empty. To set its token, give it to that provider as ' +
      "accounts.biling.accessToken, or name another account.",
    'account of the provider "main" is "biling", but accounts of the provider "main" has "billing". To set its token, give ' +
      "it to that provider as accounts.biling.accessToken, or name another account.",
    'accounts.billing.tokn of the provider "main" is not a setting of an account. The settings are accessToken, baseUrl, userId.',
    expect.stringMatching(
      /^accounts\.billing\.accessToken of the provider "main" is not set\. .*then give it to that provider as accounts\.billing\.accessToken\.$/,
    ),
    expect.stringMatching(/^accounts\.billing of the provider "main" must be an object with the settings/),
    expect.stringMatching(/^accounts of the provider "main" must be an object/),
    'checkModels of the provider "main" must be "error", "warn" or "off".',
    expect.stringContaining(
      'Check accessToken of the provider "main": it must be a valid personal access token',
    ),
    expect.stringContaining('Check baseUrl of the provider "main"'),
  ]);
  expect(messages.join("\n")).not.toContain("cometapi:");

  const client = await configured(server, { checkModels: "warn" }, "main");
  server.fault({ path: "/api/models" }, () => ({ status: 401, body: {} }));
  await client.check("backend", { remainQuota: 1, modelLimits: ["gpt-5"] });
  expect(client.logged.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^checkModels of the provider "main" checks no models in this run: /),
  ]);
});

test("Configure: the error for a token of another account says where further accounts are set up", async () => {
  const server = await start({ now: () => Date.now(), accounts: [{}, {}] });
  const { id, inputs, properties } = await (await configured(server)).up("backend", { remainQuota: 1 });
  const accessToken = server.accounts[1]?.token;
  const said = async (provider?: string) => {
    const other = await configured(server, { accessToken }, provider);
    // So it knows whose the stack's keys are.
    await other.diff(id, { olds: properties, oldInputs: inputs, news: inputs });
    return (await failure(other.up("new", { remainQuota: 1 }))).message;
  };
  expect(await said()).toContain("A further account can be set up under cometapi:accounts.");
  const explicit = await said("main");
  expect(explicit).toContain('Set accessToken of the provider "main" to a token of that account.');
  expect(explicit).toContain('A further account can be set up under accounts of the provider "main".');
});

test("Configure: a setting that comes from the environment is called so, whatever the provider", async () => {
  const server = await start({ now: () => Date.now() });
  vi.stubEnv("COMETAPI_ACCESS_TOKEN", "revoked");
  const said = async (provider?: string) => {
    const client = await startPlugin();
    await client.handshake();
    await client.configure({ baseUrl: server.url }, provider);
    return (await failure(client.up("backend", { remainQuota: 1 }))).message;
  };
  expect(await said()).toContain("Check cometapi:accessToken (from COMETAPI_ACCESS_TOKEN): it must be");
  expect(await said("billing")).toContain(
    'Check accessToken of the provider "billing" (from COMETAPI_ACCESS_TOKEN): it must be',
  );
});

test("Configure: accounts may be an object, or JSON as in the stack's configuration", async () => {
  const server = await start({ now: () => Date.now(), accounts: [{}, {}] });
  const [, billing] = server.accounts;
  const accounts = { billing: { accessToken: billing?.token } };
  for (const given of [accounts, JSON.stringify(accounts)]) {
    const client = await configured(server, { accounts: given });
    const { properties } = await client.up("backend", { remainQuota: 1, account: "billing" });
    expect(properties["userId"]).toBe(billing?.userId);
  }
});

test("Configure: a call before it fails with one sentence", async () => {
  const client = await startPlugin();
  const { message } = await failure(client.check("backend", {}));
  expect(message).toBe("the provider was used before it was configured");
});

test("Invoke: each lookup is a function, and arrays are the one property of what it returns", async () => {
  const { server, client } = await setUp();
  const { id } = await client.up("backend", { name: "backend", remainQuota: 500_000 });
  const { key } = server.key(Number(id));
  expect(await client.invoke("cometapi:index:getCometApiKeys")).toEqual({
    keys: [expect.objectContaining({ id, name: "backend", availableQuota: 500_000 })],
  });
  expect(await client.invoke("cometapi:index:getCometApiKeyUsage", { key })).toMatchObject({
    name: "backend",
    availableQuota: 500_000,
  });
  expect(await client.invoke("cometapi:index:getCometApiModels")).toMatchObject({
    models: expect.arrayContaining([expect.objectContaining({ id: "gpt-5" })]),
  });
  expect(await client.invoke("cometapi:index:getCometApiAccount")).toMatchObject({
    id: server.account.userId,
    unitsPerUsd: 500_000,
  });
  const from = "2026-01-01T00:00:00Z";
  expect(await client.invoke("cometapi:index:getCometApiKeySpend", { name: "backend", from })).toMatchObject({
    name: "backend",
    usedUsd: 0,
  });
});

test("Invoke: no list of keys holds a secret", async () => {
  const { server, client } = await setUp();
  const { id } = await client.up("backend", { remainQuota: 1 });
  const answer = JSON.stringify(await client.invoke("cometapi:index:getCometApiKeys"));
  expect(answer).not.toContain(server.key(Number(id)).key);
});

test("Invoke: a secret argument is taken, and makes all that is returned a secret", async () => {
  const { server, client } = await setUp();
  const { id } = await client.up("backend", { name: "backend", remainQuota: 1 });
  const usage = "cometapi:index:getCometApiKeyUsage";
  const known = await client.invoke(usage, { key: server.key(Number(id)).key });
  expect(known).toMatchObject({ name: "backend", availableQuota: 1 });
  expect(await client.invoke(usage, { key: secret(server.key(Number(id)).key) })).toEqual(
    Object.fromEntries(Object.entries(known).map(([name, value]) => [name, secret(value)])),
  );
  const { message } = await failure(client.invoke(usage, { key: secret("sk-no-such-key") }));
  expect(message).not.toContain("sk-no-such-key");
});

test("Invoke: fails with the text of the lookup", async () => {
  const { client } = await setUp();
  const { message } = await failure(client.invoke("cometapi:index:getCometApiKeySpend", { from: 1 }));
  expect(message).toContain("give either the `name` of the key or its `id`");
});

test("Invoke: a function of another version is named", async () => {
  const { client } = await setUp();
  const { message } = await failure(client.invoke("cometapi:index:getAll"));
  expect(message).toBe(
    "this provider has no function cometapi:index:getAll. Install the same version of the plugin and of the program's SDK.",
  );
});

test("Cancel: a create that waits ends, and nothing is created", async () => {
  const { server, client } = await setUp();
  const { inputs } = await client.check("backend", { remainQuota: 1 });
  server.fault({ method: "GET" }, () => ({ status: 503, body: {}, headers: { "retry-after": "20" } }), {
    times: 100,
  });
  const created = failure(client.create("backend", inputs));
  await server.received(({ method }) => method === "GET");
  await client.cancel();
  expect((await created).message).toContain("the run was cancelled");
  expect(server.keys()).toEqual([]);
});

test("Cancel: a read that hangs ends at once", async () => {
  const { server, client } = await setUp();
  const { id, properties } = await client.up("backend", { remainQuota: 1 });
  server.clearRequests();
  server.fault({ method: "GET" }, faults.never(), { times: 100 });
  const hanging = [
    failure(client.read(id, { properties })),
    failure(client.invoke("cometapi:index:getCometApiKeys")),
  ];
  await server.received(({ path }) => path.includes(id));
  await server.received(({ path }) => path.includes("?p="));
  const began = Date.now();
  await client.cancel();
  for (const { message } of await Promise.all(hanging))
    expect(message).toContain(`CometAPI has not answered yet (given up: the run was cancelled)`);
  expect(Date.now() - began).toBeLessThan(1_000);
});

test("Cancel: a create that is not answered is looked up within seconds, and is then in state", async () => {
  const { server, client } = await setUp();
  const { inputs } = await client.check("backend", { name: "mine", remainQuota: 5 });
  server.fault({ method: "POST" }, faults.never({ act: true }));
  const created = client.create("backend", inputs);
  await server.received(({ method }) => method === "POST");
  const began = Date.now();
  await client.cancel();
  const { id } = await created;
  expect(Date.now() - began).toBeLessThan(5_000);
  expect(server.keys()).toMatchObject([{ id: Number(id), name: "mine", remain_quota: 5 }]);
});

test("Parameterize, Call, GetMapping and others: unimplemented, as the engine expects of a provider without them", async () => {
  const client = await startPlugin();
  // 12 is how gRPC says it.
  for (const method of ["getMapping", "getMappings", "parameterize", "call"] as const)
    expect((await failure(client.unimplemented(method))).code).toBe(12);
});
