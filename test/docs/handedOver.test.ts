import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { blocksOf } from "./markdown";

/** Recipes that hand a key to a provider that is not there: the engine is mocked, and its part is looked at. */

interface Registered {
  type: string;
  inputs: Record<string, unknown>;
}

async function run(recipe: string): Promise<(type: string) => Record<string, unknown>> {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, inputs });
      const made = type.endsWith(":CometApiKey") ? { key: pulumi.secret("sk-mocked") } : {};
      return { id: `${name}-id`, state: { ...inputs, ...made } };
    },
    call: () => ({}),
  });
  const [program] = blocksOf(`docs/recipes/${recipe}.md`);
  const code = ts.transpile(program?.text ?? "", { module: ts.ModuleKind.CommonJS, esModuleInterop: true });
  new Function("require", "exports", code)(createRequire(__filename), {});
  await pulumi.runtime.disconnect();
  return (type) => {
    const [found, ...more] = registered.filter((resource) => resource.type === type);
    if (found === undefined || more.length > 0)
      throw new Error(`${more.length + 1} or no resources of ${type}`);
    return found.inputs;
  };
}

function expectSecret(value: unknown, plain: unknown): void {
  expect(pulumi.runtime.isRpcSecret(value)).toBe(true);
  expect(pulumi.runtime.unwrapRpcSecret(value)).toEqual(plain);
}

describe("with the engine mocked, the recipe hands over a secret", () => {
  test("to GitHub Actions", async () => {
    const { plaintextValue, secretName } = (await run("github-actions-secret"))(
      "github:index/actionsSecret:ActionsSecret",
    );
    expect(secretName).toBe("COMETAPI_KEY");
    expectSecret(plaintextValue, "sk-mocked");
  });

  test("to Kubernetes, under a generated name that the deployment follows", async () => {
    const inputs = await run("kubernetes-secret");
    const { stringData, metadata } = inputs("kubernetes:core/v1:Secret");
    expectSecret(stringData, { COMETAPI_KEY: "sk-mocked" });
    expect(metadata).toBeUndefined();
    expect(JSON.stringify(inputs("kubernetes:apps/v1:Deployment"))).not.toContain("sk-mocked");
  });
});
