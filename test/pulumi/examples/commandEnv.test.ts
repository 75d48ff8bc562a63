import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";

describe("examples/command-env, with the engine mocked", () => {
  const registered = new Map<string, Record<string, unknown>>();

  beforeAll(async () => {
    await pulumi.runtime.setMocks({
      newResource: ({ type, name, inputs }) => {
        registered.set(type, inputs);
        const made = type.endsWith(":CometApiKey") ? { key: pulumi.secret("sk-mocked") } : { stdout: "done" };
        return { id: `${name}-id`, state: { ...inputs, ...made } };
      },
      call: () => ({}),
    });
    await import("../../../examples/command-env/index.js");
    await pulumi.runtime.disconnect();
  });

  it("declares a key with its limits", () => {
    expect(registered.get("pulumi-nodejs:dynamic/cometapi:CometApiKey")).toMatchObject({
      remainQuota: 5_000_000,
      modelLimits: ["gpt-5-mini"],
    });
  });

  it("hands the key to the command, as a secret", () => {
    const { environment } = registered.get("command:local:Command") ?? {};
    expect(pulumi.runtime.isRpcSecret(environment)).toBe(true);
    expect(pulumi.runtime.unwrapRpcSecret(environment)).toEqual({ COMETAPI_KEY: "sk-mocked" });
  });
});
