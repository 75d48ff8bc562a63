/**
 * `npm run bundle`: writes what `pulumi plugin install` and automatic downloads want, into `release/`: the plugin as one
 * file that needs nothing but Node, in an archive for each system. All six hold the same bytes.
 */

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { create } from "tar";
import { reproducible } from "./archive";

const repo = resolve(__dirname, "../..");
const systems = ["linux", "darwin", "windows"].flatMap((os) => [`${os}-amd64`, `${os}-arm64`]);
const launchers = ["pulumi-resource-cometapi", "pulumi-resource-cometapi.cmd"];

/** What the SDK loads only to run programs and to serialize their functions. A plugin does neither. */
const unused: Plugin = {
  name: "leave out what a plugin never runs",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(typescript|@npmcli\/arborist)$|\/typescript-shim$/ }, ({ path }) => ({
      path,
      namespace: "unused",
    }));
    onLoad({ filter: /./, namespace: "unused" }, () => ({ contents: "module.exports = {}" }));
  },
};

/**
 * @param folder for the archives; it is created
 * @returns their paths
 */
export async function writeArchives(folder: string): Promise<string[]> {
  const { version } = JSON.parse(readFileSync(join(repo, "package.json"), "utf8")) as { version: string };
  const contents = mkdtempSync(join(tmpdir(), "cometapi-bundle-"));
  try {
    const { metafile } = await build({
      absWorkingDir: repo,
      entryPoints: ["provider/plugin/main.ts"],
      outfile: join(contents, "main.js"),
      bundle: true,
      minify: true,
      platform: "node",
      target: "node20.18",
      legalComments: "none",
      metafile: true,
      logLevel: "error",
      plugins: [unused],
    });
    writeFileSync(join(contents, "LICENSES.txt"), licenses(metafile));
    copyFileSync(join(repo, "provider/plugin/schema.json"), join(contents, "schema.json"));
    for (const launcher of launchers) {
      const text = readFileSync(join(repo, "plugin", launcher), "utf8");
      const beside = text.replace(/\.\.([\\/])dist\1provider\1plugin\1main\.js/, "main.js");
      if (beside === text) throw new Error(`${launcher} starts another file`);
      writeFileSync(join(contents, launcher), beside);
      chmodSync(join(contents, launcher), 0o755);
    }
    mkdirSync(folder, { recursive: true });
    const [first = "", ...others] = systems.map((system) =>
      join(folder, `pulumi-resource-cometapi-v${version}-${system}.tar.gz`),
    );
    const names = ["LICENSES.txt", ...launchers, "main.js", "schema.json"];
    await create({ cwd: contents, file: first, ...reproducible }, names);
    for (const other of others) copyFileSync(first, other);
    return [first, ...others];
  } finally {
    rmSync(contents, { recursive: true, force: true });
  }
}

/** The licenses of this package and of all that is in the bundle. */
function licenses({ inputs }: Metafile): string {
  const folders = Object.keys(inputs).map(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? ".",
  );
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(join(repo, folder, "package.json"), "utf8"),
    ) as Record<string, string>;
    const file = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE"]
      .map((spelled) => join(repo, folder, spelled))
      .find((path) => existsSync(path));
    return `${name} ${version}, ${license}\n\n${file === undefined ? "" : readFileSync(file, "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

if (require.main === module)
  void writeArchives(join(repo, "release")).then((paths) => console.log(paths.join("\n")));
