/**
 * `npm run record-state`: makes a stack with this version and keeps what it leaves, for all later versions to be
 * tested on. It is done once, for a release; what a version left is never recorded anew.
 */

import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { engineEnv } from "../engine/locate.mjs";
import { User } from "../package/user";
import { type CometServer, faults, type KeyRecord, startServer } from "../server/index";
import { files, names, passphrase, recordings } from "./recorded";

const repo = resolve(__dirname, "../..");
const { version, devDependencies } = JSON.parse(readFileSync(join(repo, "package.json"), "utf8")) as {
  version: string;
  devDependencies: Record<string, string>;
};

async function main(): Promise<void> {
  const target = join(recordings, version);
  if (existsSync(target))
    throw new Error(`${target} is there already, and what ${version} left may not change`);
  const server = await startServer();
  const user = new User();
  try {
    const state = await live(server, user);
    mkdirSync(target, { recursive: true });
    cpSync(join(__dirname, files.program), join(target, files.program));
    writeFileSync(join(target, files.state), state);
    writeFileSync(join(target, files.keys), `${JSON.stringify(records(server), null, 2)}\n`);
    process.stdout.write(`recorded ${target}\n`);
  } finally {
    await server.close();
    user.remove();
  }
}

/** A stack with a key of every shape, after something has happened to some of them. */
async function live(server: CometServer, user: User): Promise<string> {
  const { file } = await user.pack();
  user.write({
    "package.json": JSON.stringify({ private: true, type: "module", main: "index.js" }),
    "Pulumi.yaml": `name: ${names.project}\nruntime: nodejs\n`,
    "index.js": readFileSync(join(__dirname, files.program), "utf8"),
  });
  const env = {
    ...engineEnv({ home: join(user.folder, "engine"), backend: `file://${user.folder}`, passphrase }),
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    COMETAPI_BASE_URL: server.url,
    COMETAPI_ACCESS_TOKEN: server.account.token,
    COMETAPI_USER_ID: "",
  };
  const pulumi = (...args: string[]) => user.run(user.folder, ["pulumi", ...args, "--non-interactive"], env);
  // Installed, not linked: a state file tells where the files of the program's packages are.
  await user.run(user.folder, [
    "npm",
    "install",
    file,
    `@pulumi/pulumi@${devDependencies["@pulumi/pulumi"]}`,
  ]);
  await pulumi("stack", "init", names.stack);

  const isHalfMade = ({ body }: { body: unknown }) => (body as { name?: string })?.name === "half-made";
  const fault = server.fault({ method: "PUT", when: isHalfMade }, faults.refuse("not today"));
  await pulumi("up", "--yes", "--skip-preview", "--continue-on-error").catch((error: Error) => {
    if (fault.hits === 0) throw error;
  });
  const id = (name: string) => {
    const key = server.keys().find((key) => key.name.startsWith(name));
    if (key === undefined) throw new Error(`the stack made no key "${name}"`);
    return key.id;
  };
  server.console.spend(id("generated"), 1_200);
  server.console.spend(id("exhausted"), 10);
  server.console.update(id("exhausted"), { status: 4 });
  // It also takes away the engine's own mark of what is half-made: ours is what a later version must know.
  await pulumi("refresh", "--yes", "--skip-preview");
  return pulumi("stack", "export");
}

function records(server: CometServer): KeyRecord[] {
  return server
    .keys()
    .map(({ ledger: _ledger, createdBy: _createdBy, deletedAt: _deletedAt, ...record }) => record);
}

main().catch((error: Error) => {
  process.stderr.write(`record-state: ${error.message}\n`);
  process.exitCode = 1;
});
