import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { schema } from "../../docs/schema";
import { engine, engineEnv } from "../../engine/locate.mjs";

const repo = resolve(__dirname, "../../..");

test("Pulumi finds no fault with the schema, and gets it from the plugin", { timeout: 60_000 }, () => {
  const home = mkdtempSync(join(tmpdir(), "cometapi-test-schema-"));
  const env = { ...process.env, ...engineEnv({ home, backend: `file://${home}` }) };
  const pulumi = (...args: string[]) => execFileSync(engine().command, args, { env, encoding: "utf8" });
  try {
    // Fails with the faults that it finds.
    pulumi("schema", "check", join(repo, "provider/plugin/schema.json"));
    const printed = pulumi("package", "get-schema", join(repo, "plugin/pulumi-resource-cometapi"));
    const { resources, functions, types } = JSON.parse(schema()) as Record<string, object>;
    expect(JSON.parse(printed)).toMatchObject({ resources, functions, types });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
