import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

const repo = resolve(__dirname, "../..");
const windows = process.platform === "win32";

export interface Packed {
  /** The tarball. */
  file: string;
  /** Bytes of the tarball, and of what is in it. */
  size: number;
  unpackedSize: number;
  files: { path: string; size: number }[];
}

/**
 * A person who has never seen this project, on a machine with nothing of ours: folders, a home of their own, and
 * whatever Node they have. Nothing is written to the home of whoever runs the tests but npm's cache.
 */
export class User {
  readonly folder = mkdtempSync(join(tmpdir(), "cometapi-test-user-"));
  private caller: Promise<NodeJS.ProcessEnv> | undefined;

  /** The package as npm publishes it. Without its scripts: they would build anew under the feet of other tests. */
  async pack(): Promise<Packed> {
    const report = await this.run(this.folder, ["npm", "pack", repo, "--json", "--ignore-scripts"]);
    const [packed] = JSON.parse(report) as [Omit<Packed, "file"> & { filename: string }];
    return { ...packed, file: join(this.folder, packed.filename) };
  }

  write(files: Record<string, string>): void {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  /** What a command prints. Not synchronous: the server that is being talked to runs in this process. */
  async run(folder: string, [command, ...args]: [string, ...string[]], env: NodeJS.ProcessEnv = {}) {
    this.caller ??= this.adopt();
    const options = { cwd: folder, env: { ...(await this.caller), ...env }, maxBuffer: 1e8 };
    try {
      const { stdout } = await promisify(execFile)(command, args, { ...options, shell: windows });
      return stdout;
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
      throw new Error(`\`${[command, ...args].join(" ")}\` failed:\n${stdout}${stderr}`, { cause: error });
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The caller's environment, with every home moved here. Where packages come from stays as the caller set it. */
  private async adopt(): Promise<NodeJS.ProcessEnv> {
    const npm = async (key: string) => {
      const { stdout } = await promisify(execFile)("npm", ["config", "get", key], { shell: windows });
      const value = stdout.trim();
      return value === "null" || value === "undefined" ? "" : value;
    };
    const [registry, cafile, userconfig, cache] = await Promise.all(
      ["registry", "cafile", "userconfig", "cache"].map(npm),
    );
    const home = join(this.folder, "home");
    mkdirSync(home);
    return {
      ...process.env,
      HOME: home,
      USERPROFILE: home,
      LOCALAPPDATA: home,
      XDG_CACHE_HOME: join(home, "cache"),
      XDG_CONFIG_HOME: join(home, "config"),
      XDG_DATA_HOME: join(home, "data"),
      XDG_STATE_HOME: join(home, "state"),
      npm_config_userconfig: userconfig,
      npm_config_cache: cache,
      // Yarn reads nothing of npm's.
      YARN_GLOBAL_FOLDER: join(home, "yarn"),
      YARN_ENABLE_TELEMETRY: "false",
      YARN_NPM_REGISTRY_SERVER: registry?.replace(/\/$/, ""),
      ...(cafile && { YARN_HTTPS_CA_FILE_PATH: cafile }),
    };
  }
}
