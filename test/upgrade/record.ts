/**
 * `npm run record-state`: creates stacks with this version and keeps what they leave, for all later versions to be
 * tested on. It is done once, for a release; what a version left is never recorded again.
 */

import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { engineEnv } from "../engine/locate.mjs";
import { User } from "../package/user";
import { type Host, onHost, pluginLines } from "../pulumi/host";
import { type CometServer, faults, type KeyRecord, startServer } from "../server/index";
import { files, names, passphrase, recordings, rotatedAt, suffixes } from "./recorded";

const repo = resolve(__dirname, "../..");
const { version, devDependencies } = JSON.parse(readFileSync(join(repo, "package.json"), "utf8")) as {
  version: string;
  devDependencies: Record<string, string>;
};

/** Runs the CLI on the stack that is recorded. */
type Pulumi = (command: string, env?: Record<string, string>) => Promise<string>;

/** For each recording: the program beside this file, and what happens to its stack. */
const stories: Record<keyof (typeof suffixes)[Host], { program: string; live: typeof liveKeys }> = {
  keys: { program: "program.mjs", live: liveKeys },
  rotation: { program: "rotation.mjs", live: liveRotation },
};

async function main(): Promise<void> {
  const missing = Object.entries(suffixes)
    .flatMap(([host, ofHost]) =>
      Object.entries(ofHost).map(([story, suffix]) => ({
        ...stories[story as keyof typeof ofHost],
        host: host as Host,
        folder: `${version}${suffix}`,
      })),
    )
    .filter(({ folder }) => !existsSync(join(recordings, folder)));
  if (missing.length === 0)
    throw new Error(`${recordings} has all of ${version} already, and what that left may not change`);
  for (const { folder, ...story } of missing) await record(join(recordings, folder), story);
}

async function record(
  target: string,
  { host, program, live }: { host: Host; program: string; live: typeof liveKeys },
): Promise<void> {
  const server = await startServer();
  const user = new User();
  try {
    const pulumi = await newStack(server, user, program, host);
    await live(server, pulumi);
    // It also takes away the engine's own mark of what is half-made: ours is what a later version must know.
    await pulumi("refresh --yes --skip-preview");
    // The engine stores where a component's module is, wherever this machine keeps its temporary files.
    const state = (await pulumi("stack export")).replaceAll(`file:${user.folder}/`, "");
    mkdirSync(target, { recursive: true });
    cpSync(join(__dirname, program), join(target, files.program));
    writeFileSync(join(target, files.state), state);
    writeFileSync(join(target, files.keys), `${JSON.stringify(records(server), null, 2)}\n`);
    process.stdout.write(`recorded ${target}\n`);
  } finally {
    await server.close();
    user.remove();
  }
}

/** A user's project with this package as npm would publish it. */
async function newStack(server: CometServer, user: User, program: string, host: Host): Promise<Pulumi> {
  const { file } = await user.pack();
  user.write({
    "package.json": JSON.stringify({ private: true, type: "module", main: "index.js" }),
    "Pulumi.yaml": `name: ${names.project}\nruntime: nodejs\n${host === "plugin" ? pluginLines() : ""}`,
    "index.js": onHost(readFileSync(join(__dirname, program), "utf8"), host),
  });
  const env = {
    ...engineEnv({ home: join(user.folder, "engine"), backend: `file://${user.folder}`, passphrase }),
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    COMETAPI_BASE_URL: server.url,
    COMETAPI_ACCESS_TOKEN: server.account.token,
    COMETAPI_USER_ID: "",
  };
  // Installed, not linked: a state file says where the files of the program's packages are.
  const packages = [file, `@pulumi/pulumi@${devDependencies["@pulumi/pulumi"]}`];
  await user.run(user.folder, ["npm", "install", ...packages]);
  const pulumi: Pulumi = (command, more) =>
    user.run(user.folder, ["pulumi", ...command.split(" "), "--non-interactive"], { ...env, ...more });
  await pulumi(`stack init ${names.stack}`);
  return pulumi;
}

/** A stack with a key of every shape, after something has happened to some of them. */
async function liveKeys(server: CometServer, pulumi: Pulumi): Promise<void> {
  const isHalfMade = ({ body }: { body: unknown }) => (body as { name?: string })?.name === "half-made";
  const fault = server.fault({ method: "PUT", when: isHalfMade }, faults.refuse("not today"));
  await pulumi("up --yes --skip-preview --continue-on-error").catch((error: Error) => {
    if (fault.hits === 0) throw error;
  });
  server.console.spend(idOf(server, "generated"), 1_200);
  server.console.spend(idOf(server, "exhausted"), 10);
  server.console.update(idOf(server, "exhausted"), { status: 4 });
}

/** A stack with rotations in their second slot, when the previous key still works and both have been used. */
async function liveRotation(server: CometServer, pulumi: Pulumi): Promise<void> {
  for (const COMETAPI_NOW of rotatedAt) await pulumi("up --yes --skip-preview", { COMETAPI_NOW });
  server.console.spend(idOf(server, "backend-20990105"), 1_200);
  server.console.spend(idOf(server, "backend-20990204"), 300);
  server.console.spend(idOf(server, "batch job-20990204"), 70);
}

function idOf(server: CometServer, name: string): number {
  const key = server.keys().find((key) => key.name.startsWith(name));
  if (key === undefined) throw new Error(`the stack created no key "${name}"`);
  return key.id;
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
