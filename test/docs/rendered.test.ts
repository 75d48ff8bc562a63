import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as sdk from "../../sdk/index";
import { repo, textOf } from "./markdown";
import { picture } from "./picture";
import { reference } from "./reference";
import { schema } from "./schema";

/** What `npm run docs` writes. */
const stale = "is stale: run `npm run docs`, and read the difference";

test("the README's picture shows what the transcripts show", () => {
  expect(picture(), `docs/terminal.svg ${stale}`).toBe(readFileSync(join(repo, "docs/terminal.svg"), "utf8"));
  expect(textOf("README.md")).toContain("(docs/terminal.svg)");
});

test("docs/reference.md has every property, its type and its default", { timeout: 60_000 }, () => {
  expect(reference(), `docs/reference.md ${stale}`).toBe(textOf("docs/reference.md"));
});

test("the plugin's schema has what the interfaces declare, with their documentation", {
  timeout: 60_000,
}, () => {
  const written = textOf("provider/plugin/schema.json");
  expect(schema(), `provider/plugin/schema.json ${stale}`).toBe(written);
  expect(written).not.toContain('"description": ""');
});

test("docs/reference.md names all that a program can import", () => {
  const missing = Object.keys(sdk).filter(
    (name) => !textOf("docs/reference.md").includes(name.replace(/Output$/, "")),
  );
  expect(missing).toEqual([]);
});

test("docs/reference.md and the README name every setting, and no other", () => {
  const named = (text: string) =>
    [...new Set(text.match(/\bcometapi:(?!index)[a-z]\w+\b|\bCOMETAPI_[A-Z_]+\b/g))].sort();
  const code = [
    "provider/config/settings.ts",
    "provider/config/accounts.ts",
    "provider/config/config.ts",
    "sdk/rotationComponent.ts",
  ]
    .map((path) => textOf(path))
    .join("\n");
  const [, settings = ""] = textOf("docs/reference.md").split("## Settings");
  // The settings of one account are spelled `cometapi:${name}` in the code.
  const known = [...named(code), "cometapi:accessToken", "cometapi:baseUrl", "cometapi:userId"];
  expect(named(settings)).toEqual([...new Set(known)].sort());
  expect(known).toEqual(expect.arrayContaining(named(textOf("README.md"))));
});

test("the figures in the README's comparison are those of docs/performance.md", () => {
  const comparison = textOf("README.md")
    .split(/^(?=## )/m)
    .find((section) => section.startsWith("## Why"));
  const figures = comparison?.match(/[\d,.]+ (?:s|bytes) \|/g) ?? [];
  expect(figures).toHaveLength(4);
  for (const figure of figures) expect(textOf("docs/performance.md")).toContain(` ${figure.split(" ")[0]} `);
});
