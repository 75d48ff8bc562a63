import type { Deployment } from "@pulumi/pulumi/automation/index.js";
import { beforeAll, describe, expect, it } from "vitest";
import { expectNoLeak, secretsOf } from "../faults/leaks";
import { type CometServer, faults, type KeyView } from "../server/index";
import {
  type Change,
  failure,
  keepPrinted,
  newStack,
  startEmulator,
  type TestStack,
  type UpRun,
} from "./stack";

/** Far ahead, so that what expires lies ahead of today. */
const dayOne = Date.parse("2099-01-05T09:00:00Z");
const day = (n: number) => new Date(dayOne + n * 86_400_000).toISOString().replace(".000Z", "Z");
const label = (n: number) => `backend-${day(n).replace(/[-:]/g, "").replace("0000Z", "00Z")}`;

interface Exported extends Deployment {
  deployment: { resources: { type: string; inputs?: object; outputs?: object }[] };
}

function program(changed: Record<string, unknown>): string {
  const args = { every: "P30D", overlap: "P2D", anchor: day(-300), remainQuota: 100, modelLimits: ["gpt-5"] };
  return `
    import { RotatingCometApiKey } from "pulumi-cometapi";
    const rotating = new RotatingCometApiKey("backend", ${JSON.stringify({ ...args, ...changed })});
    export const { key: apiKey, current, previous, rotatesAt } = rotating;
  `;
}

