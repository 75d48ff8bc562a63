import { readdirSync, readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Packed, User } from "./user";

/** What npm publishes. */

const repo = resolve(__dirname, "../..");
const user = new User();
let packed: Packed;
let paths: string[];

beforeAll(async () => {
  packed = await user.pack();
  paths = packed.files.map(({ path }) => path);
}, 60_000);
afterAll(() => user.remove());

const read = (path: string) => readFileSync(join(repo, path), "utf8");
const besides = (path: string, relative: string) => posix.join(posix.dirname(path), relative);

test("the package holds the compiled code, its sources and its documents, and nothing else", () => {
  const filesIn = (folder: string) =>
    readdirSync(join(repo, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) =>
        join(parentPath, name)
          .slice(repo.length + 1)
          .replaceAll("\\", "/"),
      );
  const sources = ["sdk", "provider"].flatMap(filesIn);
  const compiled = sources
    .filter((source) => source.endsWith(".ts"))
    .flatMap((source) =>
      ["js", "js.map", "d.ts", "d.ts.map"].map((kind) => `dist/${source.replace(/ts$/, kind)}`),
    );
  const pages = ["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"];
  const documents = [...pages, ...filesIn("docs"), "package.json"];
  const launchers = filesIn("plugin");
  expect(paths.toSorted()).toEqual([...documents, ...launchers, ...sources, ...compiled].sort());
});

test("the package is small", () => {
  expect(packed.size).toBeLessThan(420_000);
  expect(packed.unpackedSize).toBeLessThan(1_700_000);
});

test("every compiled file leads to its source, which is in the package", () => {
  const compiled = paths.filter((path) => /^dist\/.*\.(js|d\.ts)$/.test(path));
  expect(compiled.length).toBeGreaterThan(0);
  for (const path of compiled) {
    const [, url = ""] = /^\/\/# sourceMappingURL=(.+)$/m.exec(read(path)) ?? [];
    const map = besides(path, url);
    expect(paths).toContain(map);
    const { sources, sourceRoot = "" } = JSON.parse(read(map)) as { sources: string[]; sourceRoot?: string };
    expect(sources).toHaveLength(1);
    for (const source of sources) expect(paths).toContain(besides(map, sourceRoot + source));
  }
});

test("nothing in it names a place of the machine that packed it", () => {
  for (const path of paths) expect(read(path)).not.toContain(repo);
});
