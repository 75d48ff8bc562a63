import { expect, test } from "vitest";
import { failure, newStack, startEmulator } from "../stack";
import { program, pulumiYaml } from "./program";

test("each provider of a program is an account, a token may come from a resource or the environment, and no key moves to another account", async () => {
  const server = await startEmulator({ accounts: [{}, {}] });
  const [main, billing] = server.accounts;
  const provider = `{ provider: billing }`;
  const fromEnvironment = [
    `const bare = new Provider("bare", { baseUrl: process.env.COMETAPI_BASE_URL });`,
    `new Key("bare", { name: "bare", remainQuota: 1 }, { provider: bare });`,
  ];
  const stack = await newStack({
    program: program(
      ...fromEnvironment,
      `const own = new Key("own", { name: "own", remainQuota: 1 });`,
      // Not known before the first key is created.
      `const accessToken = own.key.apply(() => process.env.BILLING_TOKEN);`,
      `const billing = new Provider("billing", { accessToken });`,
      `new Key("theirs", { name: "theirs", remainQuota: 1 }, ${provider});`,
    ),
    files: { "Pulumi.yaml": pulumiYaml },
    server,
    env: { BILLING_TOKEN: String(billing?.token) },
  });
  const before = server.requests.length;
  expect((await stack.preview()).changes.map(({ op }) => op)).toEqual(["create", "create", "create"]);
  expect(server.requests.length).toBe(before);

  await stack.up();
  const owners = server.keys().map(({ name, user_id }) => ({ name, user_id }));
  expect(owners).toHaveLength(3);
  expect(owners).toEqual(
    expect.arrayContaining([
      { name: "bare", user_id: main?.userId },
      { name: "own", user_id: main?.userId },
      { name: "theirs", user_id: billing?.userId },
    ]),
  );
  for (const account of server.accounts) expect(stack.stateText()).not.toContain(account.token);
  const decrypted = JSON.stringify(await stack.stack.exportStack());
  expect(decrypted).toContain(billing?.token);
  expect(decrypted).not.toContain(main?.token);
  expect(stack.resource("billing").inputs).toHaveProperty("accessToken");
  expect((await stack.preview()).changes).toEqual([]);

  stack.edit("index.js", `remainQuota: 1 }, ${provider});`, `remainQuota: 1 });`);
  const { run } = await failure(stack.preview());
  expect(run.output).toContain(
    `the key is in account ${billing?.userId}, but the access token is of account ${main?.userId}`,
  );
  stack.edit("index.js", `"theirs", remainQuota: 1 });`, `"theirs", remainQuota: 1 }, ${provider});`);
  stack.write(
    "index.js",
    program(
      ...fromEnvironment,
      `const same = new Provider("same", { accessToken: process.env.COMETAPI_ACCESS_TOKEN });`,
      `const billing = new Provider("billing", { accessToken: process.env.BILLING_TOKEN });`,
      `new Key("own", { name: "own", remainQuota: 1 }, { provider: same });`,
      `new Key("theirs", { name: "theirs", remainQuota: 1 }, ${provider});`,
    ),
  );
  expect((await stack.up()).changes.filter(({ name }) => name !== "same")).toEqual([]);

  // The engine stores the new token before it asks about any key.
  const [right, wrong] = ["BILLING_TOKEN", "COMETAPI_ACCESS_TOKEN"].map(
    (name) => `"billing", { accessToken: process.env.${name} }`,
  );
  stack.edit("index.js", String(right), String(wrong));
  for (const _ of ["first", "second"])
    expect((await failure(stack.up())).run.output).toContain(
      `the key is in account ${billing?.userId}, but the access token is of account ${main?.userId}`,
    );
  stack.edit("index.js", String(wrong), String(right));
  const repaired = await stack.up();
  expect(repaired.changes.filter(({ name }) => name !== "billing")).toEqual([]);
  const requests = server.requests.length;
  expect((await stack.preview()).changes).toEqual([]);
  expect(server.requests.length).toBe(requests);
  await stack.destroy();
  expect(server.keys().filter(({ deletedAt }) => deletedAt === undefined)).toEqual([]);
});
