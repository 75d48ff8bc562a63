/**
 * `npm run sdks`: writes the generated SDKs for Python and Go into `release/`, for those who cannot run `pulumi package add`.
 * Pip installs the one as it is. The other is for a `replace` in go.mod.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { create } from "tar";
import { generateSdk } from "../engine/languages.mjs";

const repo = resolve(__dirname, "../..");

/**
 * @param folder for the archive; it is created
 * @returns its path
 */
export async function writeSdk(language: "python" | "go", folder: string): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(repo, "package.json"), "utf8")) as { version: string };
  const name = language === "python" ? `pulumi_cometapi-${version}` : `pulumi-cometapi-go-${version}`;
  const contents = mkdtempSync(join(tmpdir(), "cometapi-sdk-"));
  try {
    await generateSdk(language, join(repo, "provider/plugin/schema.json"), join(contents, name));
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${name}.tar.gz`);
    await create({ cwd: contents, file, gzip: true, portable: true, mtime: new Date(0) }, [name]);
    return file;
  } finally {
    rmSync(contents, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  for (const language of ["python", "go"] as const)
    console.log(await writeSdk(language, join(repo, "release")));
}

if (require.main === module)
  main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
