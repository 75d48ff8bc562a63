import { Alias } from "@pulumi/pulumi/proto/alias_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Value } from "google-protobuf/google/protobuf/struct_pb";
import { expect, test, vi } from "vitest";
import { type Client, failure, secret, setUp, unknown, urnOf } from "./client";
import { type Registered, startMonitor } from "./monitor";

/** Components, by a program in another language. docs/protocol.md lists what is tested. */

vi.stubEnv("COMETAPI_NOW", "2026-01-20T12:00:00Z");
const rotation = "cometapi:index:RotatingCometApiKey";
const key = "cometapi:index:CometApiKey";
const memory = "cometapi:index:Rotation";
const schedule = { every: "P30D", overlap: "P2D", anchor: "2026-01-05T09:00:00Z" };
const ours = `${urnOf("default", "pulumi:providers:cometapi")}::7`;

type Options = Parameters<Client["construct"]>[2];

/** Constructs a rotation, and says what of it was registered. */
async function construct(inputs: object, options: Options = {}, refused?: string) {
  const { client } = await setUp();
  const monitor = await startMonitor(refused);
  const constructed = client.construct(monitor.address, { ...schedule, ...inputs }, options);
  const registered = (type: string) => monitor.registered.find((one) => one.type === type) as Registered;
  return { client, constructed, registered, monitor };
}

test("Construct: a rotation as the TypeScript class declares it, its key a secret", async () => {
  const { constructed, registered, client } = await construct({ remainQuota: 1000, name: secret("backend") });
  expect(await constructed).toEqual({
    urn: urnOf("rotating", rotation),
    state: {
      key: secret("sk-1"),
      current: { id: "1001", name: "drawn", start: "2026-01-05T09:00:00Z", end: "2026-02-04T09:00:00Z" },
      rotatesAt: "2026-02-04T09:00:00Z",
    },
    dependencies: expect.objectContaining({
      key: expect.arrayContaining([urnOf("rotating-20260105T0900Z")]),
    }),
  });
  expect(registered(key)).toMatchObject({
    name: "rotating-20260105T0900Z",
    parent: urnOf("rotating", rotation),
    inputs: { remainQuota: 1000, name: secret("backend-20260105T0900Z") },
  });
  expect(registered(memory)).toMatchObject({ inputs: { start: "2026-01-05T09:00:00Z" } });
  const warnings = client.logged.filter(({ severity }) => severity === "warning");
  expect(warnings.map(({ message }) => message)).toEqual([
    "COMETAPI_NOW is set: keys rotate as if it were 2026-01-20T12:00:00Z",
  ]);
});

test("Construct: its keys are of the provider that constructs it, although the engine does not list that", async () => {
  const { constructed, registered } = await construct({ remainQuota: 1 });
  await constructed;
  expect(registered(key).provider).toBe(ours);
  expect(registered(memory).provider).toBe(ours);
});

test("Construct: what is unknown at preview is unknown to its keys", async () => {
  const { constructed, registered } = await construct({ remainQuota: unknown }, { preview: true });
  await constructed;
  expect(registered(key).inputs).toMatchObject({ remainQuota: unknown });
});

test("Construct: its parent, its aliases and what it depends on are the component's own", async () => {
  const parent = urnOf("app", "example:index:App");
  const others = [urnOf("other"), urnOf("another")];
  const { constructed, registered } = await construct(
    { remainQuota: 1 },
    {
      given(request) {
        request.setParent(parent).setDependenciesList(others);
        request.addAliases(new Alias().setSpec(new Alias.Spec().setName("old")));
        request.addAliases(new Alias().setUrn(urnOf("older", rotation)));
      },
    },
  );
  await constructed;
  expect(registered(rotation)).toMatchObject({ parent, dependenciesList: others });
  const aliases = registered(rotation).aliasesList;
  expect(aliases).toMatchObject([{ spec: { name: "old" } }, { urn: urnOf("older", rotation) }]);
  expect(registered(key)).toMatchObject({ parent: urnOf("rotating", rotation), dependenciesList: [] });
});

