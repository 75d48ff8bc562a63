import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { extract } from "tar";
import { expect, onTestFinished, test } from "vitest";
import { writeSdk } from "../../package/sdks";
import { lacking } from "./languages";

/** What examples/dotnet uses, as the generated classes declare it. */
const members = {
  CometApiKey: ["Output<string> Key"],
  CometApiKeyArgs: ["Input<double>? RemainQuota", "InputList<string> ModelLimits"],
  RotatingCometApiKey: ["Output<string> Key", "Output<string> RotatesAt"],
  RotatingCometApiKeyArgs: ["string Every", "string Overlap", "string? Anchor", "Input<double>? RemainQuota"],
  Provider: [],
  ProviderArgs: ["Input<string>? AccessToken"],
  GetCometApiAccount: [
    "static Output<GetCometApiAccountResult> Invoke(GetCometApiAccountInvokeArgs? args = null, InvokeOptions?",
  ],
  GetCometApiAccountInvokeArgs: [],
  GetCometApiAccountResult: ["readonly double AvailableUsd"],
};

test("the SDK for .NET is generated, with what examples/dotnet uses; no compiler for it can be had here", {
  timeout: 900_000,
}, async ({ skip }) => {
  const missing = lacking("go");
  skip(missing !== undefined, missing);
  const folder = mkdtempSync(join(tmpdir(), "cometapi-dotnet-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await extract({ file: await writeSdk("dotnet", folder), cwd: folder, strip: 1 });

  const files = readdirSync(folder).filter((name) => name.endsWith(".cs"));
  const classes = new Map(
    files
      .flatMap((name) => readFileSync(join(folder, name), "utf8").split(/^ {4}public (?=.*\bclass\b)/m))
      .map((text) => [/^.*?\bclass (\w+)/.exec(text)?.[1], text]),
  );
  for (const [name, declared] of Object.entries(members)) {
    expect(classes.has(name)).toBe(true);
    for (const member of declared) expect(classes.get(name)).toContain(` public ${member}`);
  }
  const program = readFileSync(resolve(__dirname, "../../../examples/dotnet/Program.cs"), "utf8");
  const used = [...program.matchAll(/(?<!Pulumi\.)\bCometApi\.(\w+)/g)].map(([, name]) => name);
  expect(Object.keys(members)).toEqual(expect.arrayContaining(used));
  // ComponentResourceOptions has none: with one here nothing of the SDK compiles.
  expect(classes.get("RotatingCometApiKey")).not.toContain("AdditionalSecretOutputs");
});
