// @module-tag nightly
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { User } from "./user";

/**
 * examples/secret-stores, compiled against the providers' own packages and run with the engine mocked. The packages of the
 * three clouds have 300 MB, so only `npm run test:nightly` installs them.
 */

const repo = resolve(__dirname, "../..");
const examples = join(repo, "examples/secret-stores");
const baseUrl = "https://api.cometapi.com/v1";
const pair = { COMETAPI_KEY: "sk-mocked", COMETAPI_BASE_URL: baseUrl };

interface Registered {
  type: string;
  inputs: Record<string, unknown>;
}
type InputsOf = (type: string) => Record<string, unknown>;

/** What each store must be handed, and what a service is given by it. */
const stores: Record<string, (inputs: InputsOf) => void> = {
  vault: (inputs) => {
    expect(JSON.parse(secretIn(inputs("vault:kv/secretV2:SecretV2")["dataJson"]))).toEqual(pair);
  },
  esc: (inputs) => {
    const { text } = secretIn<{ text: string }>(inputs("pulumiservice:index:Environment")["yaml"]);
    expect(JSON.parse(text)).toEqual({
      values: { environmentVariables: { ...pair, COMETAPI_KEY: { "fn::secret": "sk-mocked" } } },
    });
  },
  onepassword: (inputs) => {
    const sections = secretIn(inputs("onepassword:index/item:Item")["sections"]);
    expect(sections).toMatchObject([
      {
        fields: [
          { label: "COMETAPI_KEY", type: "CONCEALED", value: "sk-mocked" },
          { label: "COMETAPI_BASE_URL", value: baseUrl },
        ],
      },
    ]);
  },
  aws: (inputs) => {
    const { secretString } = inputs("aws:secretsmanager/secretVersion:SecretVersion");
    expect(JSON.parse(secretIn(secretString))).toEqual(pair);
  },
  gcp: (inputs) => {
    expect(secretIn(inputs("gcp:secretmanager/secretVersion:SecretVersion")["secretData"])).toBe("sk-mocked");
    expect(inputs("gcp:cloudrunv2/service:Service")).toMatchObject({
      template: {
        containers: [
          {
            envs: [
              { name: "COMETAPI_KEY", valueSource: { secretKeyRef: { secret: "cometapi-key" } } },
              { name: "COMETAPI_BASE_URL", value: baseUrl },
            ],
          },
        ],
      },
    });
  },
  azure: (inputs) => {
    expect(secretIn(inputs("azure-native:keyvault:Secret")["properties"])).toEqual({ value: "sk-mocked" });
    expect(inputs("azure-native:app:ContainerApp")).toMatchObject({
      template: {
        containers: [
          {
            env: [
              { name: "COMETAPI_KEY", secretRef: "cometapi-key" },
              { name: "COMETAPI_BASE_URL", value: baseUrl },
            ],
          },
        ],
      },
    });
  },
};
const small = ["vault", "esc", "onepassword"];
const tested = process.env["COMETAPI_TEST_ALL"] === "1" ? Object.keys(stores) : small;

const user = new User();
const project = join(user.folder, "project");

beforeAll(async () => {
  const { file } = await user.pack();
  const read = (store: string, path: string) => readFileSync(join(examples, store, path), "utf8");
  const ours = `file:${file.replaceAll("\\", "/")}`;
  const options = { module: "node20", target: "es2022", strict: true, skipLibCheck: true, types: ["node"] };
  user.write({
    "project/package.json": JSON.stringify({
      private: true,
      workspaces: tested,
      dependencies: { "@types/node": "~20.19.0", typescript: "6.0.3" },
    }),
    "project/tsconfig.json": JSON.stringify({ compilerOptions: options }),
    "project/mocks.cjs": readFileSync(join(__dirname, "secretStores.mocks.cjs"), "utf8"),
  });
  for (const store of tested) {
    const manifest = JSON.parse(read(store, "package.json"));
    manifest.dependencies["pulumi-cometapi"] = ours;
    user.write({
      [`project/${store}/package.json`]: JSON.stringify(manifest),
      [`project/${store}/index.ts`]: read(store, "index.ts"),
    });
  }
  // The providers' scripts download their plugins, which nothing here starts.
  await user.run(project, ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]);
  await user.run(project, ["npx", "--no-install", "tsc"]);
}, 600_000);
afterAll(() => user.remove());

test("every example has its test", () => {
  expect(readdirSync(examples).sort()).toEqual(Object.keys(stores).sort());
});

describe("the key stays a secret, and a service gets the pair that the vendor's clients read", () => {
  test.each(tested)("%s", async (store) => {
    const config = Object.fromEntries(
      ["resourceGroup", "vault", "identity", "environment"].map((name) => [`project:${name}`, `my-${name}`]),
    );
    const printed = await user.run(project, ["node", "mocks.cjs", join(project, store)], {
      PULUMI_CONFIG: JSON.stringify(config),
    });
    const registered = JSON.parse(printed) as Registered[];
    const inputs: InputsOf = (type) => {
      const [found, ...more] = registered.filter((resource) => resource.type === type);
      if (found === undefined || more.length > 0) throw new Error(`not one resource of ${type}: ${printed}`);
      return found.inputs;
    };
    stores[store]?.(inputs);
    const plain = JSON.stringify(registered, (name, value) => (name === "secret" ? "" : value));
    expect(plain).not.toContain("sk-mocked");
  });
});

/** The value of a secret, as the mocks print it. */
function secretIn<T = string>(value: unknown): T {
  expect(value).toHaveProperty("secret");
  return (value as { secret: T }).secret;
}
