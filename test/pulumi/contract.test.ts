import { describe, expect, test } from "vitest";
import { faults } from "../server/index";
import { Backend, failure, newStack, startEmulator } from "./stack";

/** A program of keys, given as the arguments of each. */
function keys(args: Record<string, string>): string {
  const made = Object.entries(args).map(
    ([name, text]) => `const ${name} = new CometApiKey("${name}", ${text});`,
  );
  return [
    'import * as pulumi from "@pulumi/pulumi";',
    'import { CometApiKey } from "pulumi-cometapi";',
    ...made,
    ...Object.keys(args).map((name) => `export const ${name}Key = ${name}.key;`),
  ].join("\n");
}

async function given(program: string, options: Partial<Parameters<typeof newStack>[0]> = {}) {
  const server = await startEmulator();
  const stack = await newStack({ program, server, ...options });
  const living = () => server.keys().filter(({ deletedAt }) => deletedAt === undefined);
  const key = (name: string) => server.key(stack.keyId(name));
  return { server, stack, living, key };
}

const provider = 'exports.handler=()=>require("pulumi-cometapi/provider")';
/** How a stack trace looks, in any of the places the engine prints one. */
const stackTrace = /^\s+at .+:\d+:\d+\)?$/m;

describe("secrets", () => {
  test("the key is secret in state, on the console, after a refresh, through get and through a stack reference", async () => {
    const backend = new Backend();
    const { server, stack, key } = await given(keys({ backend: "{ remainQuota: 5 }" }), { backend });
    const first = await stack.up();
    const secret = key("backend").key;
    expect(first.outputs["backendKey"]).toEqual({ value: secret, secret: true });
    const refreshed = await stack.refresh();

    const reader = await newStack({
      server,
      backend,
      name: "reader",
      program: `
        import * as pulumi from "@pulumi/pulumi";
        import { CometApiKey } from "pulumi-cometapi";
        export const got = CometApiKey.get("got", "${stack.keyId("backend")}").key;
        export const referenced = new pulumi.StackReference("organization/program/dev").requireOutput("backendKey");
      `,
    });
    const read = await reader.up();
    expect(read.outputs["got"]).toEqual({ value: secret, secret: true });
    expect(read.outputs["referenced"]).toEqual({ value: secret, secret: true });
    await reader.destroy();
    expect(key("backend").deletedAt).toBeUndefined();

    for (const text of [first.output, refreshed.output, read.output, backend.text()]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(server.account.token);
    }
  });

  test("a token in config is encrypted in state and wins over the environment; one of another account touches nothing", async () => {
    const { server, stack, living } = await given(keys({ backend: '{ remainQuota: 5, name: "a" }' }), {
      env: { COMETAPI_ACCESS_TOKEN: "a-token-that-is-nobody's" },
    });
    const setToken = (value: string) =>
      stack.stack.setConfig("cometapi:accessToken", { value, secret: true });
    await setToken(server.account.token);
    await stack.up();

    const other = server.addAccount();
    const stranger = server.console.create({}, other);
    await setToken(other.token);
    stack.edit("index.js", 'name: "a"', 'name: "b"');
    const { run } = await failure(stack.up());
    expect(run.output).toContain(`the key belongs to account ${server.account.userId}`);
    expect(server.key(stack.keyId("backend"))).toMatchObject({ name: "a", status: 1 });
    expect(server.key(stranger.id)).toEqual(stranger);

    await setToken(server.account.token);
    await stack.up();
    await stack.destroy();
    expect(living().map(({ id }) => id)).toEqual([stranger.id]);
    for (const { token } of server.accounts) expect(stack.backend.text() + run.output).not.toContain(token);
  });

  test("state holds the package's name in place of a provider, and nothing of this machine", async () => {
    const { stack } = await given(keys({ one: "{ remainQuota: 5 }", two: "{ unlimitedQuota: true }" }));
    await stack.up();
    for (const name of ["one", "two"]) {
      // Old states delete their keys by this text. It may never change.
      expect(stack.resource(name).type).toBe("pulumi-nodejs:dynamic/cometapi:CometApiKey");
      expect(stack.resource(name).inputs?.["__provider"]).toBe(provider);
      expect(stack.resource(name).outputs?.["__provider"]).toBe(provider);
    }
  });
});

