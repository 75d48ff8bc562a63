import { afterEach, expect, test } from "vitest";
import { newApi } from "../server/index";
import { type Following, follow, type Page } from "./page";

/** The README and every recipe, followed on the real engine. What needs another provider is in
 * handedOver.test.ts, and the policy is in test/pulumi/policies. */

let page: Page;
afterEach(() => {
  page.end();
  expect(page.server.violations).toEqual([]);
});

async function following(name: string, options?: Following) {
  page = await follow(name, options);
  const living = () => page.server.keys().filter(({ deletedAt }) => deletedAt === undefined);
  return { server: page.server, stack: page.stack, living };
}

async function succeeds(command: string): Promise<string> {
  const { code, output } = await page.run(command);
  expect(code, output).toBe(0);
  return output;
}

test("the README's program and commands", async () => {
  const { living } = await following("README.md", {
    env: { COMETAPI_ACCESS_TOKEN: "" },
    // Years from now its expiry has passed, which is refused for a new key.
    own: () => ({ "2027-06-30": "2099-06-30" }),
    typed: ({ account }) => account.token,
  });
  page.skip("npm install pulumi-cometapi @pulumi/pulumi");
  await succeeds("pulumi config set --secret cometapi:accessToken");
  expect(await succeeds("pulumi preview")).toContain("+ 2 to create");
  expect(living()).toEqual([]);
  expect(await succeeds("pulumi up")).toMatch(/apiKey *: \[secret\]/);
  expect(living()).toHaveLength(1);
  page.skip("npm run demo");
  page.skip("npm test");
});

test("a key for each service, and one more for one more line", async () => {
  const { living } = await following("docs/recipes/key-per-service.md");
  await succeeds("pulumi up");
  const before = living();
  expect(before.map(({ remain_quota, model_limits }) => [remain_quota, model_limits])).toEqual(
    expect.arrayContaining([
      [5_000_000, "gpt-5-mini"],
      [20_000_000, "gpt-5-mini,gpt-5"],
    ]),
  );
  expect(await succeeds("pulumi up")).toMatch(/\+ 1 created\s+3 unchanged/);
  expect(living()).toEqual(expect.arrayContaining(before));
  expect(living()).toHaveLength(3);
});

test("a quota for each environment, from its configuration", async () => {
  const { living } = await following("docs/recipes/quota-per-environment.md");
  for (const command of ["config set dollars 5", "up", "stack init prod", "config set dollars 100"])
    await succeeds(`pulumi ${command}`);
  await succeeds("pulumi config set --path models[0] gpt-5");
  await succeeds("pulumi config set --path models[1] gpt-5-mini");
  await succeeds("pulumi up");
  const made = living().map(({ name, remain_quota, model_limits }) => ({ name, remain_quota, model_limits }));
  expect(made).toEqual(
    expect.arrayContaining([
      { name: "backend-dev", remain_quota: 2_500_000, model_limits: "gpt-5-mini" },
      { name: "backend-prod", remain_quota: 50_000_000, model_limits: "gpt-5,gpt-5-mini" },
    ]),
  );
});

test("a total for a key's whole life, raised once it was used up", async () => {
  const { server, living } = await following("docs/recipes/lifetime-total.md");
  await succeeds("pulumi up");
  for (const { id } of living()) server.console.spend(id, 10_000_000);
  await succeeds("pulumi up");
  expect(living()).toMatchObject([{ remain_quota: 5_000_000, used_quota: 10_000_000 }]);
});

test("a key adopted, told at preview and changed by one update", async () => {
  const { server, living } = await following("docs/recipes/adopt-a-key.md", {
    own: (server) => ({ "1234": String(server.keys()[0]?.id) }),
  });
  const { id, key } = server.console.create({ name: "legacy", remain_quota: 70_000 });
  expect(await succeeds("pulumi preview")).toContain(
    `adopts the key "legacy" (id ${id}): modelLimits [] => ["gpt-5","claude-opus-4-6"], ` +
      "modelLimitsEnabled false => true; what it has left, 70000 ($0.14), stays",
  );
  await succeeds("pulumi up");
  expect(living()).toMatchObject([
    { id, key, name: "legacy", remain_quota: 70_000, model_limits: "gpt-5,claude-opus-4-6" },
  ]);
  expect(await succeeds("pulumi up")).toContain("2 unchanged");
});

test("a misspelt model found at preview, and a key made once it is spelt right", async () => {
  const { living } = await following("docs/recipes/check-models.md");
  await succeeds("pulumi config set cometapi:checkModels error");
  const refused = await page.run("pulumi preview");
  expect(refused.code, refused.output).not.toBe(0);
  expect(refused.output).toContain(
    "resource 'chat' has a problem: modelLimits names \"gpt-55\", which is not in CometAPI's model catalogue; " +
      'did you mean "gpt-5"?',
  );
  await succeeds("pulumi up");
  expect(living().map(({ model_limits }) => model_limits)).toEqual(["gpt-5,claude-opus-4-6"]);
});

