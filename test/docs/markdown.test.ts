import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { beforeAll, describe, expect, test } from "vitest";
import { applied, type Block, blocksOf, commandsOf, pages, repo, textOf } from "./markdown";

/** They run the commands of the pages that they name, and all of each page's, in their order. */
const followed = ["test/docs/followed.test.ts", "test/pulumi/policies/recipe.test.ts"]
  .map((file) => readFileSync(join(repo, file), "utf8"))
  .join("\n");

/** The few commands that it cannot run, and what does instead: a file that holds these words. */
const elsewhere: Record<string, [file: string, words: string]> = {
  "npm install pulumi-cometapi @pulumi/pulumi": [
    "test/package/layouts.test.ts",
    "await project.install(...npmInstall);",
  ],
  "npm run demo": ["test/demo/demo.test.ts", "npm run demo"],
  "npm test": [".ci/run", "npm test"],
};

/** What is not commands, programs or edits to programs. */
const shown = new Set(["text", "json", "yaml", "mermaid"]);

let complaints: Map<string, string[]>;
beforeAll(() => {
  complaints = compile();
}, 60_000);

describe.each(pages())("%s", (page) => {
  const blocks = blocksOf(page);

  test("every code block says what it is", () => {
    const languages = new Set(blocks.map(({ language }) => language));
    for (const language of shown) languages.delete(language);
    for (const checked of ["ts", "diff", "sh"]) languages.delete(checked);
    expect([...languages]).toEqual([]);
    // A fence that was not read is one that was not checked.
    expect(textOf(page).match(/^```/gm) ?? []).toHaveLength(2 * blocks.length);
  });

  test("every program compiles, also after each edit", () => {
    expect(complaints.get(page)).toEqual([]);
  });

  test("every command is run by a test", () => {
    const commands = blocks.filter(({ language }) => language === "sh").flatMap(commandsOf);
    if (commands.length > 0) expect(followed).toMatch(new RegExp(`follow(ing)?\\("${page}"`));
    for (const command of commands) {
      const [file, words] = elsewhere[command] ?? [];
      if (file !== undefined) expect(readFileSync(join(repo, file), "utf8")).toContain(words);
      else expect(followed).not.toContain(`page.skip("${command}")`);
    }
  });

  test("every link and every path leads somewhere in the project", () => {
    const found = (pattern: RegExp) => [...textOf(page).matchAll(pattern)].map(([, path = ""]) => path);
    const links = found(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g).map((link) => join(dirname(page), link));
    const named = found(/(?<![\w./-])((?:sdk|provider)\/[\w/]+\.ts)\b/g);
    expect([...links, ...named].filter((path) => !existsSync(join(repo, path)))).toEqual([]);
  });
});

/** Every state that the programs of a page go through. */
function programsOf(blocks: Block[]): string[] {
  const current = new Map<string, string>();
  const states: string[] = [];
  for (const block of blocks) {
    const { language, file, text } = block;
    if (language !== "ts" && language !== "diff") continue;
    const source = language === "ts" ? text : applied(block, current.get(file) ?? "");
    current.set(file, source);
    states.push(source);
  }
  return states;
}

/** What the compiler says of every program, by page and by the project's own settings. All at once: it is slow to start. */
function compile(): Map<string, string[]> {
  const { config } = ts.readConfigFile(join(repo, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, repo);
  Object.assign(options, { noEmit: true, incremental: false, tsBuildInfoFile: undefined });
  const files = new Map<string, { page: string; text: string }>();
  for (const page of pages())
    for (const text of programsOf(blocksOf(page)))
      files.set(join(repo, `program-${files.size}.ts`), { page, text });
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path)?.text ?? readFile(path);
  host.getSourceFile = (path, how, ...more) => {
    const written = files.get(path);
    return written ? ts.createSourceFile(path, written.text, how) : getSourceFile(path, how, ...more);
  };
  const found = new Map(pages().map((page): [string, string[]] => [page, []]));
  for (const { file, messageText } of ts.getPreEmitDiagnostics(
    ts.createProgram([...files.keys()], options, host),
  )) {
    const written = file && files.get(file.fileName);
    if (!written) throw new Error(ts.flattenDiagnosticMessageText(messageText, " "));
    found.get(written.page)?.push(ts.flattenDiagnosticMessageText(messageText, " "));
  }
  return found;
}
