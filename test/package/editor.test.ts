import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

/** What an editor shows of the arguments, asked of the compiler's own language service as an editor does. */

const repo = resolve(__dirname, "../..");
const file = join(repo, "test/package/program.ts");
const { config } = ts.readConfigFile(join(repo, "test/tsconfig.json"), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(repo, "test"));

let text = "";
let version = 0;
const service = ts.createLanguageService({
  fileExists: (name) => name === file || ts.sys.fileExists(name),
  readFile: ts.sys.readFile,
  directoryExists: ts.sys.directoryExists,
  useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
  getCompilationSettings: () => options,
  getCurrentDirectory: () => repo,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  getScriptFileNames: () => [file],
  getScriptVersion: () => String(version),
  getScriptSnapshot: (name) =>
    ts.ScriptSnapshot.fromString(name === file ? text : readFileSync(name, "utf8")),
});

/** Types a program with the cursor at `|`, and says where that is. */
function type(args: string): number {
  const program = `import { CometApiKey } from "pulumi-cometapi";\nnew CometApiKey("key", ${args});`;
  text = program.replace("|", "");
  version++;
  return program.indexOf("|");
}

const said = (parts: ts.SymbolDisplayPart[] | undefined) => ts.displayPartsToString(parts);

function offered(args: string): Record<string, string> {
  const at = type(args);
  const entries = service.getCompletionsAtPosition(file, at, {})?.entries ?? [];
  return Object.fromEntries(
    entries.map(({ name, source, data }) => {
      const details = service.getCompletionEntryDetails(file, at, name, {}, source, {}, data);
      return [name, said(details?.documentation)];
    }),
  );
}

function hovered(args: string): string {
  return said(service.getQuickInfoAtPosition(file, type(args))?.documentation);
}

describe("an editor", () => {
  const all = offered("{ | }");

  test("offers every argument with what it means and its default or limit", () => {
    expect(Object.keys(all).sort()).toEqual([
      "account",
      "adoptId",
      "allowIps",
      "autoGroups",
      "crossGroupRetry",
      "expiredTime",
      "group",
      "modelLimits",
      "modelLimitsEnabled",
      "name",
      "quotaReset",
      "remainQuota",
      "status",
      "totalQuota",
      "unlimitedQuota",
    ]);
    for (const documentation of Object.values(all))
      expect(documentation).toMatch(/^.+\n(.|\n)*(Default|Limit): /);
  });

  // Not `unlimitedQuota: true`: of an argument that is declared twice it shows nothing, but offers it as above.
  test.each([
    ['{ |status: "enabled" }', "status"],
    ['{ |status: "enabled", unlimitedQuota: true }', "status"],
    ["{ |remainQuota: 5 }", "remainQuota"],
    ["{ |unlimitedQuota: false, remainQuota: 5 }", "unlimitedQuota"],
    ["{ remainQuota: 5, |modelLimits: [] }", "modelLimits"],
  ])("shows the same over %s", (args, name) => {
    expect(hovered(args)).toBe(all[name]);
  });

  test("names the argument that cannot go with another", () => {
    type("{ remainQuota: 5, unlimitedQuota: true }");
    const errors = service.getSemanticDiagnostics(file).map(({ messageText }) => messageText);
    expect(errors).toEqual([
      expect.stringMatching(/'remainQuota' does not exist in type 'UnlimitedKeyArgs'/),
    ]);
  });
});
