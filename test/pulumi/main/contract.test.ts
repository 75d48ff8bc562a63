import { beforeAll, describe, expect, test } from "vitest";
import { type CometServer, faults, type KeyView } from "../../server/index";
import { host, keyType } from "../host";
import { Backend, failure, newStack, startEmulator, type TestStack, type UpRun } from "../stack";

/**
 * The main job from end to end. Every operation of the engine takes seconds, so each `describe` walks through one
 * stack, and several tests look at what one operation did.
 */

/** A program of keys, given as the arguments of each. */
function keys(args: Record<string, string>, more = ""): string {
  const made = Object.entries(args).map(
    ([name, text]) => `const ${name} = new CometApiKey("${name}", ${text});`,
  );
  return [
    'import * as pulumi from "@pulumi/pulumi";',
    'import { CometApiKey } from "pulumi-cometapi";',
    ...made,
    ...Object.keys(args).map((name) => `export const ${name}Key = ${name}.key;`),
    more,
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

describe("the life of a few keys", () => {
  const declared = {
    backend: "{ remainQuota: 500 }",
    named: '{ remainQuota: 500, name: "hello", modelLimits: ["x", "y"] }',
    served: '{ remainQuota: 25, modelLimits: ["gpt-5"], allowIps: ["127.0.0.1"] }',
    first: '{ remainQuota: 5, name: "first" }',
    second: '{ remainQuota: first.userId, name: pulumi.concat("after ", first.id), modelLimits: [first.id] }',
  };
  const program = (changed: Partial<typeof declared> = {}) =>
    keys(
      { ...declared, ...changed },
      "export const found = [backend, {}, null].map((thing) => CometApiKey.isInstance(thing));",
    );
  const backend = new Backend();
  const printed: string[] = [];
  let server: CometServer;
  let stack: TestStack;
  let made: UpRun;
  const key = (name: string): KeyView => server.key(stack.keyId(name));
  const write = (changed: Partial<typeof declared>) => stack.write("index.js", program(changed));
  const ask = async (model: string) => {
    const answer = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key("served").key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello?" }] }),
    });
    return answer.status;
  };

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({ program: program(), server, backend });
  });

  test("reports every bad input and setting at once, naming each, before any request", async () => {
    const bad =
      '{ remainQuota: 1, unlimitedQuota: true, allowIps: ["nowhere"], expiredTime: "2020-01-01T00:00:00Z" }';
    const { envVars } = stack.stack.workspace;
    stack.write("index.js", keys({ backend: bad }));
    envVars["COMETAPI_USER_ID"] = "me";
    const { run } = await failure(stack.preview());
    await failure(stack.up());
    envVars["COMETAPI_USER_ID"] = "";
    write({});
    for (const name of ["cometapi:userId", "remainQuota", "allowIps", "expiredTime"]) {
      expect(run.output).toMatch(new RegExp(`error: .*${name} `));
    }
    expect(run.output).not.toMatch(stackTrace);
    expect(server.requests).toEqual([]);
  });

  test("does not show digits of a generated name that the update would not draw", async () => {
    const { output, changes } = await stack.preview({ diff: true });
    expect(changes).toHaveLength(Object.keys(declared).length);
    expect(output).toMatch(/name +: \[unknown\]/);
    expect(output).not.toMatch(/backend-[0-9a-f]{7}/);
    made = await stack.up();
    printed.push(made.output);
    expect(stack.resource("backend").outputs?.["name"]).toMatch(/^backend-[0-9a-f]{7}$/);
  });

  test("skips what it cannot know yet, and the update judges it", async () => {
    const first = stack.keyId("first");
    expect(key("second")).toMatchObject({ name: `after ${first}`, model_limits: String(first) });
    expect((await stack.preview()).changes).toEqual([]);
    stack.edit("index.js", "modelLimits: [first.id]", "modelLimits: [first.key.apply(() => 'a b')]");
    const { run } = await failure(stack.up());
    write({});
    // The value comes from a key. Only the plugin is told so.
    const quoted = host === "plugin" ? "[secret]" : "a b";
    expect(run.output).toContain(`modelLimits cannot be used: "${quoted}" contains white space`);
  });

  test("state holds the package's name in place of a provider, and nothing of this machine", () => {
    for (const name of ["backend", "named"]) {
      // Old states delete their keys by this text. It may never change.
      expect(stack.resource(name).type).toBe(keyType);
      // The plugin is found by its type. It keeps the text for a stack that moves back.
      expect(stack.resource(name).inputs?.["__provider"]).toBe(host === "plugin" ? undefined : provider);
      expect(stack.resource(name).outputs?.["__provider"]).toBe(provider);
    }
  });

  test("isInstance knows a key from anything else", () => {
    expect(made.outputs["found"]?.value).toEqual([true, false, false]);
  });

  test("use is none", async () => {
    server.console.spend(stack.keyId("backend"), 30);
    printed.push((await stack.refresh({ expectNoChanges: true })).output);
    expect(stack.resource("backend").outputs).toMatchObject({
      usedQuota: 30,
      availableQuota: 470,
      remainQuota: 500,
    });
    expect((await stack.up()).changes).toEqual([]);
  });

  test("the key is secret in state, on the console, after a refresh, through get and through a stack reference", async () => {
    const secret = key("backend").key;
    expect(made.outputs["backendKey"]).toEqual({ value: secret, secret: true });
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

    for (const text of [...printed, read.output, backend.text()]) {
      for (const { key } of server.keys()) expect(text).not.toContain(key);
      expect(text).not.toContain(server.account.token);
    }
  });

  test("shows just what changes, by the user's names and values", async () => {
    write({ named: '{ remainQuota: 500, name: "b", modelLimits: ["y", "x"], group: null }' });
    const { output, changes } = await stack.preview({ diff: true });
    expect(changes).toEqual([{ name: "named", op: "update", properties: ["name"] }]);
    expect(output).toMatch(/~ name *: "hello" => "b"/);
    write({});
  });

  test("drift is shown by refresh and the next preview, and repaired by the next up", async () => {
    server.console.update(stack.keyId("named"), { name: "drifted", status: 2 });
    const { run } = await failure(stack.refresh({ expectNoChanges: true }));
    expect(run.changes).toEqual([expect.objectContaining({ name: "named", op: "update" })]);
    await stack.refresh();
    const { output, changes } = await stack.preview({ diff: true });
    expect(changes).toEqual([expect.objectContaining({ name: "named", op: "update" })]);
    expect(output).toMatch(/~ name *: "drifted" => "hello"/);
    expect(output).toMatch(
      host === "plugin" ? /~ status *: "disabled" => "enabled"/ : /- status *: "disabled"/,
    );
    await stack.up();
    expect(key("named")).toMatchObject({ name: "hello", status: 1 });
    expect((await stack.preview()).changes).toEqual([]);
  });

  test("a key created by a stack serves model requests within its limits, and a disabled one none", async () => {
    expect(await ask("gpt-5")).toBe(200);
    expect(await ask("claude-opus-4-6")).toBe(403);
    write({ served: declared.served.replace("{", '{ status: "disabled",') });
    await stack.up();
    expect(await ask("gpt-5")).toBe(401);
    write({ served: declared.served.replace("{", '{ status: "enabled",') });
    await stack.up();
    expect([await ask("gpt-5"), await ask("gpt-5"), await ask("gpt-5")]).toEqual([200, 200, 403]);
  });

  test("a key deleted elsewhere is dropped by refresh and created anew by the next up", async () => {
    const gone = stack.keyId("backend");
    server.console.delete(gone);
    expect((await stack.refresh()).changes).toEqual([
      expect.objectContaining({ name: "backend", op: "delete" }),
    ]);
    await stack.up();
    expect(stack.keyId("backend")).not.toBe(gone);
    expect(server.account.living).toHaveLength(Object.keys(declared).length);
  });

  test("a refresh or destroy that cannot succeed ends in one clear error and no stack trace", async () => {
    for (const operation of ["refresh", "destroy"] as const) {
      const fault = server.fault({}, faults.refuse("the account is locked"), { times: 100 });
      const { run } = await failure(stack[operation]());
      expect(run.output).toContain('CometAPI refused: "the account is locked".');
      expect(run.output).not.toMatch(stackTrace);
      fault.remove();
    }
    expect(server.account.living).toHaveLength(Object.keys(declared).length);
  });

  test("destroy leaves nothing, and nothing was done that CometAPI frowns on", async () => {
    await stack.destroy();
    expect(server.account.living).toEqual([]);
    expect(server.violations).toEqual([]);
  });
});