test("Construct: what the engine itself hands on is said of the component", async () => {
  const deletedWith = urnOf("other");
  const { constructed, registered } = await construct(
    { remainQuota: 1 },
    { given: (request) => request.setProtect(true).setRetainondelete(true).setDeletedwith(deletedWith) },
  );
  await constructed;
  const options = { protect: true, retainondelete: true, deletedwith: deletedWith };
  expect(registered(rotation)).toMatchObject(options);
  expect(registered(memory)).toMatchObject({ parent: urnOf("rotating", rotation), protect: true });
});

test("Construct: what the engine leaves to components is said of each key", async () => {
  const { constructed, registered } = await construct(
    { remainQuota: 1 },
    {
      given(request) {
        const { CustomTimeouts, ResourceHooksBinding } = rpc.ConstructRequest;
        request.setIgnorechangesList(["remainQuota"]).setReplaceonchangesList(["group"]);
        request.setReplaceWithList([urnOf("other")]);
        request.setCustomtimeouts(new CustomTimeouts().setCreate("2m").setDelete("1m").setRead("3m"));
        request.setResourceHooks(new ResourceHooksBinding().setAfterCreateList(["note"]));
      },
    },
  );
  await constructed;
  expect(registered(key)).toMatchObject({
    ignorechangesList: ["remainQuota"],
    replaceonchangesList: ["group"],
    replaceWithList: [urnOf("other")],
    customtimeouts: { create: "2m", update: "", pb_delete: "1m", read: "3m" },
    hooks: { afterCreateList: ["note"] },
  });
  expect(registered(memory)).toMatchObject({ ignorechangesList: [], replaceonchangesList: [] });
});

test("Construct: a replacement trigger reaches each key, whatever value it is", async () => {
  for (const trigger of ["one", { generation: [1, 2] }, secret("hush"), unknown]) {
    const { constructed, registered } = await construct(
      { remainQuota: 1 },
      {
        preview: trigger === unknown,
        given: (request) => request.setReplacementTrigger(Value.fromJavaScript(trigger)),
      },
    );
    await constructed;
    expect(registered(key).replacementTrigger).toEqual(trigger);
  }
});

test("Construct: a schedule that cannot be kept is refused by the name of the component", async () => {
  const { constructed } = await construct({ every: "P1M", remainQuota: 1 });
  const { message } = await failure(constructed);
  expect(message).toContain('RotatingCometApiKey "rotating": every is "P1M"');
});

test("Construct: a schedule that comes from a resource is refused", async () => {
  const { constructed, monitor } = await construct({ every: unknown, remainQuota: 1 }, { preview: true });
  const { message } = await failure(constructed);
  expect(message).toContain('RotatingCometApiKey "rotating": every is secret or comes from a resource');
  expect(monitor.registered).toEqual([]);
});

test("Construct: a key that fails ends it with the reason, and the plugin works on", async () => {
  const { constructed, client } = await construct({ remainQuota: 1 }, {}, "the account has no quota left");
  expect((await failure(constructed)).message).toContain("the account has no quota left");
  const { address } = await startMonitor();
  expect(await client.construct(address, { ...schedule, remainQuota: 1 })).toMatchObject({
    state: { rotatesAt: "2026-02-04T09:00:00Z" },
  });
});

test("Construct: two at once are parts of their own programs", async () => {
  const { client } = await setUp();
  const monitors = [await startMonitor(), await startMonitor()];
  await Promise.all(
    monitors.map(({ address }, i) =>
      client.construct(address, { ...schedule, remainQuota: i }, { preview: i > 0 }),
    ),
  );
  const quotas = monitors.map(({ registered }) =>
    registered.flatMap(({ inputs }) => ("remainQuota" in inputs ? [inputs.remainQuota] : [])),
  );
  expect(quotas).toEqual([[0], [1]]);
});

test("Construct: a component of another version is named", async () => {
  const { constructed } = await construct({ remainQuota: 1 }, { type: "cometapi:index:Team" });
  const { message } = await failure(constructed);
  expect(message).toBe(
    "this provider has no component cometapi:index:Team. Install the same version of the plugin and of the program's SDK.",
  );
});
