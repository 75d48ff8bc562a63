/** Programs in other languages than TypeScript, on the plugin as `pulumi plugin install` has it. */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect } from "vitest";
import { pathFor } from "../../engine/languages.mjs";
import { engine } from "../../engine/locate.mjs";
import { writeArchives } from "../../package/bundle";
import type { CometServer } from "../../server/index";
import { newStack, type StackOptions, startEmulator, type TestStack, type UpRun } from "../stack";

export type Language = "yaml" | "python" | "go" | "java";

const repo = resolve(__dirname, "../../..");

const folder = mkdtempSync(join(tmpdir(), "cometapi-test-languages-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Within the slot that begins with the anchor of the examples. */
const dayOne = Date.parse("2026-01-05T09:00:00Z") + 86_400_000;
/** So many days later, for COMETAPI_NOW. */
export const day = (n: number): string =>
  new Date(dayOne + n * 86_400_000).toISOString().replace(".000Z", "Z");

/** Why programs in this language cannot run on this machine, if so: tests are skipped with it. */
export function lacking(...commands: string[]): string | undefined {
  const missing = commands.filter((command) => spawnSync(command, ["--version"]).error);
  return missing.length === 0 ? undefined : `this machine has no ${missing.join(" and no ")}`;
}

/** A machine with the plugin installed, and a PATH with the host of a language. */
export async function machine(language: Language): Promise<Record<string, string>> {
  const PULUMI_HOME = join(folder, "home");
  const { version } = JSON.parse(readFileSync(join(repo, "package.json"), "utf8")) as { version: string };
  const [archive = ""] = await writeArchives(join(folder, "release"));
  const install = ["plugin", "install", "resource", "cometapi", version, "--file", archive];
  const env = { ...process.env, PULUMI_HOME, PULUMI_SKIP_UPDATE_CHECK: "true" };
  execFileSync(engine().command, install, { env, stdio: "pipe" });
  return { PATH: await pathFor(language), PULUMI_HOME, COMETAPI_NOW: day(0) };
}

export interface Account {
  server: CometServer;
  stack: TestStack;
}

/** A stack with two accounts, as the examples want it. The second one has 2 dollars. */
export async function stackOf(options: StackOptions): Promise<Account> {
  const server = await startEmulator({ accounts: [{}, { balance: 1_000_000 }] });
  const billingToken = { value: server.accounts[1]?.token ?? "", secret: true };
  return { server, stack: await newStack({ ...options, server, config: { billingToken } }) };
}

/** What each of the examples is to do, whatever its language. */
export async function expectExample({ server, stack }: Account): Promise<UpRun> {
  const [own, billing] = server.accounts;
  const up = await stack.up();
  const [backend, rotating, invoices] = ["backend", "rotating-20260105T0900Z", "invoices"].map((name) =>
    server.key(stack.keyId(name)),
  );
  expect(up.outputs).toEqual({
    backendKey: { value: backend?.key, secret: true },
    rotatingKey: { value: rotating?.key, secret: true },
    rotatesAt: { value: "2026-02-04T09:00:00Z", secret: false },
    invoicesKey: { value: invoices?.key, secret: true },
    billingUsd: { value: 2, secret: false },
  });
  expect(backend).toMatchObject({ user_id: own?.userId, remain_quota: 12_500_000, model_limits: "gpt-5" });
  expect(rotating).toMatchObject({ user_id: own?.userId, remain_quota: 10_000_000 });
  expect(invoices).toMatchObject({ user_id: billing?.userId, remain_quota: 5_000_000 });
  const secrets = [backend?.key, rotating?.key, invoices?.key, own?.token, billing?.token];
  const stored = stack.backend.text();
  for (const secret of secrets) expect(stored.includes(String(secret))).toBe(false);

  const writes = server.requests.filter(({ method }) => method !== "GET").length;
  expect((await stack.up({ expectNoChanges: true })).changes).toEqual([]);
  expect((await stack.refresh({ expectNoChanges: true })).changes).toEqual([]);
  expect(server.requests.filter(({ method }) => method !== "GET").length).toBe(writes);
  return up;
}

/** Nothing stays behind. */
export async function expectDestroyed({ server, stack }: Account): Promise<void> {
  await stack.destroy();
  expect(server.keys().filter(({ deletedAt }) => deletedAt === undefined)).toEqual([]);
}
