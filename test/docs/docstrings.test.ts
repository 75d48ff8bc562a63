import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { argumentNames } from "../../provider/lifecycle/check";
import { repo } from "./markdown";

/** What an editor shows when the pointer rests on an argument. */
function documentation(path: string, interfaces: string[]): Map<string, string> {
  const file = join(repo, path);
  const source = ts.createSourceFile(file, ts.sys.readFile(file) ?? "", ts.ScriptTarget.Latest, true);
  const found = new Map<string, string>();
  for (const declared of source.statements) {
    if (!ts.isInterfaceDeclaration(declared) || !interfaces.includes(declared.name.text)) continue;
    for (const member of declared.members) {
      const [text] = ts.getJSDocCommentsAndTags(member);
      found.set(member.name?.getText() ?? "", text?.getText() ?? "");
    }
  }
  return found;
}

/** Yes and no have no limits to tell of. */
const withoutLimit = ["unlimitedQuota", "hardExpiry"];

describe("every argument is documented for editors:", () => {
  const documented = documentation("sdk/cometApiKeyArgs.ts", ["KeyArgs", "CometApiKeyArgs"]);
  const ofRotation = documentation("sdk/rotatingCometApiKeyArgs.ts", ["RotatingCometApiKeyArgs"]);

  test("all of them, and no other", () => {
    expect([...documented.keys()].sort()).toEqual([...argumentNames].sort());
    expect([...ofRotation.keys()].sort()).toEqual(["anchor", "every", "hardExpiry", "name", "overlap"]);
  });

  test.each([...documented, ...ofRotation])(
    "%s has its meaning, limit, default and an example",
    (name, text) => {
      const [meaning = ""] = text.split(/Limit:|Default:|@example/);
      expect(meaning).toMatch(/\w{3,}.*\./s);
      if (!withoutLimit.includes(name)) expect(text).toContain("Limit: ");
      expect(text).toMatch(/Default: \S/);
      expect(text).toMatch(/@example \S/);
    },
  );
});
