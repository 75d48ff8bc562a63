import { expect, test, vi } from "vitest";
import { type Client, failure, secret, setUp, unknown, urnOf } from "./client";
import { type Registered, startMonitor } from "./monitor";

/** Components, by a program in another language. docs/protocol.md lists what is tested. */

vi.stubEnv("COMETAPI_NOW", "2026-01-20T12:00:00Z");
const rotation = "cometapi:index:RotatingCometApiKey";
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
  expect(registered("cometapi:index:CometApiKey")).toMatchObject({
    name: "rotating-20260105T0900Z",
    parent: urnOf("rotating", rotation),
    inputs: { remainQuota: 1000, name: secret("backend-20260105T0900Z") },
  });
  expect(registered("cometapi:index:Rotation")).toMatchObject({ inputs: { start: "2026-01-05T09:00:00Z" } });
  const warnings = client.logged.filter(({ severity }) => severity === "warning");
  expect(warnings.map(({ message }) => message)).toEqual([
    "COMETAPI_NOW is set: keys rotate as if it were 2026-01-20T12:00:00Z",
  ]);
});

test("Construct: its keys are of the provider that constructs it, although the engine does not list that", async () => {
  const { constructed, registered } = await construct({ remainQuota: 1 });
  await constructed;
  expect(registered("cometapi:index:CometApiKey").provider).toBe(ours);
  expect(registered("cometapi:index:Rotation").provider).toBe(ours);
});

test("Construct: what is unknown at preview is unknown to its keys", async () => {
  const { constructed, registered } = await construct({ remainQuota: unknown }, { preview: true });
  await constructed;
  expect(registered("cometapi:index:CometApiKey").inputs).toMatchObject({ remainQuota: unknown });
});

test("Construct: the options of the component hold", async () => {
  const parent = urnOf("app", "example:index:App");
  const { constructed, registered } = await construct(
    { remainQuota: 1 },
    { parent, protect: true, ignoreChanges: ["remainQuota"], dependencies: [urnOf("other")], alias: "old" },
  );
  await constructed;
  expect(registered(rotation)).toMatchObject({ parent, protect: true, dependenciesList: [urnOf("other")] });
  expect(registered(rotation).aliasesList).toMatchObject([{ spec: { name: "old" } }]);
  expect(registered("cometapi:index:CometApiKey")).toMatchObject({
    protect: true,
    ignorechangesList: ["remainQuota"],
  });
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
  expect(message).toBe("this provider has no component cometapi:index:Team");
});
