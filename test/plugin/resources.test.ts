import { expect, test } from "vitest";
import { faults, newApi } from "../server";
import { start } from "../server/testing";
import { type Client, configured, failure, keyType, secret, setUp, unknown, urnOf } from "./client";

/** The calls about one resource. docs/protocol.md lists them. */

const quota = { remainQuota: 100 };

type Autonaming = NonNullable<NonNullable<Parameters<Client["check"]>[2]>["autonaming"]>;

/** A key as it is once an `up` is through. */
async function made(declared: object = { name: "backend", ...quota }) {
  const { server, client } = await setUp();
  const { id, inputs, properties } = await client.up("backend", declared as Record<string, unknown>);
  server.clearRequests();
  return { server, client, id, inputs, properties };
}

test("Check: all mistakes at once, each in a failure without a property, as the reason names it", async () => {
  const { client } = await setUp();
  const { failures } = await client.check("backend", { remainQuota: -1, status: "enbled", nme: "x" });
  expect(failures.map(({ property }) => property)).toEqual(["", "", ""]);
  expect(failures.map(({ reason }) => reason.split(" ")[0]).sort()).toEqual(["nme", "remainQuota", "status"]);
});

test("Check: an unknown value of any type is left alone", async () => {
  const { client } = await setUp();
  const unknowns = {
    name: unknown,
    unlimitedQuota: "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    remainQuota: "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    modelLimits: "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  };
  const { inputs, failures } = await client.check("backend", unknowns);
  expect(failures).toEqual([]);
  expect(inputs).toEqual({
    name: unknown,
    unlimitedQuota: unknown,
    remainQuota: unknown,
    modelLimits: unknown,
  });
});

test("Check: null is as good as absent", async () => {
  const { client } = await setUp();
  const { inputs, failures } = await client.check("backend", { name: "a", group: null, ...quota });
  expect({ inputs, failures }).toEqual({ inputs: { name: "a", ...quota }, failures: [] });
});

test("Check: what is secret in the arguments is secret in the inputs, also one element of a list", async () => {
  const { client } = await setUp();
  const news = { name: secret("a"), allowIps: [secret("10.0.0.1"), "10.0.0.2"], ...quota };
  const { inputs } = await client.check("backend", news);
  expect(inputs).toEqual({ name: secret("a"), allowIps: secret(["10.0.0.1", "10.0.0.2"]), ...quota });
});

test("Check: no reason quotes what is secret", async () => {
  const { client } = await setUp();
  const { failures } = await client.check("backend", {
    name: secret("x".repeat(60)),
    allowIps: [secret("10.0.0.300")],
    remainQuota: secret(-123_456),
  });
  expect(failures).toHaveLength(3);
  expect(JSON.stringify(failures)).not.toMatch(/10\.0\.0\.300|xxxx|123456/);
  expect(JSON.stringify(failures)).toContain("[secret]");
});

test("Check: no message quotes what is secret in another spelling", async () => {
  const { server, client } = await setUp();
  // Unix seconds are quoted as RFC 3339.
  const passed = { expiredTime: secret(1_600_000_000), ...quota };
  expect((await client.check("backend", passed)).failures[0]?.reason).toMatch(
    /^expiredTime is \[secret\], which/,
  );
  // Quota is quoted in dollars too.
  const { id } = await client.up("backend", { name: "backend", totalQuota: 500_000 });
  const other = await configured(server);
  await other.check("adopter", { adoptId: id, totalQuota: secret(2_500_000) });
  expect(other.logged[0]?.message).toMatch(/totalQuota 500000 \(\$1\) => \[secret\]$/);
});

test("Check: a generated name grows from the logical name, and stays for the life of the key", async () => {
  const { client } = await setUp();
  const { inputs } = await client.check("backend", quota);
  expect(inputs["name"]).toMatch(/^backend-[0-9a-f]{7}$/);
  expect((await client.check("backend", quota, { olds: inputs })).inputs).toEqual(inputs);
});

test("Check: the random seed of a plan draws the name of its preview again", async () => {
  const { client } = await setUp();
  const names = [];
  for (const seed of ["one", "one", "two"])
    names.push((await client.check("backend", quota, { seed })).inputs["name"]);
  expect(names[0]).toBe(names[1]);
  expect(names[2]).not.toBe(names[0]);
});

test("Check: without a random seed each name is another one", async () => {
  const { client } = await setUp();
  const [one, two] = [await client.check("backend", quota), await client.check("backend", quota)];
  expect(one.inputs["name"]).not.toBe(two.inputs["name"]);
});

test("Check: a name from pulumi:autonaming is taken, kept, and need not be unique", async () => {
  const { server, client } = await setUp();
  const autonaming = { mode: "ENFORCE", name: "adopted" } as const;
  const ids: string[] = [];
  for (const logical of ["one", "two"]) {
    const { inputs } = await client.check(logical, quota, { autonaming });
    expect(inputs["name"]).toBe("adopted");
    const later = { ...autonaming, name: "other" };
    expect((await client.check(logical, quota, { olds: inputs, autonaming: later })).inputs).toEqual(inputs);
    ids.push((await client.create(logical, inputs)).id);
  }
  expect(new Set(ids).size).toBe(2);
  expect(server.keys().map(({ name }) => name)).toEqual(["adopted", "adopted"]);
});

test("Check: a declared name wins over pulumi:autonaming", async () => {
  const { client } = await setUp();
  const autonaming = { mode: "ENFORCE", name: "adopted" } as const;
  const { inputs } = await client.check("one", { name: "mine", ...quota }, { autonaming });
  expect(inputs["name"]).toBe("mine");
});

test("Check: a proposed name that CometAPI does not take is replaced, and an enforced one is refused", async () => {
  const { client } = await setUp();
  const name = "x".repeat(51);
  const proposed = await client.check("one", quota, { autonaming: { mode: "PROPOSE", name } });
  expect(proposed.inputs["name"]).toMatch(/^one-[0-9a-f]{7}$/);
  const { failures } = await client.check("one", quota, { autonaming: { mode: "ENFORCE", name } });
  expect(failures.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/^name from pulumi:autonaming has 51 characters/),
  ]);
});