describe("preview", () => {
  test("reports every bad input and setting at once, naming each, before any request", async () => {
    const program = keys({
      backend:
        '{ remainQuota: 1, unlimitedQuota: true, allowIps: ["nowhere"], expiredTime: "2020-01-01T00:00:00Z" }',
    });
    const { server, stack } = await given(program, { env: { COMETAPI_USER_ID: "me" } });
    const { run } = await failure(stack.preview());
    for (const name of ["cometapi:userId", "remainQuota", "allowIps", "expiredTime"]) {
      expect(run.output).toMatch(new RegExp(`error: .*${name} `));
    }
    expect(run.output).not.toMatch(stackTrace);
    expect(server.requests).toEqual([]);
    await failure(stack.up());
    expect(server.requests).toEqual([]);
  });

  test("skips what it cannot know yet, and the update judges it", async () => {
    const program = keys({
      first: '{ remainQuota: 5, name: "first" }',
      second:
        '{ remainQuota: first.userId, name: pulumi.concat("after ", first.id), modelLimits: [first.id] }',
    });
    const { stack, key } = await given(program);
    expect((await stack.preview()).changes).toHaveLength(2);
    await stack.up();
    const first = stack.keyId("first");
    expect(key("second")).toMatchObject({ name: `after ${first}`, model_limits: String(first) });
    expect((await stack.preview()).changes).toEqual([]);
    stack.edit("index.js", "modelLimits: [first.id]", "modelLimits: [first.key.apply(() => 'a b')]");
    const { run } = await failure(stack.up());
    expect(run.output).toContain('modelLimits cannot be used: "a b" holds white space');
  });

  test("does not show digits of a generated name that the update would not draw", async () => {
    const { stack } = await given(keys({ backend: "{ remainQuota: 5 }" }));
    const { output } = await stack.preview({ diff: true });
    expect(output).toMatch(/name +: \[unknown\]/);
    expect(output).not.toMatch(/backend-[0-9a-f]{7}/);
    await stack.up();
    expect(stack.resource("backend").outputs?.["name"]).toMatch(/^backend-[0-9a-f]{7}$/);
  });

  test("shows just what changes, by the user's names and values", async () => {
    const { stack } = await given(
      keys({ backend: '{ remainQuota: 5, name: "a", modelLimits: ["x", "y"] }' }),
    );
    await stack.up();
    stack.write(
      "index.js",
      keys({ backend: '{ remainQuota: 5, name: "b", modelLimits: ["y", "x"], group: null }' }),
    );
    const { output, changes } = await stack.preview({ diff: true });
    expect(changes).toEqual([{ name: "backend", op: "update", properties: ["name"] }]);
    expect(output).toMatch(/~ name *: "a" => "b"/);
  });
});

describe("drift", () => {
  test("is shown by refresh and the next preview, and repaired by the next up", async () => {
    const { server, stack, key } = await given(keys({ backend: '{ remainQuota: 500, name: "hello" }' }));
    await stack.up();
    server.console.update(stack.keyId("backend"), { name: "drifted", status: 2 });
    const { run } = await failure(stack.refresh({ expectNoChanges: true }));
    expect(run.changes).toEqual([expect.objectContaining({ name: "backend", op: "update" })]);
    await stack.refresh();
    const { output } = await stack.preview({ diff: true });
    expect(output).toMatch(/~ name *: "drifted" => "hello"/);
    expect(output).toMatch(/- status *: "disabled"/);
    await stack.up();
    expect(key("backend")).toMatchObject({ name: "hello", status: 1 });
    expect((await stack.preview()).changes).toEqual([]);
  });

  test("use is none", async () => {
    const { server, stack } = await given(keys({ backend: "{ remainQuota: 500 }" }));
    await stack.up();
    server.console.spend(stack.keyId("backend"), 30);
    await stack.refresh({ expectNoChanges: true });
    expect(stack.resource("backend").outputs).toMatchObject({
      usedQuota: 30,
      availableQuota: 470,
      remainQuota: 500,
    });
    expect((await stack.up()).changes).toEqual([]);
  });

  test("a key deleted elsewhere is dropped by refresh and made anew by the next up", async () => {
    const { server, stack, living } = await given(keys({ backend: "{ remainQuota: 500 }" }));
    await stack.up();
    server.console.delete(stack.keyId("backend"));
    expect((await stack.refresh()).changes).toEqual([
      expect.objectContaining({ name: "backend", op: "delete" }),
    ]);
    await stack.up();
    expect(living()).toHaveLength(1);
  });
});

