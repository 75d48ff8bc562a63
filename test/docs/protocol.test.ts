import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repo, textOf } from "./markdown";

/** What each row of the page says, under the call that it is about. */
const said = textOf("docs/protocol.md")
  .split(/^## /m)
  .slice(1)
  .flatMap((section) => {
    const [call = ""] = section.split("\n");
    const rows = section.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| field"));
    return rows.map((row) => `${call}: ${row.split(" | ")[1]}`);
  });

const folder = join(repo, "test/plugin");
const tested = readdirSync(folder)
  .filter((file) => file.endsWith(".test.ts"))
  .flatMap((file) => [
    ...readFileSync(join(folder, file), "utf8").matchAll(/^(?:test|onUnix|\]\))\(\s*"(.+?)",/gm),
  ])
  .map(([, name = ""]) => name.replace(": %s", ""));

test("docs/protocol.md has a row for each test of the protocol, in the words of the test", () => {
  expect(tested.length).toBeGreaterThan(60);
  expect(said.toSorted()).toEqual(tested.toSorted());
});