test("Check: with autonaming disabled a key without a name is refused", async () => {
  const { client } = await setUp();
  const autonaming = { mode: "DISABLE" } as const;
  const { failures } = await client.check("one", quota, { autonaming });
  expect(failures).toEqual([
    {
      property: "",
      reason: "name is missing, and pulumi:autonaming is disabled. Give the key a name.",
    },
  ]);
  expect((await client.check("one", { name: "mine", ...quota }, { autonaming })).failures).toEqual([]);
});

test("Check: what pulumi:autonaming refuses is refused at preview, where TypeScript knows no name yet", async () => {
  const { client } = await setUp();
  const declared = { ...quota, __logicalName: unknown };
  const reasonsFor = async (autonaming: Autonaming) =>
    (await client.check("one", declared, { autonaming })).failures.map(({ reason }) => reason);
  expect(await reasonsFor({ mode: "DISABLE" })).toEqual([
    "name is missing, and pulumi:autonaming is disabled. Give the key a name.",
  ]);
  expect(await reasonsFor({ mode: "ENFORCE", name: "x".repeat(51) })).toEqual([
    expect.stringMatching(/^name from pulumi:autonaming has 51 characters/),
  ]);
  expect(await reasonsFor({ mode: "ENFORCE", name: "x" })).toEqual([]);
  expect(await reasonsFor({ mode: "PROPOSE", name: "x".repeat(51) })).toEqual([]);
});

test("Check: an old engine sends the name in the URN alone, and within components the URN holds their types too", async () => {
  const { client } = await setUp();
  const options = { urnOnly: true, type: `acme:index:Team$acme:index:App$${keyType}` };
  const { inputs, failures } = await client.check("odd::name", quota, options);
  expect(failures).toEqual([]);
  expect(inputs["name"]).toMatch(/^odd::name-[0-9a-f]{7}$/);
});

test("Check: a warning stands beside its resource", async () => {
  const { client } = await setUp({}, { checkModels: "warn" });
  await client.check("backend", { ...quota, modelLimits: ["gtp-5"] });
  expect(client.logged).toEqual([
    { severity: "warning", urn: urnOf("backend"), message: expect.stringContaining('"gtp-5"') },
  ]);
});