describe("a key half-made", () => {
  test.each([false, true])(
    "stays in state and is finished by the next up (refresh between: %s)",
    async (refresh) => {
      const { server, stack, living, key } = await given(
        keys({ backend: '{ remainQuota: 5, name: "mine" }' }),
      );
      server.fault({ method: "PUT" }, faults.refuse("not today"));
      const { run } = await failure(stack.up());
      expect(run.output).toContain('creating key "mine": CometAPI refused: "not today".');
      expect(run.output).not.toMatch(stackTrace);
      expect(JSON.stringify(stack.resource("backend").outputs)).not.toContain(key("backend").key);
      if (refresh) await stack.refresh();
      expect((await stack.preview()).changes).toEqual([
        expect.objectContaining({ name: "backend", op: "update" }),
      ]);
      await stack.up();
      expect(living()).toHaveLength(1);
      expect(key("backend").name).toBe("mine");
      expect((await stack.preview()).changes).toEqual([]);
    },
  );

  test("can be destroyed", async () => {
    const { server, stack, living } = await given(keys({ backend: '{ remainQuota: 5, name: "mine" }' }));
    server.fault({ method: "PUT" }, faults.refuse("not today"));
    await failure(stack.up());
    await stack.destroy();
    expect(living()).toEqual([]);
  });
});

describe("nothing replaces a key but", () => {
  const declared = '{ remainQuota: 5, name: "mine" }';

  test("replacementTrigger, the new key made before the old one is deleted", async () => {
    const program = (trigger: string) =>
      keys({ backend: `${declared}, { replacementTrigger: "${trigger}" }` });
    const { server, stack, living } = await given(program("one"));
    await stack.up();
    const old = stack.keyId("backend");
    stack.write("index.js", program("two"));
    server.clearRequests();
    await stack.up();
    expect(server.requests.map(({ method }) => method).filter((method) => method !== "GET")).toEqual([
      "POST",
      "PUT",
      "DELETE",
    ]);
    expect(living().map(({ id }) => id)).toEqual([stack.keyId("backend")]);
    expect(stack.keyId("backend")).not.toBe(old);
  });

  test("--replace", async () => {
    const { stack, living } = await given(keys({ backend: "{ remainQuota: 5 }" }));
    await stack.up();
    const { urn } = stack.resource("backend");
    const before = stack.resource("backend").outputs;
    await stack.up({ replace: [urn] });
    expect(living()).toHaveLength(1);
    // Both exist for a moment, so a generated name is generated anew.
    expect(stack.resource("backend").outputs?.["name"]).not.toBe(before?.["name"]);
  });

  test("replaceOnChanges", async () => {
    const program = (name: string) =>
      keys({ backend: `{ remainQuota: 5, name: "${name}" }, { replaceOnChanges: ["name"] }` });
    const { stack } = await given(program("one"));
    await stack.up();
    const old = stack.keyId("backend");
    stack.write("index.js", program("two"));
    await stack.up();
    expect(stack.keyId("backend")).not.toBe(old);
  });
});

test("a refresh or destroy that cannot succeed ends in one clear error and no stack trace", async () => {
  const { server, stack, living } = await given(keys({ backend: "{ remainQuota: 5 }" }));
  await stack.up();
  for (const operation of ["refresh", "destroy"] as const) {
    const fault = server.fault({}, faults.refuse("the account is locked"), { times: 100 });
    const { run } = await failure(stack[operation]());
    expect(run.output).toContain('CometAPI refused: "the account is locked".');
    expect(run.output).not.toMatch(stackTrace);
    fault.remove();
  }
  expect(living()).toHaveLength(1);
});

test("a key made by a stack serves model requests within its limits, and a disabled one none", async () => {
  const program = (status: string) =>
    keys({
      backend: `{ remainQuota: 25, modelLimits: ["gpt-5"], allowIps: ["127.0.0.1"], status: "${status}" }`,
    });
  const { server, stack, key } = await given(program("enabled"));
  const ask = async (model: string) => {
    const answer = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key("backend").key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello?" }] }),
    });
    return answer.status;
  };
  await stack.up();
  expect(await ask("gpt-5")).toBe(200);
  expect(await ask("claude-opus-4-6")).toBe(403);
  stack.write("index.js", program("disabled"));
  await stack.up();
  expect(await ask("gpt-5")).toBe(401);
  stack.write("index.js", program("enabled"));
  await stack.up();
  expect([await ask("gpt-5"), await ask("gpt-5"), await ask("gpt-5")]).toEqual([200, 200, 403]);
  expect(server.violations).toEqual([]);
});

test("isInstance knows a key from anything else", async () => {
  const { stack } = await given(`
    import { CometApiKey } from "pulumi-cometapi";
    const key = new CometApiKey("backend", { remainQuota: 5 });
    export const found = [key, {}, null].map((thing) => CometApiKey.isInstance(thing));
  `);
  expect((await stack.up()).outputs["found"]?.value).toEqual([true, false, false]);
});