test("a token in config is encrypted in state and wins over the environment; one of another account touches nothing", async () => {
  const { server, stack, living } = await given(keys({ backend: '{ remainQuota: 5, name: "a" }' }), {
    env: { COMETAPI_ACCESS_TOKEN: "a-token-that-is-nobody's" },
  });
  const setToken = (value: string) => stack.stack.setConfig("cometapi:accessToken", { value, secret: true });
  await setToken(server.account.token);
  await stack.up();

  const other = server.addAccount();
  const stranger = server.console.create({}, other);
  await setToken(other.token);
  stack.edit("index.js", 'name: "a"', 'name: "b"');
  const { run } = await failure(stack.up());
  expect(run.output).toMatch(new RegExp(`the key (belongs to|is in) account ${server.account.userId}`));
  expect(server.key(stack.keyId("backend"))).toMatchObject({ name: "a", status: 1 });
  expect(server.key(stranger.id)).toEqual(stranger);

  await setToken(server.account.token);
  await stack.up();
  await stack.destroy();
  expect(living().map(({ id }) => id)).toEqual([stranger.id]);
  for (const { token } of server.accounts) expect(stack.backend.text() + run.output).not.toContain(token);
});

describe("a half-created key", () => {
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

      // Another one, which is never finished.
      const other = '{ remainQuota: 5, name: "other" }';
      stack.write("index.js", keys({ backend: '{ remainQuota: 5, name: "mine" }', other }));
      server.fault({ method: "PUT" }, faults.refuse("not today"));
      await failure(stack.up());
      expect(living()).toHaveLength(2);
      if (refresh) await stack.refresh();
      await stack.destroy();
      expect(living()).toEqual([]);
    },
  );
});