test("Check: what an adoption changes is logged beside its resource", async () => {
  const server = await start({ now: () => Date.now() });
  const { id } = await (await configured(server)).up("backend", { name: "backend", ...quota });
  const client = await configured(server);
  await client.check("adopter", { adoptId: id, remainQuota: 100, status: "disabled" });
  expect(client.logged).toEqual([
    {
      severity: "info",
      urn: urnOf("adopter"),
      message: expect.stringContaining('status "enabled" => "disabled"'),
    },
  ]);
});

test("Check: a type of another version is named", async () => {
  const { client } = await setUp();
  const { message } = await failure(client.check("one", {}, { type: "cometapi:index:Other" }));
  expect(message).toBe(
    "this provider has no resource cometapi:index:Other. Install the same version of the plugin and of the program's SDK.",
  );
});

test("Diff: no difference is no change, and no difference of spelling is one", async () => {
  const { client, id, inputs, properties } = await made({ ...quota, allowIps: ["10.0.0.1", "10.0.0.2"] });
  const declared = { ...quota, allowIps: ["10.0.0.2", "10.0.0.1"] };
  const { inputs: news } = await client.check("backend", declared, { olds: inputs });
  expect(await client.diff(id, { olds: properties, oldInputs: inputs, news })).toMatchObject({
    changed: false,
    diffs: [],
    replaces: [],
    hasDetails: true,
  });
});

test("Diff: each property that is added, changed or removed is listed with its kind", async () => {
  const { client, id, inputs, properties } = await made();
  const news = { ...inputs, status: "disabled", remainQuota: undefined, totalQuota: 100 };
  expect(await client.diff(id, { olds: properties, oldInputs: inputs, news: defined(news) })).toEqual({
    changed: true,
    replaces: [],
    diffs: ["status", "remainQuota", "totalQuota"],
    hasDetails: true,
    details: { status: "UPDATE", remainQuota: "DELETE", totalQuota: "ADD" },
    aboutInputs: false,
  });
});

test("Diff: what follows from a property, and is in no inputs, is not listed", async () => {
  const { client, id, inputs, properties } = await made();
  const news = { ...inputs, modelLimits: ["gpt-5"] };
  const { details } = await client.diff(id, { olds: properties, oldInputs: inputs, news });
  expect(details).toEqual({ modelLimits: "UPDATE" });
});

test("Diff: a property that goes back to its default is shown with both values, and the default is forgotten again", async () => {
  const { client, id, inputs, properties } = await made({ name: "backend", ...quota, status: "disabled" });
  const declared = { name: "backend", ...quota };
  const { inputs: news } = await client.check("backend", declared, { olds: inputs });
  expect(news).toEqual({ ...declared, status: "enabled" });
  const { details } = await client.diff(id, { olds: properties, oldInputs: inputs, news });
  expect(details).toEqual({ status: "UPDATE" });
  expect((await client.check("backend", declared, { olds: news })).inputs).toEqual(declared);
});

test("Diff: an unknown value is a change", async () => {
  const { client, id, inputs, properties } = await made();
  const news = { ...inputs, group: unknown };
  const { changed, details } = await client.diff(id, { olds: properties, oldInputs: inputs, news });
  expect({ changed, details }).toEqual({ changed: true, details: { group: "UPDATE" } });
});

test("Diff: what the program ignores is no difference, and stays as it is in an update of something else", async () => {
  const { server, client, id, inputs, properties } = await made();
  server.console.update(Number(id), { name: "drifted", group: "vip" });
  const live = await client.read(id, { properties, inputs });
  const ignoreChanges = ["name", "group"];
  const checked = async (declared: object) => {
    // The engine itself puts the old inputs of these in place of the new ones.
    const { name, group } = live.inputs;
    return (await client.check("backend", { ...declared, name, group }, { olds: live.inputs })).inputs;
  };
  const same = { olds: live.properties, oldInputs: live.inputs, news: await checked(quota), ignoreChanges };
  expect(await client.diff(id, same)).toMatchObject({ changed: false, diffs: [] });
  const news = await checked({ remainQuota: 200 });
  expect(await client.diff(id, { ...same, news })).toMatchObject({ changed: true, diffs: ["remainQuota"] });
  await client.update(id, { olds: live.properties, news, ignoreChanges });
  expect(server.key(Number(id))).toMatchObject({ name: "drifted", group: "vip", remain_quota: 200 });
});