test("a key disabled, which keeps everything but its service", async () => {
  const { living } = await following("docs/recipes/disable-a-key.md");
  await succeeds("pulumi up");
  const [before] = living();
  expect(await succeeds("pulumi up")).toContain("~ 1 updated");
  expect(living()).toEqual([{ ...before, status: 2 }]);
});

test("a key rotated: the new one is made first, and the old one dies at the end of the same up", async () => {
  const { server, living } = await following("docs/recipes/rotate-a-key.md");
  await succeeds("pulumi up");
  const [old] = living();
  await succeeds("pulumi config set keyGeneration 2");
  server.clearRequests();
  await succeeds("pulumi up");
  const writes = server.requests.map(({ method }) => method).filter((method) => method !== "GET");
  expect([writes[0], writes.at(-1)]).toEqual(["POST", "DELETE"]);
  const [made, ...others] = living();
  expect(others).toEqual([]);
  expect(made?.id).not.toBe(old?.id);
  expect(made?.remain_quota).toBe(10_000_000);
});

test("a key rotated on a schedule, and the preview of another day", async () => {
  const { living } = await following("docs/recipes/rotate-on-a-schedule.md");
  expect(await succeeds("pulumi up")).toMatch(/rotatesAt *: "20/);
  const made = living();
  expect(made).toHaveLength(1);
  const preview = await succeeds("COMETAPI_NOW=2099-01-05T09:00:00Z pulumi preview");
  expect(preview).toMatch(/\+ 1 to create\s+~ 1 to update\s+2 changes\. 3 unchanged/);
  expect(living()).toEqual(made);
});

test("a key that destroy may not delete, and one that it leaves behind", async () => {
  const { living } = await following("docs/recipes/protect-and-retain.md");
  await succeeds("pulumi up");
  const refused = await page.run("pulumi destroy");
  expect(refused.code, refused.output).not.toBe(0);
  expect(living()).toHaveLength(1);
  await succeeds("pulumi up");
  await succeeds("pulumi destroy");
  expect(living()).toHaveLength(1);
});

test("keys in several accounts, one of them the stack's default, and one moved", async () => {
  const { server, living } = await following("docs/recipes/several-accounts.md", {
    env: { COMETAPI_ACCESS_TOKEN: "" },
    typed: ({ accounts }) => accounts.at(-1)?.token ?? "",
  });
  await succeeds("pulumi config set --secret --path cometapi:accounts.billing.accessToken");
  const search = server.addAccount();
  await succeeds("pulumi config set --secret --path cometapi:accounts.search.accessToken");
  await succeeds("pulumi up");
  const owners = () => living().map(({ name, user_id }) => [name.replace(/-[0-9a-f]{7}$/, ""), user_id]);
  expect(owners().sort()).toEqual([
    ["index", search.userId],
    ["invoices", server.account.userId],
  ]);
  await succeeds("pulumi config set cometapi:account search");
  expect(await succeeds("pulumi up")).toContain("3 unchanged");
  expect(await succeeds("pulumi up")).toContain("+-1 replaced");
  expect(owners().sort()).toEqual([
    ["index", search.userId],
    ["invoices", search.userId],
  ]);
});

test("a budget for each month", async () => {
  const { living } = await following("docs/recipes/quota-per-period.md");
  expect(await succeeds("pulumi up")).toMatch(/quotaPeriod *: "20\d\d-\d\d"/);
  const made = living();
  expect(made).toMatchObject([{ remain_quota: 12_500_000 }]);
  const preview = await succeeds("COMETAPI_NOW=2099-01-01T00:00:00Z pulumi preview");
  expect(preview).toMatch(/~ 1 to update\s+1 unchanged/);
  expect(living()).toEqual(made);
});

test("models, usage and other keys looked up", async () => {
  const { server, living } = await following("docs/recipes/lookups.md");
  const spent = server.console.create({ name: "old", remain_quota: 5 });
  server.console.update(spent.id, { status: 4 });
  expect(await succeeds("pulumi preview")).toContain("+ 2 to create");
  const output = await succeeds("pulumi up");
  expect(output).toMatch(/left *: 20\n/);
  expect(output).toMatch(/name *: "old"/);
  expect(living().find(({ name }) => name.startsWith("backend"))?.model_limits).toMatch(/^gpt-5/);
});

test("a New API server of one's own", async () => {
  const { living } = await following("docs/recipes/self-hosted.md", {
    server: { personality: newApi },
    env: { COMETAPI_ACCESS_TOKEN: "", COMETAPI_BASE_URL: "" },
    own: ({ url, account }) => ({
      "https://new-api.example.com": url,
      "userId 42": `userId ${account.userId}`,
    }),
    typed: ({ account }) => account.token,
  });
  await succeeds("pulumi config set cometapi:baseUrl https://new-api.example.com");
  await succeeds("pulumi config set cometapi:userId 42");
  await succeeds("pulumi config set --secret cometapi:accessToken");
  await succeeds("pulumi up");
  expect(living().map(({ name }) => name)).toEqual(["Suche für München"]);
});
