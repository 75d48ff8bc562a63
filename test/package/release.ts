/**
 * `npm run release -- 0.2.0`: everything of a release that can be done without publishing. What it changes in the tree
 * is for the releaser to look at and commit; what it cannot do it says in the end.
 */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = process.cwd();
const windows = process.platform === "win32";

function main([version = ""]: string[]): void {
  const refused = refusals(version);
  if (refused.length > 0) {
    process.stderr.write(`Not released:\n${refused.map((reason) => `  - ${reason}\n`).join("")}`);
    process.exitCode = 1;
    return;
  }
  npm("version", version, "--no-git-tag-version", "--allow-same-version", "--ignore-scripts");
  if (!existsSync(join(root, "test/upgrade/states", version))) npm("run", "record-state");
  npm("run", "docs");
  npm("run", "check");
  npm("pack");
  npm("run", "bundle");
  npm("run", "sdks");
  const tarball = `pulumi-cometapi-${version}.tgz`;
  npm("publish", `./${tarball}`, "--dry-run");
  process.stdout.write(`
${tarball} and the archives of the plugin and its SDKs in release/ are ready, and nothing is published. What remains to be done by hand:

  git diff                                  look at what this changed, and at the list of files above
  npm run test:all                          the whole of it, on the oldest Node that is supported
  git add --all && git commit -m "Release ${version}"
  git tag v${version}
  npm publish ./${tarball}
  git push --follow-tags
  and give the archives in release/ to the release v${version}, for \`pulumi plugin install\`, Python, Go, Java and .NET
`);
}

function refusals(version: string): string[] {
  const refused: string[] = [];
  if (git("status", "--porcelain") !== "")
    refused.push("the tree is not clean: commit or put aside what `git status` shows");
  if (!/^\d+\.\d+\.\d+$/.test(version))
    return [
      ...refused,
      `"${version}" is no version: give one such as 0.2.0, as in \`npm run release -- 0.2.0\``,
    ];
  const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
  const [heading, ...entry] =
    changelog
      .split(/^(?=## )/m)
      .find(isOf(version))
      ?.trimEnd()
      .split("\n") ?? [];
  if (heading === undefined)
    refused.push(
      `CHANGELOG.md has no entry for it: write one under "## ${version} (the day, as 2027-01-31)"`,
    );
  else if (!/ \(\d{4}-\d{2}-\d{2}\)$/.test(heading))
    refused.push(`CHANGELOG.md does not say when: make the heading "## ${version} (the day, as 2027-01-31)"`);
  else if (!entry.some((line) => line.startsWith("- ")))
    refused.push(`the entry for ${version} in CHANGELOG.md is empty: tell users what they get`);
  return refused;
}

function isOf(version: string): (entry: string) => boolean {
  return (entry) => entry.startsWith(`## ${version} `);
}

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: root, encoding: "utf8" });
}

function npm(...args: string[]): void {
  execFileSync("npm", args, { cwd: root, stdio: "inherit", shell: windows });
}

main(process.argv.slice(2));