test("Diff: another account replaces the key, and nothing else does", async () => {
  const { client, id, inputs, properties } = await made();
  const news = { ...inputs, account: "billing" };
  const { replaces, details } = await client.diff(id, { olds: properties, oldInputs: inputs, news });
  expect({ replaces, details }).toEqual({ replaces: ["account"], details: { account: "ADD_REPLACE" } });
});

test("Diff: a half-made key is due for an update, although nothing differs", async () => {
  const { client, id, inputs, properties } = await made();
  const olds = { ...properties, __unfinished: { granted: 100 } };
  expect(await client.diff(id, { olds, oldInputs: inputs, news: inputs })).toMatchObject({
    changed: true,
    details: {},
  });
});

test("Diff: makes no request", async () => {
  const { server, client, id, inputs, properties } = await made();
  await client.diff(id, { olds: properties, oldInputs: inputs, news: { ...inputs, group: "vip" } });
  expect(server.requests).toEqual([]);
});

test("Diff: makes no request for a changed setting that cannot move keys to another account", async () => {
  const { server, client, id, inputs, properties } = await made();
  await client.diffConfig({ checkModels: "warn" }, { checkModels: "error", version: "1.2.4" });
  await client.diff(id, { olds: properties, oldInputs: inputs, news: inputs });
  expect(server.requests).toEqual([]);
});

test("Diff: a key that comes to a provider of another account is refused, after one request", async () => {
  const { server, id, inputs, properties } = await made();
  const other = server.addAccount();
  const billing = await configured(server, { accessToken: secret(other.token) }, "billing");
  await billing.diffConfig(
    { accessToken: secret(server.account.token) },
    { accessToken: secret(other.token) },
  );
  for (let times = 0; times < 2; times++) {
    const { message } = await failure(
      billing.diff(id, { olds: properties, oldInputs: inputs, news: inputs }),
    );
    expect(message).toContain(
      `the key is in account ${server.account.userId}, but the access token is of account ${other.userId}`,
    );
    expect(message).toContain('set accessToken of the provider "billing" to a token');
  }
  expect(server.requests.map(({ path }) => path)).toEqual(["/api/user/self"]);
});

test("Diff: a key that comes to another provider of the same account stays as it is", async () => {
  const { server, id, inputs, properties } = await made();
  const same = await configured(server, {}, "same");
  await same.diffConfig({}, { accessToken: secret(server.account.token) });
  expect(await same.diff(id, { olds: properties, oldInputs: inputs, news: inputs })).toMatchObject({
    changed: false,
  });
});

test("Create, preview: everything declared is known with its defaults, the rest is not, and nothing is sent", async () => {
  const { server, client } = await setUp();
  const { inputs } = await client.check("backend", { name: "backend", ...quota });
  const { id, properties } = await client.create("backend", inputs, { preview: true });
  expect(id).toBe("");
  expect(properties).toEqual({
    __provider: expect.any(String),
    name: "backend",
    status: "enabled",
    expiredTime: "never",
    remainQuota: 100,
    unlimitedQuota: false,
    modelLimits: [],
    modelLimitsEnabled: false,
    allowIps: [],
    group: "",
    crossGroupRetry: false,
    key: secret(unknown),
    userId: unknown,
    createdTime: unknown,
    accessedTime: unknown,
    usedQuota: unknown,
    availableQuota: unknown,
  });
  expect(server.requests).toEqual([]);
});

test("Create, preview: nothing can be computed from a generated name, as the update draws another", async () => {
  const { client } = await setUp();
  const { inputs } = await client.check("backend", quota);
  const { properties } = await client.create("backend", inputs, { preview: true });
  expect(properties["name"]).toBe(unknown);
});

test("Create, preview: what follows from an unknown value is unknown too", async () => {
  const { client } = await setUp();
  const { inputs } = await client.check("backend", { ...quota, modelLimits: unknown });
  const { properties } = await client.create("backend", inputs, { preview: true });
  expect(properties).toMatchObject({ modelLimits: unknown, modelLimitsEnabled: unknown });
});

test("Create: answers what its preview said, and what that did not know", async () => {
  const { server, client } = await setUp();
  const { inputs } = await client.check("backend", { name: "backend", ...quota });
  const preview = await client.create("backend", inputs, { preview: true });
  const { id, properties } = await client.create("backend", inputs);
  expect(Object.keys(properties).sort()).toEqual(Object.keys(preview.properties).sort());
  for (const [name, value] of Object.entries(preview.properties))
    if (value !== unknown && name !== "key") expect(properties[name]).toEqual(value);
  expect(properties["key"]).toEqual(secret(server.key(Number(id)).key));
});

