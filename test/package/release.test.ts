import { execFileSync, spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { User } from "./user";

/** What `npm run release` refuses, before it has changed anything. */

const repo = resolve(__dirname, "../..");
let user: User;

beforeEach(() => {
  user = new User();
  git("init", "--quiet");
});
afterEach(() => user.remove());

const identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"];
function git(...args: string[]): void {
  execFileSync("git", [...identity, ...args], { cwd: user.folder });
}

function committed(changelog: string): void {
  user.write({
    "CHANGELOG.md": `# Changelog\n\n${changelog}\n## 0.1.0 (2026-12-01)\n\n- First.\n`,
  });
  git("add", "--all");
  git("commit", "--quiet", "--message", "changes");
}

function release(...args: string[]): string {
  const tsx = join(repo, "node_modules/tsx/dist/cli.mjs");
  const script = join(repo, "test/package/release.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsx, script, ...args], {
    cwd: user.folder,
    encoding: "utf8",
  });
  expect(status).toBe(1);
  expect(stdout).toBe("");
  return stderr;
}

test.each([
  ["has none", "", "CHANGELOG.md has no entry for it"],
  [
    "has only one of a longer name",
    "## 0.2.0-rc (2027-01-31)\n\n- Better.\n",
    "CHANGELOG.md has no entry for it",
  ],
  ["is not dated", "## 0.2.0 (unreleased)\n\n- Better.\n", "CHANGELOG.md does not say when"],
  ["says nothing", "## 0.2.0 (2027-01-31)\n\n", "the entry for 0.2.0 in CHANGELOG.md is empty"],
])("a version whose entry in the changelog %s is refused", (_, changelog, reason) => {
  committed(changelog);
  expect(release("0.2.0").match(/^ {2}- .+$/gm)).toEqual([expect.stringContaining(reason)]);
});

test.each([[""], ["v0.2.0"], ["minor"], ["0.2"]])("%j is refused as a version", (version) => {
  committed("");
  expect(release(version)).toContain(`"${version}" is no version: give one such as 0.2.0`);
});

test("a tree that is not clean is refused, together with the rest", () => {
  committed("");
  user.write({ "more.ts": "" });
  expect(release("0.2.0").match(/^ {2}- .+$/gm)).toEqual([
    "  - the tree is not clean: commit or put aside what `git status` shows",
    expect.stringContaining("CHANGELOG.md has no entry for it"),
  ]);
});