describe("a rotating key, over simulated days", () => {
  let server: CometServer;
  let stack: TestStack;
  const { printed, told } = keepPrinted();

  const on = (n: number) => {
    stack.stack.workspace.envVars["COMETAPI_NOW"] = day(n);
  };
  const living = (): KeyView[] => server.keys().filter(({ deletedAt }) => deletedAt === undefined);
  const keyOf = (n: number) => server.key(stack.keyId(label(n)));
  const keysAmong = (changes: Change[]) =>
    changes.filter(({ name }) => name.startsWith("backend-")).map(({ name, op }) => `${op} ${name}`);
  const upOn = async (n: number): Promise<UpRun> => {
    on(n);
    return told(await stack.up());
  };
  /** The preview shows exactly what the up then does. */
  const previewedUpOn = async (n: number): Promise<UpRun> => {
    on(n);
    const { changes } = told(await stack.preview());
    const up = await upOn(n);
    expect(up.changes).toEqual(changes);
    return up;
  };
  const exported = (): Promise<Exported> => stack.stack.exportStack();
  const bounds = (n: number) => ({ start: day(n), end: day(n + 30) });

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({ server, program: program({}) });
  });

  it("creates one key on the first day, even within an overlap", async () => {
    const { outputs, changes, output } = await upOn(1);
    expect(keysAmong(changes)).toEqual([`create ${label(0)}`]);
    expect(living()).toHaveLength(1);
    expect(keyOf(0).name).toMatch(new RegExp(`^${label(0)}-[0-9a-f]{7}$`));
    expect(outputs["apiKey"]).toEqual({ value: keyOf(0).key, secret: true });
    expect(outputs["current"]?.value).toEqual({ id: String(keyOf(0).id), name: keyOf(0).name, ...bounds(0) });
    expect(outputs["previous"]?.value).toBeUndefined();
    expect(outputs["rotatesAt"]?.value).toBe(day(30));
    expect(output).toContain(`warning: COMETAPI_NOW is set: keys rotate as if it were ${day(1)}`);
  });

  it("changes nothing until the next slot", async () => {
    on(29);
    expect(told(await stack.up({ expectNoChanges: true })).changes).toEqual([]);
  });

  it("takes no key away while the next one cannot be created, though --continue-on-error has the engine go on", async () => {
    on(30);
    const before = living();
    const fault = server.fault({ method: "POST" }, faults.refuse("not today"), { times: 10 });
    const { run } = await failure(stack.up({ continueOnError: true }));
    fault.remove();
    told(run);
    expect(living()).toEqual(before);
    expect(stack.outputs()["apiKey"]?.value).toBe(keyOf(0).key);
    expect(run.output).not.toMatch(/^\s+at |unhandled/m);
  });

  it("creates the next key in its slot, and keeps the previous key", async () => {
    const before = keyOf(0);
    const { deployment: older } = await exported();
    const { outputs, changes } = await previewedUpOn(30);
    expect(keysAmong(changes)).toEqual([`create ${label(30)}`]);
    expect(outputs["apiKey"]?.value).toBe(keyOf(30).key);
    expect(outputs["previous"]?.value).toEqual({ id: String(before.id), name: before.name, ...bounds(0) });
    expect(keyOf(0)).toEqual(before);

    // As if that up had been broken off before it was remembered.
    const made = living();
    const state = await exported();
    const memoryIn = ({ resources }: Exported["deployment"]) =>
      resources.find(({ type }) => type.endsWith(":Rotation"));
    const { inputs, outputs: remembered } = memoryIn(older) ?? {};
    Object.assign(memoryIn(state.deployment) ?? {}, { inputs, outputs: remembered });
    await stack.stack.importStack(state);
    const again = await upOn(30);
    expect(again.changes.map(({ name, op }) => `${op} ${name}`)).toEqual(["update backend"]);
    expect(again.outputs).toEqual(outputs);
    expect(living()).toEqual(made);
  });

  it("is changed by no refresh, whatever the day and also if that runs the program", async () => {
    const made = living();
    on(61);
    const { changes } = told(await stack.refresh({ runProgram: true, expectNoChanges: true }));
    // The newest engine shows each component, and the stack, as updated to what it was.
    expect(keysAmong(changes)).toEqual([]);
    expect(living()).toEqual(made);
  });

  it("updates both living keys in place when another argument changes", async () => {
    const ids = living().map(({ id }) => id);
    stack.write("index.js", program({ modelLimits: ["gpt-5-mini"] }));
    const { changes } = await upOn(31);
    expect(keysAmong(changes).sort()).toEqual([`update ${label(0)}`, `update ${label(30)}`].sort());
    expect(living().map(({ id, model_limits }) => [id, model_limits])).toEqual(
      ids.map((id) => [id, "gpt-5-mini"]),
    );
  });

  it("removes the previous key with the first up after the overlap", async () => {
    const { outputs, changes } = await previewedUpOn(32);
    expect(keysAmong(changes)).toEqual([`delete ${label(0)}`]);
    expect(living().map(({ id }) => id)).toEqual([keyOf(30).id]);
    expect(outputs["previous"]?.value).toBeUndefined();
  });

  it("keeps the last key through slots without an up, and gives it the overlap from the up that comes", async () => {
    const last = keyOf(30);
    const { changes, outputs } = await upOn(130);
    expect(keysAmong(changes)).toEqual([`create ${label(120)}`]);
    expect(living()).toContainEqual(last);
    expect(outputs["previous"]?.value).toMatchObject(bounds(30));
  });

  it("creates a newer key before it takes one away when every changes; and each may expire by itself", async () => {
    const changed = { every: "P7D", anchor: day(130), hardExpiry: true, modelLimits: ["gpt-5-mini"] };
    stack.write("index.js", program(changed));
    server.clearRequests();
    const { changes } = await upOn(133);
    expect(keysAmong(changes)).toEqual([
      `create ${label(130)}`,
      `update ${label(120)}`,
      `delete ${label(30)}`,
    ]);
    const writes = server.requests.map(({ method }) => method).filter((method) => method !== "GET");
    expect(writes).toEqual(["POST", "PUT", "DELETE"]);
    expect(keyOf(130).expired_time).toBe(Date.parse(day(130 + 7 + 2)) / 1000);
    expect(keyOf(120).expired_time).toBe(Date.parse(day(120 + 30 + 2)) / 1000);
    // The overlap of a new schedule begins late: its slot began before anybody knew of it.
    expect(keysAmong((await upOn(135)).changes)).toEqual([`delete ${label(120)}`]);
  });

  it("says what is wrong with a schedule at preview, naming each argument, without a stack trace", async () => {
    stack.write("index.js", program({ every: "P1M", overlap: "2 days" }));
    const { run } = await failure(stack.preview());
    told(run);
    expect(run.output).toMatch(/error: RotatingCometApiKey "backend": every is "P1M", but months/);
    expect(run.output).toContain('overlap is "2 days", which is no ISO 8601 duration');
    expect(run.output).not.toMatch(/^\s+at |unhandled/m);

    stack.write("index.js", program({ name: "a name that is too long with that of a slot" }));
    const { run: long } = await failure(stack.preview());
    expect(told(long).output).toContain("name has 58 characters, and CometAPI takes at most 50");
  });

  it("destroys what is left, also if that runs the program of another slot; and has written no secret, nor done anything CometAPI frowns on", async () => {
    stack.write("index.js", program({}));
    on(200);
    told(await stack.destroy({ runProgram: true }));
    expect(living()).toEqual([]);
    expectNoLeak([stack.backend.text(), ...printed], secretsOf(server));
    expect(server.violations).toEqual([]);
  });
});
