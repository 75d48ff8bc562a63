import { describe, expect, it } from "vitest";
import type { CometServer, KeyView } from "../../server/index";
import { failure, newStack, startEmulator, type TestStack } from "../stack";
import { handed, serviceProgram } from "./program";

/**
 * Runs that leave a part of the program out. Whatever they leave out, what a rotation hands on is a key that lives,
 * and the next whole `up` finishes what was left.
 */

const rotation = `const r = new RotatingCometApiKey("r", {
  every: "P30D", overlap: "P2D", anchor: "2099-01-05T00:00:00Z", remainQuota: 100,
});`;
const firstSlot = "2099-01-06T00:00:00Z";
const nextSlot = "2099-02-05T00:00:00Z";
const afterOverlap = "2099-02-08T00:00:00Z";

const living = (server: CometServer): KeyView[] =>
  server.keys().filter(({ deletedAt }) => deletedAt === undefined);

interface Scene {
  server: CometServer;
  stack: TestStack;
  /** Writes the program's next version: the service is configured anew by it. */
  edit(declared?: string): void;
  at(moment: string): void;
  /** That of the key that the service was given last, if it lives. */
  service(): string | undefined;
}

async function scene(declared: string, moment: string): Promise<Scene> {
  const server = await startEmulator();
  let version = 1;
  const stack = await newStack({
    server,
    program: serviceProgram(declared, version),
    env: { COMETAPI_NOW: moment },
  });
  return {
    server,
    stack,
    edit: (changed = declared) => {
      version += 1;
      stack.write("index.js", serviceProgram(changed, version));
    },
    at: (now) => {
      stack.stack.workspace.envVars["COMETAPI_NOW"] = now;
    },
    service: () => {
      const last = handed(stack).at(-1);
      return living(server).find(({ key }) => key === last?.key)?.name.replace(/-[0-9a-f]{7}$/, "");
    },
  };
}

describe.each([
  ["the rotation", ["**RotatingCometApiKey**"]],
  ["the new key", ["**CometApiKey::r-20990204"]],
  ["the keys", ["**CometApiKey::r-*"]],
  ["what the rotation remembers", ["**cometapi:Rotation::r"]],
])("in a new slot, an up that excludes %s", (_what, exclude) => {
  it.each([false, true])("hands on a living key (excludeDependents: %s)", async (excludeDependents) => {
    const { server, stack, edit, at, service } = await scene(rotation, firstSlot);
    await stack.up();
    expect(service()).toBe("r-20990105");
    at(nextSlot);
    edit();
    const { outputs } = await stack.up({ exclude, excludeDependents });
    expect(service()).toBe("r-20990105");
    expect(living(server).map(({ key }) => key)).toContain(outputs["rkey"]?.value);
    const whole = await stack.up();
    expect(service()).toBe("r-20990204");
    expect(living(server)).toHaveLength(3);
    expect(whole.outputs["rkey"]?.value).toBe(handed(stack).at(-1)?.key);
    expect((await stack.preview()).changes).toEqual([]);
    at(afterOverlap);
    await stack.up({ exclude, excludeDependents });
    await stack.up();
    expect(service()).toBe("r-20990204");
    expect(living(server)).toHaveLength(2);
    expect(server.violations).toEqual([]);
  });
});
