import { expect, test } from "vitest";
import { newApi, noLimits } from "../../server";
import { newStack, startEmulator } from "../stack";
import { program, pulumiYaml } from "./program";

test("pulumi import takes one key, and many by a file, with their secrets, and changes nothing", async () => {
  // A server that shows masks: the secrets have to be revealed.
  const server = await startEmulator({ personality: { ...newApi, limits: noLimits, hold: undefined } });
  // The third serves no model: no program may ask for that, but a key may be so.
  const models = { first: ["gpt-5"], second: ["gpt-5"], third: [] };
  const keys = Object.entries(models).map(([name, ids]) =>
    server.console.create({
      name,
      remain_quota: 1000,
      model_limits: ids.join(","),
      model_limits_enabled: true,
    }),
  );
  const stack = await newStack({
    program: program(),
    files: { "Pulumi.yaml": pulumiYaml },
    server,
    env: { COMETAPI_USER_ID: String(server.account.userId) },
  });
  const [first, ...others] = keys;
  const flags = ["--yes", "--skip-preview", "--generate-code=false"];
  await stack.command("import", "cometapi:index:CometApiKey", "first", String(first?.id), ...flags);
  stack.write(
    "keys.json",
    JSON.stringify({
      resources: others.map(({ id, name }) => ({ type: "cometapi:index:CometApiKey", name, id: String(id) })),
    }),
  );
  const told = await stack.command("import", "--file", "keys.json", ...flags);
  expect(told).not.toContain("failed to validate");

  const state = stack.stateText();
  for (const { id, name, key } of keys) {
    expect(stack.keyId(name)).toBe(id);
    expect(state).not.toContain(key);
  }
  const shown = await stack.command("stack", "export", "--show-secrets");
  for (const { key } of keys) expect(shown).toContain(key);

  stack.write(
    "index.js",
    program(
      ...keys.map(
        ({ name }) =>
          `new Key("${name}", { name: "${name}", remainQuota: 1000, modelLimitsEnabled: true,
            modelLimits: ${JSON.stringify(models[name as keyof typeof models])} }, { protect: true });`,
      ),
    ),
  );
  expect((await stack.preview()).changes).toEqual([]);
  const writes = server.requests.filter(({ method, pathname }) => method !== "GET" && !/key/.test(pathname));
  expect(writes).toEqual([]);
});
