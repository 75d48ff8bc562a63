import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, test, vi } from "vitest";
import { RotatingCometApiKey, type RotatingCometApiKeyArgs } from "../../sdk/index";

/** With the engine mocked, as users test their programs: what is registered, and what comes out. */

afterEach(() => vi.useRealTimers());

async function register(args: Omit<RotatingCometApiKeyArgs, "every" | "overlap">, kept?: unknown[]) {
  vi.useFakeTimers({ now: Date.parse("2099-01-20T00:00:00Z"), toFake: ["Date"] });
  const keys: Record<string, Record<string, unknown>> = {};
  let provider: unknown;
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      if (type.endsWith(":CometApiKey")) keys[name] = inputs;
      if (type.endsWith(":Rotation")) provider = inputs.__provider;
      const made = type.endsWith(":Rotation") ? { kept } : { key: pulumi.secret(`sk-${name}`) };
      return { id: `${name}-id`, state: { name, ...inputs, ...made } };
    },
    call: () => ({}),
  });
  const anchor = "2099-01-05T09:00:00Z";
  const rotating = new RotatingCometApiKey("backend", { every: "P30D", overlap: "P2D", anchor, ...args });
  const { key, current, previous, rotatesAt } = rotating;
  const outputs = await new Promise((resolve) =>
    pulumi.all([key, current, previous, rotatesAt]).apply((all) => resolve(all)),
  );
  const secret = await pulumi.isSecret(key);
  await pulumi.runtime.disconnect();
  return { keys, outputs, secret, provider };
}

const now = "backend-20990105T0900Z";
const before = "backend-20981206T0900Z";
const past = { start: "2098-12-06T09:00:00Z", end: "2099-01-05T09:00:00Z", since: "2099-01-19T09:00:00Z" };

test("what is remembered is found by a text that may never change, since it is in every state", async () => {
  const { provider } = await register({ remainQuota: 5 }, []);
  expect(provider).toBe('exports.handler=()=>require("pulumi-cometapi/provider/rotation")');
});

describe("the keys of a rotation", () => {
  test("are each told all that is declared, in whatever way the quota is", async () => {
    for (const args of [
      { totalQuota: 5, account: "billing", modelLimits: ["gpt-5"], status: "disabled" as const },
      { unlimitedQuota: true, group: "auto", crossGroupRetry: true },
      { remainQuota: pulumi.output(5), allowIps: ["203.0.113.0/24"] },
    ]) {
      const { keys } = await register(args, [past]);
      expect(Object.keys(keys)).toEqual([now, before]);
      for (const inputs of Object.values(keys)) {
        expect(inputs).toMatchObject({ ...args, ...("remainQuota" in args && { remainQuota: 5 }) });
        expect(inputs["name"] ?? inputs["expiredTime"] ?? inputs["every"]).toBeUndefined();
      }
    }
  });

  test("bear the declared name and their slot's, and expire after the overlap if they are to", async () => {
    const { keys } = await register({ name: "Suche", hardExpiry: true, remainQuota: 5 }, [past]);
    expect(keys[now]).toMatchObject({ name: "Suche-20990105T0900Z", expiredTime: "2099-02-06T09:00:00Z" });
    expect(keys[before]).toMatchObject({ name: "Suche-20981206T0900Z", expiredTime: "2099-01-07T09:00:00Z" });
  });

  test("come out as a secret and two descriptions, also where the mocks know of no memory", async () => {
    const current = {
      id: `${now}-id`,
      name: now,
      start: "2099-01-05T09:00:00Z",
      end: "2099-02-04T09:00:00Z",
    };
    const { since: _, ...slot } = past;
    const previous = { id: `${before}-id`, name: before, ...slot };
    for (const kept of [[past], [], undefined])
      expect(await register({ remainQuota: 5 }, kept)).toMatchObject({
        secret: true,
        outputs: [`sk-${now}`, current, kept?.length ? previous : undefined, current.end],
      });
  });
});