test("Create: what was secret in the inputs is secret in the outputs, with what gives it away", async () => {
  const { client } = await setUp();
  const { inputs } = await client.check("backend", { name: secret("mine"), remainQuota: secret(4321) });
  const { properties } = await client.create("backend", inputs);
  expect(properties).toMatchObject({
    name: secret("mine"),
    remainQuota: secret(4321),
    availableQuota: secret(4321),
  });
});

test("Create: a secret quotaReset is given away by no period, nor a secret list by what follows from it", async () => {
  const { server, client } = await setUp();
  const declared = { name: "backend", ...quota, quotaReset: secret("daily"), modelLimits: secret(["gpt-5"]) };
  const { inputs } = await client.check("backend", declared);
  const today = new Date(server.now()).toISOString().slice(0, "2026-11-25".length);
  expect(inputs).toMatchObject({ quotaPeriod: secret(today) });
  const { id, properties } = await client.create("backend", inputs);
  const hidden = { quotaPeriod: secret(today), modelLimitsEnabled: secret(true) };
  expect(properties).toMatchObject(hidden);
  expect((await client.read(id, { properties, inputs })).properties).toMatchObject(hidden);
  server.fault({ method: "PUT" }, (exchange) => {
    server.fault({ method: "GET" }, faults.answer({ status: 400, body: {} }), { times: 100 });
    return faults.reset({ act: true })(exchange);
  });
  const news = { ...inputs, remainQuota: 200 };
  const { half } = await failure(client.update(id, { olds: properties, news }));
  expect(half?.properties).toMatchObject({
    __unfinished: secret({ granted: 100, quota: 200, period: today }),
  });
});

test("Create: a key that is half made is in state with its secret encrypted, and the error stands beside it", async () => {
  const { server, client } = await setUp();
  const { inputs } = await client.check("backend", { name: "backend", ...quota });
  server.fault({ method: "PUT" }, faults.answer({ status: 400, body: { success: false, message: "no" } }));
  const { message, half } = await failure(client.create("backend", inputs));
  const [live] = server.keys();
  expect(half?.id).toBe(String(live?.id));
  expect(half?.properties).toMatchObject({ key: secret(live?.key), __unfinished: expect.anything() });
  expect(half?.reasons).toEqual([
    "the key exists, but is not yet as declared. The error that this run printed says why; the next `pulumi up` finishes it",
  ]);
  expect(message).toBe(half?.reasons[0]);
  expect(client.logged.filter(({ severity }) => severity === "error")).toEqual([
    { severity: "error", urn: urnOf("backend"), message: expect.stringContaining("CometAPI refused") },
  ]);
});

test("Create: no error quotes what is secret", async () => {
  const { server, client } = await setUp();
  const { inputs } = await client.check("backend", { name: secret("hush-hush"), ...quota });
  server.fault({ method: "POST" }, ({ request }) => ({
    status: 400,
    body: { success: false, message: `no: hush-hush ${JSON.stringify(request.body)}` },
  }));
  const { message } = await failure(client.create("backend", inputs));
  expect(message).toContain("CometAPI refused");
  expect(message).not.toContain("hush-hush");
});

test("Create: no error quotes the beginning of what is secret, where an answer was cut short", async () => {
  const { server, client } = await setUp();
  const { inputs } = await client.check("backend", { name: secret("hush-hush"), ...quota });
  server.fault({ method: "POST" }, () => ({
    status: 400,
    body: { success: false, message: `${"no ".repeat(98)}hush-hush` },
  }));
  const { message } = await failure(client.create("backend", inputs));
  expect(message).toContain('no [secret]…"');
  expect(message).not.toContain("hush");
});

test("Create: no error quotes the first words of what is secret, where a page was cut short", async () => {
  const { server, client } = await setUp();
  const { inputs } = await client.check("backend", { name: secret("hush hush sweet"), ...quota });
  server.fault({ method: "POST" }, () => ({
    status: 403,
    body: "<p>The firewall does not like your hush hush sweet</p>",
  }));
  const { message } = await failure(client.create("backend", inputs));
  expect(message).toContain('does not like your [secret]…"');
  expect(message).not.toContain("hush");
});

