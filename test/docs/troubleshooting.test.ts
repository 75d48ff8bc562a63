import { expect, test } from "vitest";
import { textsOf } from "./errors";
import { textOf } from "./markdown";

test("docs/troubleshooting.md explains every text that the package can say, and no other", () => {
  const rows = [...textOf("docs/troubleshooting.md").matchAll(/^\| (`+)(.+?)\1 \|/gm)];
  // As in Markdown, spaces on both sides only keep a backtick apart.
  const explained = rows.map(([, , text = ""]) => text.replace(/^ (.+) $/, "$1"));
  expect(explained.filter((text, i) => explained.indexOf(text) !== i)).toEqual([]);
  expect(explained.sort()).toEqual([...textsOf("provider"), ...textsOf("sdk")].sort());
});
