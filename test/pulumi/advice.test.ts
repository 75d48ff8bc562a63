import { readFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { Terminal } from "../faults/engine/terminal";
import { type CometServer, faults } from "../server/index";
import { host } from "./host";
import { failure, newStack, startEmulator } from "./stack";

/** What errors advise, followed to the letter on the real engine, in the situation that printed it. */

let server: CometServer;
beforeEach(async () => {
  server = await startEmulator();
});

const program = (args: string) => `
import * as pulumi from "@pulumi/pulumi";
import { CometApiKey } from "pulumi-cometapi";
export const key = new CometApiKey("backend", ${args}).key;
`;

const commands = (text: string) => [...text.matchAll(/`pulumi ([^`]+)`/g)].map(([, command = ""]) => command);

test("after a token was reset each command says which one makes it use the new one, and then works", async () => {
  const stack = await newStack({
    server,
    program: program("{ remainQuota: 100 }"),
    env: { COMETAPI_ACCESS_TOKEN: "" },
  });
  const terminal = new Terminal(stack);
  const project = readFileSync(stack.path("Pulumi.yaml"), "utf8");
  const commandsThatRefresh = [
    { args: ["up", "--yes"], options: "\noptions:\n  refresh: always\n" },
    { args: ["up", "--refresh", "--yes"] },
    { args: ["refresh", "--yes"] },
    { args: ["destroy", "--yes"] },
  ];
  const setToken = () =>
    terminal.succeed("config", "set", "--secret", "cometapi:accessToken", server.account.token);
  await setToken();
  await stack.up();
  server.resetToken();
  await setToken();

  const advised = new Set<string>();
  for (const { args, options = "" } of commandsThatRefresh) {
    stack.write("Pulumi.yaml", project + options);
    const { output } = await terminal.fail(...args);
    expect(output).toContain("After a change run `pulumi up --refresh=false` once");
    expect(output).not.toContain(server.account.token);
    advised.add(commands(output)[0] ?? "");
  }
  expect([...advised]).toEqual(["up --refresh=false"]);
  await terminal.succeed("up", "--refresh=false", "--yes");
  for (const { args, options = "" } of commandsThatRefresh) {
    stack.write("Pulumi.yaml", project + options);
    await terminal.succeed(...args);
  }
});

test("a token in plain text is warned of once a run, with the command that ends it", async () => {
  const config = { "cometapi:accessToken": { value: server.account.token } };
  const two = `${program("{ remainQuota: 1 }")}\nexport const other = new CometApiKey("other", { remainQuota: 1 }).key;`;
  const stack = await newStack({ server, program: two, config, env: { COMETAPI_ACCESS_TOKEN: "" } });
  const { output } = await stack.preview();
  // A warning is printed as it comes, and once more below.
  expect(output.split("Diagnostics:")[1]?.match(/contains an access token in plain text/g)).toHaveLength(1);
  const [advice = ""] = commands(output);
  expect(advice).toBe("config set --secret cometapi:accessToken");
  const terminal = new Terminal(stack);
  await terminal.succeed(...advice.split(" "), server.account.token);
  expect((await stack.up()).output).not.toContain("plain text");
});

test("what was declared does not stand in plain text in what state says of a half-created key", async () => {
  const stack = await newStack({
    server,
    program: program(
      '{ remainQuota: 1, group: "vip", allowIps: ["203.0.113.7"], name: pulumi.secret("merger-with-acme") }',
    ),
  });
  server.fault({ method: "PUT" }, faults.refuse('not so: "merger-with-acme"'), {
    times: 10,
  });
  const { run } = await failure(stack.up());
  expect(run.output).toContain("not so");
  expect(run.output).toContain("the next `pulumi up` finishes it");
  const { initErrors } = stack.resource("backend");
  expect(initErrors).toEqual([expect.stringContaining("not yet as declared")]);
  expect(JSON.stringify(initErrors)).not.toMatch(/acme|203\.0/);
});

// The plugin can import: test/pulumi/plugin/door.test.ts.
test.runIf(host === "dynamic")("the option import says which argument adopts the key instead", async () => {
  const stack = await newStack({
    server: await startEmulator(),
    program:
      'import { CometApiKey } from "pulumi-cometapi";\n' +
      'new CometApiKey("imported", { remainQuota: 1 }, { import: "1234" });',
  });
  const { output } = (await failure(stack.preview())).run;
  expect(output).toContain('error: CometApiKey "imported": the option import cannot be used');
  expect(output).toContain('Give the argument adoptId: "1234" instead');
  expect(output).not.toMatch(/code must be a string|^\s+at /m);
});