test("Create, timeout: ends waiting, and says by what", async () => {
  const { server, client } = await setUp();
  const { inputs } = await client.check("backend", quota);
  server.fault({ method: "GET" }, faults.answer({ status: 503, body: {} }), { times: 100 });
  const began = Date.now();
  const { message } = await failure(client.create("backend", inputs, { timeout: 1 }));
  expect(message).toContain("customTimeouts gives 1 s");
  expect(Date.now() - began).toBeLessThan(5_000);
});

test("Create: what is created when the engine has gone is deleted again, as no state would have it", async () => {
  const { server, client } = await setUp();
  const adopted = server.console.create({ name: "by hand" });
  const declared = [
    { ...quota, adoptId: String(adopted.id), modelLimits: ["gpt-5"] },
    quota,
    { ...quota, name: "mine" },
  ];
  for (const [index, properties] of declared.entries()) {
    const { inputs } = await client.check(`key-${index}`, properties);
    const isWrite = ({ method }: { method: string }) => method !== "GET";
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    server.clearRequests();
    server.fault({ when: isWrite }, () => held);
    const created = failure(client.create(`key-${index}`, inputs));
    await server.received(isWrite);
    client.abandon();
    await created;
    answer();
    const done = "adoptId" in properties ? "PUT" : "DELETE";
    await server.finished(({ method }) => method === done);
  }
  const left = server.keys().filter(({ deletedAt }) => deletedAt === undefined);
  expect(left).toMatchObject([{ id: adopted.id }]);
});

test("Create, timeout: cuts short a lookup that hangs", async () => {
  const { server, client } = await setUp();
  const { inputs } = await client.check("backend", quota);
  server.fault({ method: "GET" }, faults.never(), { times: 100 });
  const began = Date.now();
  const { message } = await failure(client.create("backend", inputs, { timeout: 1 }));
  expect(message).toContain(`CometAPI has not answered yet (given up: customTimeouts gives 1 s)`);
  expect(message).toContain("Nothing was changed by this request");
  expect(Date.now() - began).toBeLessThan(3_000);
});

test("Create: an error of Node keeps its text", async () => {
  const { client } = await setUp({}, { baseUrl: "http://127.0.0.1:1" });
  const { inputs } = await client.check("backend", quota);
  const { code, message } = await failure(client.create("backend", inputs, { timeout: 1 }));
  expect({ code, message }).toEqual({ code: 2, message: expect.stringContaining("cannot reach") });
});

test("Read, refresh: the key as it is now, its secret encrypted, and inputs that show drift", async () => {
  const { server, client, id, inputs, properties } = await made();
  server.console.update(Number(id), { name: "drifted" });
  const live = await client.read(id, { properties, inputs });
  expect(live.id).toBe(id);
  expect(live.properties).toMatchObject({ name: "drifted", key: properties["key"] });
  expect(live.inputs).toEqual({ name: "drifted", ...quota });
});

test("Read, refresh: what was secret in state stays so", async () => {
  const { client, id, inputs, properties } = await made({ name: secret("mine"), ...quota });
  const live = await client.read(id, { properties, inputs });
  expect(live).toMatchObject({ properties: { name: secret("mine") }, inputs: { name: secret("mine") } });
});

test("Read, refresh: a key that is gone has no id", async () => {
  const { server, client, id, inputs, properties } = await made();
  server.console.delete(Number(id));
  expect(await client.read(id, { properties, inputs })).toEqual({ id: "", properties: {}, inputs: {} });
});

test("Read, timeout: ends waiting, and says by what", async () => {
  const { server, client, id, inputs, properties } = await made();
  server.fault({ method: "GET" }, faults.never(), { times: 100 });
  const began = Date.now();
  const { message } = await failure(client.read(id, { properties, inputs, timeout: 1 }));
  expect(message).toContain("given up: customTimeouts gives 1 s");
  expect(Date.now() - began).toBeLessThan(3_000);
});

test("Read, import: the secret, and inputs that a check takes and a diff finds equal", async () => {
  const { server, client, id } = await made({ name: "backend", ...quota, modelLimits: ["gpt-5"] });
  const { inputs, properties } = await client.read(id);
  expect(properties["key"]).toEqual(secret(server.key(Number(id)).key));
  const again = await client.check("imported", inputs, { olds: inputs });
  expect(again).toEqual({ inputs, failures: [] });
  expect(await client.diff(id, { olds: properties, oldInputs: inputs, news: inputs })).toMatchObject({
    changed: false,
  });
});

