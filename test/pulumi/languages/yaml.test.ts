import { beforeAll, expect, test } from "vitest";
import { failure } from "../stack";
import { type Account, day, expectDestroyed, expectExample, lacking, machine, stackOf } from "./languages";

let env: Record<string, string>;
let missing: string | undefined;

beforeAll(async () => {
  // No more than its host, which needs Go to be built.
  const providing = machine("yaml");
  env = await providing.catch((reason: unknown) => {
    missing = lacking("go");
    if (missing === undefined) throw reason;
    return {};
  });
}, 900_000);

const on = ({ stack }: Account, n: number) => {
  stack.stack.workspace.envVars["COMETAPI_NOW"] = day(n);
};

test("examples/yaml: keys, a rotation and a lookup in two accounts, and over the days another key", async ({
  skip,
}) => {
  skip(missing !== undefined, missing);
  const account = await stackOf({ example: "yaml", env });
  const { server, stack } = account;
  await expectExample(account);
  const first = stack.keyId("rotating-20260105T0900Z");

  on(account, 31);
  const renewed = await stack.up();
  const second = stack.keyId("rotating-20260204T0900Z");
  expect(renewed.outputs["rotatingKey"]).toEqual({ value: server.key(second).key, secret: true });
  expect(server.key(first).deletedAt).toBeUndefined();
  expect(renewed.changes.map(({ name, op }) => `${op} ${name}`).sort()).toEqual([
    "create rotating-20260204T0900Z",
    "update rotating",
  ]);

  on(account, 34);
  await stack.up();
  expect(server.key(first).deletedAt).toBeDefined();
  expect(server.key(second).deletedAt).toBeUndefined();
  await expectDestroyed(account);
});

const program = (properties: string, options = "") => `
name: rotations
runtime: yaml
config:
  billingToken: { type: string, secret: true }
resources:
  billing:
    type: pulumi:providers:cometapi
    properties: { accessToken: "\${billingToken}" }
  rotating:
    type: cometapi:RotatingCometApiKey
    properties: { every: P30D, overlap: P2D, remainQuota: 1000${properties} }
    options: { provider: "\${billing}"${options} }
`;

test("a rotation in YAML has the provider and the options that it is given, and says what fails", async ({
  skip,
}) => {
  skip(missing !== undefined, missing);
  const account = await stackOf({
    program: "",
    files: { "Pulumi.yaml": program("", ", protect: true") },
    env,
  });
  const { server, stack } = account;
  expect((await stack.preview()).changes.map(({ op }) => op)).toEqual(["create", "create", "create"]);
  await stack.up();
  const [key] = server.keys();
  expect(key?.user_id).toBe(server.accounts[1]?.userId);
  const { run: refused } = await failure(stack.destroy());
  expect(refused.output).toContain("cannot be deleted");

  stack.write("Pulumi.yaml", program(", group: nowhere"));
  const { run } = await failure(stack.up());
  expect(run.output).toContain("Check the property group");
  expect(run.output).not.toMatch(/UnhandledPromise|exited prematurely|at async/);

  stack.write("Pulumi.yaml", program("").replace("P30D", "P1M"));
  const { run: mistaken } = await failure(stack.preview());
  expect(mistaken.output).toContain('RotatingCometApiKey "rotating": every is "P1M", but');

  stack.write("Pulumi.yaml", program(""));
  await stack.up();
  await expectDestroyed(account);
});

test("pulumi import prints a program that previews without a change", async ({ skip }) => {
  skip(missing !== undefined, missing);
  const head = "name: imports\nruntime: yaml\n";
  const account = await stackOf({ program: "", files: { "Pulumi.yaml": head }, env });
  const { server, stack } = account;
  const { id } = server.console.create({
    name: "by hand",
    remain_quota: 7,
    expired_time: Date.parse("2099-01-01T00:00:00Z") / 1000,
    model_limits: "gpt-5",
    model_limits_enabled: true,
    allow_ips: "10.0.0.1\n2001:db8::/32",
  });
  const printed = await stack.command(
    "import",
    ...["cometapi:index:CometApiKey", "imported", String(id), "--yes", "--skip-preview"],
  );
  const [resources] = /^resources:\n(?: .*\n)+/m.exec(printed) ?? [];
  stack.write("Pulumi.yaml", `${head}${resources}outputs: { key: "\${imported.key}" }\n`);
  expect((await stack.preview()).changes).toEqual([]);
  const { outputs } = await stack.up();
  expect(outputs["key"]).toEqual({ value: server.key(id).key, secret: true });
  expect(server.requests.filter(({ method }) => method !== "GET")).toEqual([]);
});
