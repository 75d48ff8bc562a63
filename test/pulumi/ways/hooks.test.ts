import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CometApiKeyArgs } from "../../../sdk/index";
import { engine } from "../../engine/locate.mjs";
import { type CometServer, faults, type KeyView } from "../../server/index";
import { newStack, startEmulator, type TestStack } from "../stack";
import { CometApiKey, RotatingCometApiKey } from "./sdk";

/**
 * Hooks `onError` that answer "retry": the engine calls the provider again, with what it knew before the failed call. The
 * programs are inline: the language host that the tests can have is too old for such hooks.
 */

const put = { method: "PUT" };

/**
 * An older engine keeps the error of a create in state although its repetition succeeds, and so updates the key once more.
 * Every engine does so after an update.
 */
const forgetsErrorOfCreate = Number(/\d+\.(\d+)/.exec(engine().version)?.[1]) >= 260;

describe("a hook that retries", { timeout: 120_000 }, () => {
  let server: CometServer;
  let stack: TestStack;
  /** The operation that failed, for each time that the engine asked. */
  let asked: string[];
  const key = (): KeyView => {
    expect(server.keys()).toHaveLength(1);
    return server.keys()[0] as KeyView;
  };
  /** @param before what happens each time before the engine tries again */
  const write = (
    declare: (hooks: pulumi.ResourceHookBinding) => CometApiKey | RotatingCometApiKey,
    before = () => {},
  ) => {
    stack.stack.workspace.program = async () => {
      const retry = new pulumi.ErrorHook("retry", ({ failedOperation }) => {
        asked.push(failedOperation);
        before();
        return true;
      });
      return { key: declare({ onError: [retry] }).key };
    };
  };
  const plain = (args: CometApiKeyArgs) => (hooks: pulumi.ResourceHookBinding) =>
    new CometApiKey("backend", args, { hooks });
  /** The state and the stack's output are of the one key, and nothing is left to write. */
  const isFinished = async (name: string) => {
    expect(stack.keyId(name)).toBe(key().id);
    expect(stack.resource(name).outputs).not.toHaveProperty("__unfinished");
    expect((await stack.stack.outputs())["key"]?.value).toBe(key().key);
    expect((await stack.stack.preview()).changeSummary).toEqual({ same: expect.any(Number) });
    expect(server.violations).toEqual([]);
  };

  beforeEach(async () => {
    asked = [];
    server = await startEmulator();
    stack = await newStack({ server, program: "" });
    vi.stubEnv("COMETAPI_NOW", "2099-01-06T00:00:00Z");
  });
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    ["a generated name", "backend", plain({ remainQuota: 100, status: "disabled" })],
    ["a declared name", "backend", plain({ remainQuota: 100, name: "mine", group: "vip" })],
    [
      "a rotation",
      "r-20990105",
      (hooks: pulumi.ResourceHookBinding) =>
        new RotatingCometApiKey(
          "r",
          { every: "P30D", overlap: "P2D", anchor: "2099-01-05T00:00:00Z", remainQuota: 100, name: "mine" },
          { hooks },
        ),
    ],
  ])("creates one key, though three creates fail half-way: %s", async (_, name, declare) => {
    server.fault(put, faults.refuse("not now"), { times: 3 });
    write(declare);
    await stack.stack.up();
    expect(asked).toEqual(["create", "create", "create"]);
    expect(server.granted(key().id)).toBe(100);
    expect(server.requests.filter(({ method }) => method === "POST")).toHaveLength(1);
    if (!forgetsErrorOfCreate) {
      write(declare);
      await stack.stack.up();
      expect(server.granted(key().id)).toBe(100);
    }
    await isFinished(name);
  });

  it.each<[string, CometApiKeyArgs, number]>([
    // What was used while the write was on its way is granted again, as `remainQuota` is what may be used from now on.
    ["a new quota", { remainQuota: 200 }, 210],
    ["another name", { remainQuota: 100, name: "renamed" }, 100],
    ["a total", { totalQuota: 150 }, 150],
  ])("grants %s once, though an update fails after its write", async (_, next, granted) => {
    write(plain({ remainQuota: 100 }));
    await stack.stack.up();
    const { id } = key();
    // The write takes effect, use comes in the same moment, and nobody can look afterwards what came of it.
    let written = false;
    server.fault(put, (exchange) => {
      server.console.spend(id, 10);
      exchange.act();
      written = true;
      exchange.response.socket?.resetAndDestroy();
      return "handled";
    });
    const looks = server.fault({ method: "GET", when: () => written }, faults.refuse("not now"), {
      times: 1000,
    });
    write(plain(next), () => {
      looks.remove();
      server.console.spend(id, 30);
    });
    await stack.stack.up();
    expect(asked).toEqual(["update"]);
    expect(server.granted(id)).toBe(granted);
    // The engine's one update more.
    write(plain(next));
    await stack.stack.up();
    expect(server.granted(id)).toBe(granted);
    await isFinished("backend");
  });
});
