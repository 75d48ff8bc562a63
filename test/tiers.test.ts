import { readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { createVitest } from "vitest/node";

const repo = resolve(__dirname, "..");

test("every test file is in exactly one tier, and what runs on the oldest engine runs on the newest too, policies apart", async () => {
  const files = readdirSync(__dirname, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join("test", file));
  const vitest = await createVitest("test", { root: repo, watch: false });
  const specifications = await vitest.globTestSpecifications();
  await vitest.close();
  const filesOf = (...names: string[]) =>
    specifications
      .filter(({ project }) => names.includes(project.name))
      .map(({ moduleId }) => relative(repo, moduleId));

  const newest = files.filter((file) => !file.startsWith(join("test", "pulumi", "policies")));
  expect(filesOf("process", "main", "more").sort()).toEqual(newest.sort());
  expect(filesOf("oldest").length).toBeGreaterThan(0);
  const onBoth = filesOf("oldest").filter((file) => newest.includes(file));
  expect(filesOf("main", "more")).toEqual(expect.arrayContaining(onBoth));
  expect(filesOf("process", "main", "more")).toEqual(expect.arrayContaining(filesOf("plugin")));
  expect(filesOf("plugin").length).toBeGreaterThan(0);
  expect([...new Set(filesOf("process", "main", "more", "oldest"))].sort()).toEqual(files.sort());
});
