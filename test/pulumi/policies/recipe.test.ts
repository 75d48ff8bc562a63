import { expect, test } from "vitest";
import { follow } from "../../docs/page";
import { letPoliciesStart, runtime } from "./launcher";

test("the recipe: a policy stops an unlimited key at preview, and lets one with a quota pass", async () => {
  const page = await follow("docs/recipes/policy-no-unlimited-keys.md", {
    own: () => ({ "runtime: nodejs": `runtime: ${runtime}` }),
  });
  letPoliciesStart(page.stack);
  const refused = await page.run("pulumi preview --policy-pack policy");
  expect(refused.output).toContain("Give this key a remainQuota instead of unlimitedQuota: true.");
  expect(refused.code).not.toBe(0);
  expect(page.server.requests).toEqual([]);
  const { code, output } = await page.run("pulumi up --policy-pack policy");
  expect(code, output).toBe(0);
  expect(page.server.keys()).toHaveLength(1);
  page.end();
  expect(page.server.violations).toEqual([]);
});
