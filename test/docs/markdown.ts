/** Reads the project's Markdown as what it also is: files, edits and commands. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const repo = resolve(__dirname, "../..");

export interface Block {
  /** What stands after the opening fence: `ts`, `sh`, ... */
  language: string;
  /** `title="..."` after the language, which no renderer shows: the file that the block is, or changes. */
  file: string;
  text: string;
}

/** Every Markdown file of the project, by its path. */
export function pages(): string[] {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.md"], {
    cwd: repo,
    encoding: "utf8",
  });
  return listed.split("\n").filter((path) => path !== "");
}

export function textOf(page: string): string {
  return readFileSync(join(repo, page), "utf8");
}

export function blocksOf(page: string): Block[] {
  return [...textOf(page).matchAll(/^```(\w*)(?: title="([^"]+)")?\n(.*?)^```$/gms)].map(
    ([, language = "", file = "index.ts", text = ""]) => ({ language, file, text }),
  );
}

/** The commands of a shell block, without what is said about them. */
export function commandsOf({ text }: Block): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/\s+#.*/, "").trim())
    .filter((line) => line !== "");
}

/** Applies a diff block: its lines without a sign say where, and stand in the text once. */
export function applied({ text }: Block, before: string): string {
  const side = (sign: "-" | "+") =>
    text
      .split("\n")
      .filter((line) => line !== "" && line.startsWith(sign === "-" ? "+" : "-") === false)
      .map((line) => `${line.slice(1)}\n`)
      .join("");
  const parts = before.split(side("-"));
  if (parts.length !== 2) throw new Error(`found ${parts.length - 1} times:\n${side("-")}\nin:\n${before}`);
  return parts.join(side("+"));
}
