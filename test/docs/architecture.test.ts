import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repo, textOf } from "./markdown";

test("docs/architecture.md lists every file of sdk/ and provider/, each under its folder", () => {
  const tables = textOf("docs/architecture.md")
    .split(/^(?=\| `(?:sdk|provider)\/)/m)
    .slice(1);
  const listed = tables.flatMap((table) => {
    const [, folder = ""] = /^\| `(.+?)`/.exec(table) ?? [];
    return [...table.matchAll(/^\| \[`(.+?)`\]/gm)].map(([, file = ""]) => folder + file);
  });
  const existing = ["sdk", "provider"].flatMap((folder) =>
    readdirSync(join(repo, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `${folder}/${file.replaceAll("\\", "/")}`),
  );
  expect(listed.toSorted()).toEqual(existing.toSorted());
});
