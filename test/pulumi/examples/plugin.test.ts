import { symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { newStack, startEmulator } from "../stack";

const repo = resolve(__dirname, "../../..");

test("examples/plugin creates each key in the account of its provider, and changes nothing more", async () => {
  const server = await startEmulator({ accounts: [{}, { balance: 1_000_000 }] });
  const [own, billing] = server.accounts;
  const stack = await newStack({
    example: "plugin",
    server,
    config: { billingToken: { value: billing?.token ?? "", secret: true } },
  });
  // Where `npm install` has it.
  symlinkSync(join(repo, "node_modules"), stack.path("node_modules"), "junction");

  const { outputs } = await stack.up();
  const [backend, invoices] = ["backend", "invoices"].map((name) => server.key(stack.keyId(name)));
  expect([backend?.user_id, invoices?.user_id]).toEqual([own?.userId, billing?.userId]);
  expect(outputs).toEqual({
    backendKey: { value: backend?.key, secret: true },
    invoicesKey: { value: invoices?.key, secret: true },
    billingUsd: { value: 2, secret: false },
  });
  expect(stack.stateText()).not.toContain(billing?.token);

  expect((await stack.preview({ expectNoChanges: true })).changes).toEqual([]);
  expect((await stack.refresh({ expectNoChanges: true })).changes).toEqual([]);
  await stack.destroy();
  expect(server.keys().filter(({ deletedAt }) => deletedAt === undefined)).toEqual([]);
});
