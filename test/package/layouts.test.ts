import { cpSync, readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineEnv } from "../engine/locate.mjs";
import { type CometServer, startServer } from "../server/index";
import { type Packed, User } from "./user";

/**
 * The packed package in the hands of strangers: every package manager, kind of program and module resolution, and
 * the oldest and newest Node and `@pulumi/pulumi`, each at least once on the real engine.
 */

const repo = resolve(__dirname, "../..");
const read = (path: string) => readFileSync(join(repo, path), "utf8");

/** The lowest that package.json allows: undici wants this Node, and for `@pulumi/pulumi` see the test. */
const oldest = { node: "20.18.1", pulumi: "3.216.0" };
/** The next one wants Node 22. */
const newestOnNode20 = { pulumi: "3.248.0" };
const newest = { node: "24.9.0", pulumi: "3.270.0" };

const pnpm = "10.34.8";
const yarn = "4.18.1";

const [, readmeProgram = ""] = /```ts\n(.+?)```/s.exec(read("README.md")) ?? [];

const user = new User();
const servers: CometServer[] = [];
const providerTexts = new Set<string>();
let packed: Packed;

beforeAll(async () => {
  user.write({ "tools/package.json": "{}" });
  const folder = join(user.folder, "tools");
  const tools = [`pnpm@${pnpm}`, `@yarnpkg/cli-dist@${yarn}`];
  const nodes = [oldest.node, newest.node].map((version) => `node-${version}@npm:${nodePackage}@${version}`);
  [packed] = await Promise.all([user.pack(), user.run(folder, [...npmInstall, ...tools, ...nodes])]);
}, 300_000);

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  user.remove();
}, 60_000);

const npmInstall = ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"] as const;
/** The vendor's binary, for Linux and Windows; on a Mac with an M chip it bears another name. */
const nodePackage = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
const tool = (path: string) => join(user.folder, "tools/node_modules", path);