test("Read, import: a key that no program could declare yields inputs that a check takes all the same", async () => {
  const { server, client } = await setUp();
  const past = Math.floor(Date.now() / 1000) - 3_600;
  const odd = {
    "limited to no model": { model_limits_enabled: true, model_limits: "" },
    "a retry without a group": { cross_group_retry: true },
    expired: { expired_time: past },
    overdrawn: { remain_quota: -5 },
    "an address that is none": { allow_ips: "example.com\n10.0.0.1" },
    "a model twice": { model_limits_enabled: true, model_limits: "gpt-5,gpt-5" },
    "no name": { name: "" },
  };
  for (const [name, fields] of Object.entries(odd)) {
    const id = String(server.console.create({ name, ...fields }).id);
    const { inputs, properties } = await client.read(id);
    const again = await client.check("imported", inputs, { olds: inputs });
    expect([name, again]).toEqual([name, { inputs, failures: [] }]);
    const { changed } = await client.diff(id, { olds: properties, oldInputs: inputs, news: inputs });
    expect([name, changed]).toEqual([name, false]);
  }
});

test("Read, import: from a server that masks keys too", async () => {
  const server = await start({ now: () => Date.now(), personality: newApi });
  const userId = String(server.account.userId);
  const client = await configured(server, { userId });
  const { id } = await client.up("backend", { remainQuota: 1 });
  const other = await configured(server, { userId });
  expect((await other.read(id)).properties["key"]).toEqual(secret(server.key(Number(id)).key));
});

test("Read, import: writes nothing and deletes nothing", async () => {
  const { server, client, id } = await made();
  await client.read(id);
  expect(new Set(server.requests.map(({ method }) => method))).toEqual(new Set(["GET"]));
});

test("Read, import: an id that the account does not have is said of the provider that was asked", async () => {
  const { server, client } = await setUp();
  const advice =
    "Correct the id, or the provider or account that the import or the lookup names, or remove that.";
  expect((await failure(client.read("4711"))).message).toContain(
    `there is no key 4711 in the default account. Was it deleted, or is it in another account? ${advice}`,
  );
  const billing = await configured(server, {}, "billing");
  expect((await failure(billing.read("4711"))).message).toContain(
    `there is no key 4711 in the account of the provider "billing". Was it deleted, or is it in another account? ${advice}`,
  );
});

test("Read, get: looks in the account that is given as state", async () => {
  const { server, client } = await setUp({ accounts: [{}, {}] });
  const billing = { accessToken: server.accounts[1]?.token };
  const both = await configured(server, { accounts: { billing } });
  const { id } = await both.up("backend", { remainQuota: 1, account: "billing" });
  expect((await both.read(id, { properties: { account: "billing" } })).id).toBe(id);
  expect((await failure(client.read(id))).message).toContain(`there is no key ${id}`);
});

test("Update, preview: the key and its identity are known, what moves by itself is not, and nothing is sent", async () => {
  const { server, client, id, inputs, properties } = await made();
  const news = { ...inputs, remainQuota: 200 };
  const { key, userId, createdTime } = properties;
  expect(await client.update(id, { olds: properties, news, preview: true })).toEqual({
    ...properties,
    ...{ key, userId, createdTime },
    remainQuota: 200,
    status: unknown,
    usedQuota: unknown,
    availableQuota: unknown,
    accessedTime: unknown,
  });
  expect(server.requests).toEqual([]);
});

test("Update, preview: only the status of a key that is to be disabled is known", async () => {
  const { server, client, id, inputs, properties } = await made({ name: "backend", unlimitedQuota: true });
  server.console.update(Number(id), { status: 2 });
  const update = { olds: properties, news: { ...inputs, name: "other" } };
  expect((await client.update(id, { ...update, preview: true }))["status"]).toBe(unknown);
  expect((await client.update(id, update))["status"]).toBe("disabled");
  const disabling = { olds: properties, news: { ...inputs, status: "disabled" } };
  expect((await client.update(id, { ...disabling, preview: true }))["status"]).toBe("disabled");
});