test("nothing replaces a key but replacementTrigger, replaceOnChanges and --replace: the new key is created before the old one is deleted", async () => {
  const program = (trigger: string, name: string) =>
    keys({
      triggered: `{ remainQuota: 5, name: "mine" }, { replacementTrigger: "${trigger}" }`,
      changed: `{ remainQuota: 5, name: "${name}" }, { replaceOnChanges: ["name"] }`,
      generated: "{ remainQuota: 5 }",
    });
  const { server, stack, living } = await given(program("one", "one"));
  await stack.up();
  const names = ["triggered", "changed", "generated"] as const;
  const ids = () => names.map((name) => stack.keyId(name));
  const before = ids();
  const { urn, outputs } = stack.resource("generated");

  stack.write("index.js", program("two", "one"));
  server.clearRequests();
  await stack.up();
  expect(server.requests.map(({ method }) => method).filter((method) => method !== "GET")).toEqual([
    "POST",
    "PUT",
    "DELETE",
  ]);
  expect(ids()).toEqual([expect.not.toBeOneOf([before[0]]), before[1], before[2]]);

  stack.write("index.js", program("two", "two"));
  await stack.up({ replace: [urn] });
  for (const [index, id] of ids().entries()) expect(id).not.toBe(before[index]);
  // Both exist for a moment, so a generated name is generated anew.
  expect(stack.resource("generated").outputs?.["name"]).not.toBe(outputs?.["name"]);
  expect(
    living()
      .map(({ id }) => id)
      .sort(),
  ).toEqual(ids().sort());
});