describe.concurrent("the package works", { timeout: 300_000 }, () => {
  test("with the oldest Node and @pulumi/pulumi, npm, and as the README says without TypeScript of one's own", async () => {
    const project = await Project.create("npm", oldest.node, {
      "package.json": manifest({ main: "index.ts" }, oldest.pulumi),
      "index.ts": readmeProgram,
    });
    await project.install(...npmInstall);
    await project.lives(async () => {
      // What sets the lowest version: 3.215 passes over what a refresh reads, and so hides the drift.
      const [key] = project.server.keys();
      project.server.console.update(key?.id ?? 0, { name: "drifted" });
      await project.run("pulumi", "refresh", "--yes", "--skip-preview");
      expect(await project.run("pulumi", "preview", "--diff")).toMatch(/~ name: "drifted" => "backend-/);
      await project.run("pulumi", "up", "--yes", "--skip-preview");
    });
  });

  test("with the newest Node and @pulumi/pulumi, pnpm, and ES modules in TypeScript", async () => {
    const devDependencies = { typescript: "6.0.3", "ts-node": "10.9.2", "@types/node": newest.node };
    const project = await Project.create("pnpm", newest.node, {
      "package.json": manifest({ type: "module", main: "index.ts", devDependencies }, newest.pulumi),
      "index.ts": readmeProgram,
      "types.ts": read("test/package/types.ts"),
      "tsconfig.json": tsconfig("nodenext", "nodenext"),
    });
    await project.install("node", tool("pnpm/bin/pnpm.cjs"), "install", "--prefer-offline");
    await project.compiles("esnext", "bundler");
    await project.lives();
  });

  test("with yarn's node_modules and plain JavaScript", async () => {
    const project = await Project.create("yarn", undefined, {
      "package.json": manifest({ main: "index.js" }, newestOnNode20.pulumi),
      ".yarnrc.yml": "nodeLinker: node-modules\n",
      "yarn.lock": "",
      "index.js": `
        const { CometApiKey } = require("pulumi-cometapi");
        const key = new CometApiKey("backend", { remainQuota: 100_000, modelLimits: ["gpt-5"] });
        exports.apiKey = key.key;
      `,
    });
    await project.install("node", tool("@yarnpkg/cli-dist/bin/yarn.js"), "install", "--no-immutable");
    await project.lives();
  });

  test("with a link to another package of the workspace, and CommonJS in TypeScript", async () => {
    const { devDependencies: _, ...published } = JSON.parse(read("package.json")) as Record<string, unknown>;
    const project = await Project.create(
      "workspace",
      undefined,
      {
        "package.json": JSON.stringify({ private: true, workspaces: ["infra", "pulumi-cometapi"] }),
        "infra/package.json": manifest(
          { main: "index.ts", devDependencies: { typescript: "5.9.3" } },
          newestOnNode20.pulumi,
          String(published["version"]),
        ),
        "infra/index.ts": readmeProgram,
        "infra/types.ts": read("test/package/types.ts"),
        "infra/tsconfig.json": tsconfig("commonjs", "node10"),
      },
      "infra",
    );
    for (const { path } of packed.files)
      cpSync(join(repo, path), join(project.folder, "pulumi-cometapi", path), { recursive: true });
    user.write({ "workspace/pulumi-cometapi/package.json": JSON.stringify(published) });
    await project.install(...npmInstall);
    await project.compiles("node16", "node16");
    await project.lives();
  });
});

test("whatever the layout, the same few bytes stand for the provider in every state file", () => {
  expect(providerTexts.size).toBe(1);
  for (const text of providerTexts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(300);
});

function manifest(more: object, pulumi: string, version = `file:${packed.file}`): string {
  const dependencies = { "@pulumi/pulumi": pulumi, "pulumi-cometapi": version };
  return JSON.stringify({ name: "program", private: true, ...more, dependencies });
}

function tsconfig(module: string, moduleResolution: string): string {
  return JSON.stringify({ compilerOptions: { strict: true, target: "es2022", module, moduleResolution } });
}

/** A program of the user's, and a stack of it with an account of its own. */
class Project {
  private constructor(
    readonly folder: string,
    readonly server: CometServer,
    private readonly program: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /**
   * @param node the version that everything runs on; none: the one that the tests run on
   * @param program the folder of the program, where the project has several packages
   */
  static async create(
    name: string,
    node: string | undefined,
    files: Record<string, string>,
    program = "",
  ): Promise<Project> {
    const server = await startServer();
    servers.push(server);
    for (const [path, text] of Object.entries(files)) user.write({ [join(name, path)]: text });
    user.write({ [join(name, program, "Pulumi.yaml")]: "name: program\nruntime: nodejs\n" });
    const folder = join(user.folder, name);
    const engine = engineEnv({ home: join(user.folder, "engine"), backend: `file://${folder}` });
    const project = new Project(folder, server, program, {
      ...engine,
      PATH: [...(node ? [tool(`node-${node}/bin`)] : []), engine.PATH].join(delimiter),
      // Else the engine looks on the network for the plugin of every package in node_modules.
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_OPTION_NON_INTERACTIVE: "true",
      PULUMI_OPTION_SUPPRESS_PROGRESS: "true",
      PULUMI_OPTION_COLOR: "never",
      COMETAPI_BASE_URL: server.url,
      COMETAPI_ACCESS_TOKEN: server.account.token,
      COMETAPI_USER_ID: "",
    });
    if (node) expect(await project.run("node", "--version")).toBe(`v${node}\n`);
    return project;
  }

  /** Runs a package manager, at the project's root. */
  install(...command: [string, ...string[]]): Promise<string> {
    return user.run(this.folder, command, this.env);
  }

  /** Runs a command in the program's folder. */
  run(...command: [string, ...string[]]): Promise<string> {
    return user.run(join(this.folder, this.program), command, this.env);
  }

  /** The program, and every use that must compile or must not, with modules looked for in this way. */
  async compiles(module: string, moduleResolution: string): Promise<void> {
    const tsc = join(this.folder, "node_modules/typescript/bin/tsc");
    const flags = ["--module", module, "--moduleResolution", moduleResolution];
    expect(await this.run("node", tsc, "--noEmit", ...flags)).toBe("");
  }

  /** The life of a stack, up to its end. */
  async lives(meanwhile?: () => Promise<void>): Promise<void> {
    const { server } = this;
    await this.run("pulumi", "stack", "init", "dev");
    expect(await this.run("pulumi", "up", "--yes")).toContain("+ 2 created");
    const [key] = server.keys();
    expect(await this.run("pulumi", "stack", "output", "apiKey", "--show-secrets")).toBe(`${key?.key}\n`);
    for (const operation of ["up", "refresh"])
      expect(await this.run("pulumi", operation, "--yes", "--skip-preview", "--expect-no-changes")).toContain(
        "2 unchanged",
      );
    await meanwhile?.();

    const { deployment } = JSON.parse(await this.run("pulumi", "stack", "export")) as {
      deployment: {
        resources: { type: string; inputs?: { __provider: string }; outputs?: { __provider: string } }[];
      };
    };
    const stored = deployment.resources.filter(({ type }) => type.endsWith(":CometApiKey"));
    expect(stored).toHaveLength(1);
    for (const { inputs, outputs } of stored)
      for (const bag of [inputs, outputs]) providerTexts.add(String(bag?.__provider));

    await this.run("pulumi", "destroy", "--yes", "--skip-preview");
    expect(server.keys().map(({ deletedAt }) => typeof deletedAt)).toEqual(["number"]);
    expect(server.violations).toEqual([]);
  }
}
