import { expect, test } from "vitest";
import { isShown, messagesOf, unknownParts } from "./errors";
import { textOf } from "./markdown";

/** The first cell of a row: one message between backticks. As in Markdown, spaces only keep a backtick apart. */
const shown = [...textOf("docs/troubleshooting.md").matchAll(/^\| (`+)(.+?)\1 \|/gm)].map(([, , text = ""]) =>
  text.replace(/^ (.+) $/, "$1"),
);
const messages = messagesOf("provider", "sdk");

test("every error that an operation can end with, and every remedy, is on docs/troubleshooting.md", () => {
  const missing = messages.required.filter((message) => !isShown(message, shown));
  expect(missing.map(({ text, where }) => `${where}: ${text}`)).toEqual([]);
});

test("every message on docs/troubleshooting.md is one that the code can say", () => {
  const stale = shown.map((message) => ({ message, "not in the code": unknownParts(message, messages) }));
  expect(stale.filter(({ "not in the code": parts }) => parts.length > 0)).toEqual([]);
});

test("no message is on docs/troubleshooting.md twice", () => {
  expect(shown.length).toBeGreaterThan(40);
  expect(shown.filter((text, i) => shown.indexOf(text) !== i)).toEqual([]);
});
