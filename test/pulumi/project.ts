import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { host, onHost, pluginLines } from "./host";

const repo = resolve(__dirname, "../..");

export interface ProjectOptions {
  /** A folder of examples/ to copy, e.g. "quickstart" or "shared-key/reader". */
  example?: string;
  /** Instead: the text of index.js, an ES module. */
  program?: string;
  /** More files of the project, by path. */
  files?: Record<string, string>;
  /** The folder of the plugin's launcher, on that host. Default: the one of the package. */
  plugin?: string;
}

/** A project's files, as they lie in a folder. */
export interface Project {
  /** Where Pulumi.yaml is. */
  folder: string;
  /** Where package.json and index.ts are. */
  program: string;
  projectName: string;
}

/** Lays the files out in `root` as they lie in the repo, so that what they say of each other stays true. */
export function newProject(
  root: string,
  { example, program, files = {}, plugin = join(repo, "plugin") }: ProjectOptions,
): Project {
  // A link to the folder, because linked one by one the packages would not find each other.
  symlinkSync(join(repo, "node_modules"), join(root, "node_modules"), "junction");
  const at = example === undefined ? root : join(root, "examples", example);
  if (example !== undefined) cpSync(join(repo, "examples", example), at, { recursive: true });
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(at, file)), { recursive: true });
    writeFileSync(join(at, file), text);
  };
  if (program !== undefined) {
    // Plain JavaScript: half the time of an up would go into the TypeScript compiler.
    write("Pulumi.yaml", "name: program\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n");
    write(
      "package.json",
      JSON.stringify({ name: "program", private: true, type: "module", main: "index.js" }),
    );
    write("index.js", program);
  }
  for (const [file, text] of Object.entries(files)) write(file, text);

  let folder = at;
  if (!existsSync(join(at, "Pulumi.yaml"))) {
    cpSync(join(repo, "Pulumi.yaml"), join(root, "Pulumi.yaml"));
    folder = root;
  }
  if (host === "plugin") moveToPlugin(at, folder, plugin);
  const projectName = /^name: *(\S+)/m.exec(readFileSync(join(folder, "Pulumi.yaml"), "utf8"))?.[1];
  if (projectName === undefined) throw new Error("Pulumi.yaml has no name");
  return { folder, program: at, projectName };
}

/** What a user does to go over to the plugin: two lines in Pulumi.yaml, and another import. */
function moveToPlugin(program: string, folder: string, plugin: string): void {
  const yaml = join(folder, "Pulumi.yaml");
  appendFileSync(yaml, `\n${pluginLines(relative(folder, plugin))}`);
  for (const entry of readdirSync(program, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.[jt]s$/.test(entry.name) || entry.parentPath.includes("node_modules"))
      continue;
    const file = join(entry.parentPath, entry.name);
    writeFileSync(file, onHost(readFileSync(file, "utf8")));
  }
}
