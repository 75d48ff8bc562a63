import { expect, test } from "vitest";
import { type CometServer, faults } from "../../server/index";
import { inherit, living, read } from "../../upgrade/inherit";
import { rotatedAt } from "../../upgrade/recorded";
import { failure, type Run } from "../stack";
import { back, moveBack, moveToPlugin, typesOf } from "./moves";

/** Stacks that version 0.1.0 has left go to the plugin and back, half-made keys among them. */

const onPlugin = (program: string) => program.replace('"pulumi-cometapi"', '"pulumi-cometapi/plugin"');
const onDynamic = (program: string) => `import * as pulumi from "@pulumi/pulumi";\n${back}\n${program}`;

const pluginTypes = ["cometapi:index:CometApiKey"];
const rotationTypes = [
  "cometapi:index:CometApiKey",
  "cometapi:index:RotatingCometApiKey",
  "cometapi:index:Rotation",
];

/** Refuses to give a key the name that is declared for it, once: it is then in state, but is not yet as declared. */
function leaveHalfMade(server: CometServer, name: string): void {
  const when = ({ body }: { body: unknown }) => (body as { name?: string } | undefined)?.name === name;
  server.fault({ method: "PUT", when }, faults.refuse("not today"));
}

const updates = ({ changes }: Run) => changes.map(({ name, op }) => `${op} ${name}`).sort();

test("keys of 0.1.0, and half-made ones of today, go over, are finished there, and go back", async () => {
  const { server, stack, records, now } = await inherit("0.1.0");
  const writes = () => server.requests.filter(({ method }) => method !== "GET").length;
  const secrets = () => server.keys().map(({ id, key }) => [id, key]);
  const key = (name: string) => `\nnew CometApiKey("${name}", { name: "${name}", remainQuota: 700 });`;
  const program = read("0.1.0", "program") + key("early");
  leaveHalfMade(server, "early");
  stack.write("index.js", program);
  await failure(stack.up({ target: ["**early"] }));
  expect(stack.resource("early")).toHaveProperty("initErrors");
  expect(stack.resource("halfMade").outputs).toHaveProperty("__unfinished");

  moveToPlugin(stack, onPlugin(program));
  const [before, written] = [secrets(), writes()];
  expect(updates(await stack.preview())).toEqual(["update early", "update halfMade"]);
  expect(writes()).toBe(written);

  // The plugin finishes what the dynamic provider has left, and leaves something itself.
  leaveHalfMade(server, "late");
  moveToPlugin(stack, onPlugin(program) + key("late"));
  const { run } = await failure(stack.up({ continueOnError: true }));
  expect(updates(run)).toEqual(["create late", "update early", "update halfMade"]);
  expect(secrets()).toEqual(expect.arrayContaining(before));
  expect(typesOf(stack)).toEqual(pluginTypes);
  for (const name of ["early", "halfMade"]) {
    expect(stack.resource(name)).not.toHaveProperty("initErrors");
    expect(stack.resource(name).outputs).not.toHaveProperty("__unfinished");
  }
  expect(server.key(stack.keyId("early"))).toMatchObject({ name: "early", remain_quota: 700 });
  expect(now("pulumi-pending-")).toMatchObject({ name: "half-made", remain_quota: 5_000 });
  expect(stack.resource("late")).toHaveProperty("initErrors");

  moveBack(stack, onDynamic(program + key("late")));
  const inPlugin = secrets();
  expect(updates(await stack.preview())).toEqual(["update late"]);
  expect(updates(await stack.up())).toEqual(["update late"]);
  expect(server.key(stack.keyId("late"))).toMatchObject({ name: "late", remain_quota: 700 });
  expect(secrets()).toEqual(inPlugin);
  expect(typesOf(stack)).toEqual(["pulumi-nodejs:dynamic/cometapi:CometApiKey"]);
  expect((await stack.refresh()).changes).toEqual([]);
  expect(server.keys().filter(({ id }) => records.some((record) => record.id === id))).toHaveLength(
    records.length,
  );
  await stack.destroy();
  expect(living(server)).toEqual([]);
  expect(server.violations).toEqual([]);
});

test("rotations of 0.1.0 go over unchanged, rotate on there, and go back", async () => {
  const [, inSecondSlot] = rotatedAt;
  const { server, stack, record } = await inherit("0.1.0-rotation", { COMETAPI_NOW: inSecondSlot });
  const program = read("0.1.0-rotation", "program");
  const names = () =>
    living(server)
      .map(({ name }) => name.replace(/(Z)-[0-9a-f]{7}$/, "$1"))
      .sort();
  const outputs = stack.outputs();

  moveToPlugin(stack, onPlugin(program));
  expect((await stack.preview()).changes).toEqual([]);
  expect((await stack.up()).outputs).toEqual(outputs);
  expect((await stack.refresh()).changes).toEqual([]);
  expect(server.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  expect(typesOf(stack)).toEqual(rotationTypes);

  // The overlap that 0.1.0 began is over, and the next slot has begun.
  stack.stack.workspace.envVars["COMETAPI_NOW"] = "2099-03-06T09:00:00Z";
  await stack.up();
  expect(names()).toEqual([
    "backend-20990204T0900Z",
    "backend-20990306T0900Z",
    "batch job-20990204T0900Z",
    "batch job-20990306T0900Z",
  ]);
  expect(living(server).map(({ key }) => key)).toContain(record("backend-20990204").key);

  const before = living(server);
  moveBack(stack, onDynamic(program));
  // What they remember is written with the text by which the dynamic host finds it. No key is.
  expect(updates(await stack.up())).toEqual(["update backend", "update batch-key"]);
  expect(living(server)).toEqual(before);
  await stack.destroy();
  expect(living(server)).toEqual([]);
  expect(server.violations).toEqual([]);
});