test("Update, preview: what follows from an unknown value is unknown too, though it had another value", async () => {
  const models = { modelLimits: ["gpt-5"], modelLimitsEnabled: false };
  const { client, id, inputs, properties } = await made({ name: "backend", ...quota, ...models });
  const declared = { name: "backend", ...quota, modelLimits: unknown };
  const { inputs: news } = await client.check("backend", declared, { olds: inputs });
  const previewed = await client.update(id, { olds: properties, news, preview: true });
  expect(previewed).toMatchObject({ modelLimits: unknown, modelLimitsEnabled: unknown });
});

test("Update: answers what its preview said", async () => {
  const { server, client, id, inputs, properties } = await made();
  const news = { ...inputs, remainQuota: 200, group: "default" };
  const preview = await client.update(id, { olds: properties, news, preview: true });
  const updated = await client.update(id, { olds: properties, news });
  for (const [name, value] of Object.entries(preview))
    if (value !== unknown) expect(updated[name]).toEqual(value);
  expect(server.key(Number(id)).remain_quota).toBe(200);
});

test("Update: one that fails half-way leaves what it reached in state, with the values that were secret", async () => {
  const { server, client, id, inputs, properties } = await made({ name: secret("mine"), ...quota });
  const news = { ...inputs, remainQuota: 200 };
  server.fault({ method: "PUT" }, (exchange) => {
    server.fault({ method: "GET" }, faults.answer({ status: 400, body: {} }), { times: 100 });
    return faults.reset({ act: true })(exchange);
  });
  const { half } = await failure(client.update(id, { olds: properties, news }));
  expect(half).toMatchObject({
    id,
    properties: { name: secret("mine"), key: properties["key"], __unfinished: expect.anything() },
  });
});

test("Update, timeout: ends waiting, and the key stays as it was", async () => {
  const { server, client, id, inputs, properties } = await made();
  server.fault({ method: "GET" }, faults.answer({ status: 503, body: {} }), { times: 100 });
  const news = { ...inputs, remainQuota: 200 };
  const { message } = await failure(client.update(id, { olds: properties, news, timeout: 1 }));
  expect(message).toContain("customTimeouts gives 1 s");
  expect(server.key(Number(id)).remain_quota).toBe(100);
});

test("Delete: done when the list proves the key gone, and done again without an error", async () => {
  const { server, client, id, properties } = await made();
  await client.delete(id, properties);
  expect(server.key(Number(id)).deletedAt).toBeDefined();
  await client.delete(id, properties);
});

test("Delete, timeout: ends waiting, and the key stays", async () => {
  const { server, id, properties } = await made();
  const client = await configured(server);
  server.fault({ method: "GET" }, faults.never(), { times: 100 });
  const began = Date.now();
  const { message } = await failure(client.delete(id, properties, 1));
  expect(message).toContain("given up: customTimeouts gives 1 s");
  expect(Date.now() - began).toBeLessThan(3_000);
  expect(server.key(Number(id)).deletedAt).toBeUndefined();
});

test("Delete: fails with one sentence", async () => {
  const { server, client, id, properties } = await made();
  server.fault({}, faults.answer({ status: 401, body: { success: false, message: "no" } }), { times: 100 });
  const { message } = await failure(client.delete(id, properties));
  expect(message).toContain(`deleting key "backend" (id ${id})`);
  expect(message).not.toContain("\n");
});

test("Check, Rotation: remembers the previous slot, and what another host has left is no property of it", async () => {
  const { client } = await setUp();
  const type = "cometapi:index:Rotation";
  const first = { start: "2026-01-01T00:00:00Z", end: "2026-01-08T00:00:00Z" };
  const second = { start: "2026-01-08T00:00:00Z", end: "2026-01-15T00:00:00Z" };
  const news = {
    ...second,
    now: "2026-01-08T01:00:00Z",
    since: "2026-01-08T01:00:00Z",
    overlap: 86_400_000,
    hardExpiry: false,
    protect: false,
    created: true,
    __provider: "x",
  };
  const { inputs, failures } = await client.check("rotation", news, {
    olds: { ...first, kept: [], __provider: "x" },
    type,
  });
  expect(failures).toEqual([]);
  expect(inputs).toEqual({
    ...second,
    kept: [first],
    keptSince: { [first.start]: "2026-01-08T01:00:00Z" },
  });
  expect(await client.create("rotation", inputs, { type })).toEqual({ id: "rotation", properties: inputs });
});

function defined(properties: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}
