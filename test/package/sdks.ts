/**
 * `npm run sdks`: writes the generated SDKs into `release/`, for those who cannot run `pulumi package add`. Pip installs
 * the one for Python as it is. The others are to be unpacked into `sdks/cometapi`, where that command puts them too.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { create, type WriteEntry } from "tar";
import { generateSdk, type SdkLanguage } from "../engine/languages.mjs";
import { reproducible } from "./archive";

const repo = resolve(__dirname, "../..");

/**
 * @param folder for the archive; it is created
 * @returns its path
 */
export async function writeSdk(language: SdkLanguage, folder: string): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(repo, "package.json"), "utf8")) as { version: string };
  const name =
    language === "python" ? `pulumi_cometapi-${version}` : `pulumi-cometapi-${language}-${version}`;
  const contents = mkdtempSync(join(tmpdir(), "cometapi-sdk-"));
  try {
    await generateSdk(language, join(repo, "provider/plugin/schema.json"), join(contents, name));
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${name}.tar.gz`);
    const readable = ({ stat }: WriteEntry) => {
      // The hosts for Java and .NET write what nobody but its owner can read.
      if (stat) stat.mode |= stat.isDirectory() ? 0o755 : 0o644;
    };
    await create({ cwd: contents, file, ...reproducible, onWriteEntry: readable }, [name]);
    return file;
  } finally {
    rmSync(contents, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  for (const language of ["python", "go", "java", "dotnet"] as const)
    console.log(await writeSdk(language, join(repo, "release")));
}

if (require.main === module)
  main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
