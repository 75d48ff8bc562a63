import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { CometServer } from "../../server/index";
import { failure, newStack, startEmulator, type TestStack } from "../stack";

describe("examples/service-env", () => {
  const services = ["billing", "search", "support"];
  let server: CometServer;
  let stack: TestStack;
  const keyOf = (service: string) => server.key(stack.keyId(service));

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({
      example: "service-env",
      config: {
        "cometapi:accessToken": { value: server.account.token, secret: true },
        "cometapi:baseUrl": { value: server.url },
      },
    });
  });

  it("creates a key for each service, and each service's process sends its model request with its own", async () => {
    const { changes, outputs } = await stack.up();
    expect(changes.map(({ name, op }) => `${op} ${name}`).sort()).toEqual(
      services.flatMap((service) => [`create ${service}`, `create ${service}-job`]).sort(),
    );
    expect(outputs["answers"]?.value).toEqual({ billing: "Hello.", search: "Hello.", support: "Hello." });
    for (const service of services) {
      const said = modelRequests().filter(({ headers }) => headers.authorization === bearer(service));
      expect(said).toMatchObject([
        { body: { messages: [{ content: `Say hello to the ${service} team.` }] } },
      ]);
      expect(keyOf(service).used_quota).toBe(10);
    }
  });

  it("finds nothing to change, and runs nothing again", async () => {
    expect((await stack.preview({ expectNoChanges: true })).changes).toEqual([]);
    expect((await stack.refresh({ expectNoChanges: true })).changes).toEqual([]);
    expect((await stack.up({ expectNoChanges: true })).changes).toEqual([]);
    expect(modelRequests()).toHaveLength(3);
  });

  it("previews and creates exactly what one more service in the list needs", async () => {
    stack.edit("index.ts", '"support"]', '"support", "web"]');
    const expected = [
      { name: "web", op: "create", properties: [] },
      { name: "web-job", op: "create", properties: [] },
    ];
    expect((await stack.preview()).changes).toEqual(expected);
    expect((await stack.up()).changes).toEqual(expected);
    expect(modelRequests()).toHaveLength(4);
    expect(modelRequests().at(-1)?.headers.authorization).toBe(bearer("web"));
  });

  it("takes the key of a service that left the list away, and no other", async () => {
    const left = keyOf("search");
    stack.edit("index.ts", '"search", ', "");
    const expected = [
      { name: "search-job", op: "delete", properties: [] },
      { name: "search", op: "delete", properties: [] },
    ];
    expect((await stack.preview()).changes).toEqual(expected);
    expect((await stack.up()).changes).toEqual(expected);
    expect(server.key(left.id).deletedAt).toBeDefined();
    expect(server.account.living).toHaveLength(3);
  });

  it("hands the services a key, and not the access token", async () => {
    stack.write("service.mjs", "console.log(Object.keys(process.env).sort().join());");
    stack.edit("index.ts", '"node", "service.mjs", service', '"node", "service.mjs", service, "again"');
    const { outputs } = await stack.up();
    expect(outputs["answers"]?.value).toHaveProperty("web", "COMETAPI_BASE_URL,COMETAPI_KEY,PATH");
  });

  it("says what the service said when it fails, without the key", async () => {
    stack.write("service.mjs", 'console.error("the model is on holiday"); process.exit(1);');
    stack.edit("index.ts", '"again"', '"once more"');
    const { run } = await failure(stack.up());
    expect(run.output).toContain("the model is on holiday");
    expect(run.output).not.toMatch(/sk-\w/);
  });

  it("destroys all keys", async () => {
    await stack.destroy();
    expect(server.account.living).toEqual([]);
  });

  it("has written neither key nor token to any file, nor done anything CometAPI frowns on", () => {
    const written = stack.backend.text() + readFileSync(stack.path("Pulumi.dev.yaml"), "utf8");
    expect(server.keys()).toHaveLength(4);
    for (const secret of [server.account.token, ...server.keys().map(({ key }) => key)])
      expect(written).not.toContain(secret);
    expect(server.violations).toEqual([]);
  });

  const bearer = (service: string) => `Bearer ${keyOf(service).key}`;
  const modelRequests = () => server.requests.filter(({ path }) => path === "/v1/chat/completions");
});
