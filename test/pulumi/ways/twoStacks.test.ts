import { expect, test } from "vitest";
import { newStack, startEmulator } from "../stack";

/** Declared and generated names, the same in both stacks. The quota says whose a key is. */
const program = `
  import { CometApiKey } from "pulumi-cometapi";
  const remainQuota = Number(process.env.QUOTA);
  for (let i = 0; i < 4; i++) {
    new CometApiKey("generated-" + i, { remainQuota });
    new CometApiKey("declared-" + i, { name: "same", remainQuota });
  }
`;

test("two stacks of one program that run at once on one account each have keys of their own, and no key is left over", async () => {
  // So that the keys of one are not yet in the list that the other reads.
  const server = await startEmulator({ listLagMs: 500 });
  const foreign = server.console.create({ name: "same" });
  const quotas = [1001, 1002];
  const stacks = await Promise.all(
    quotas.map((quota) => newStack({ program, server, env: { QUOTA: String(quota) } })),
  );
  await Promise.all(stacks.map((stack) => stack.up()));
  const names = [0, 1, 2, 3].flatMap((i) => [`generated-${i}`, `declared-${i}`]);
  for (const [i, stack] of stacks.entries())
    for (const name of names) expect(server.key(stack.keyId(name)).remain_quota).toBe(quotas[i]);
  const ids = stacks.flatMap((stack) => names.map((name) => stack.keyId(name)));
  expect(new Set(ids).size).toBe(16);
  expect(
    server
      .keys()
      .map(({ id }) => id)
      .sort(),
  ).toEqual([foreign.id, ...ids].sort());

  await Promise.all(stacks.map((stack) => stack.destroy()));
  expect(server.keys().filter(({ deletedAt }) => deletedAt === undefined)).toMatchObject([
    { id: foreign.id },
  ]);
  expect(server.violations).toEqual([]);
});
