import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Deployment } from "@pulumi/pulumi/automation/index.js";
import { Backend, newStack, startEmulator } from "../pulumi/stack";
import type { CometServer, KeyRecord } from "../server/index";
import { files, names, passphrase, recordings } from "./recorded";

/** Of a stack that a released version has left, as it was recorded. */
export const read = (folder: string, file: keyof typeof files) =>
  readFileSync(join(recordings, folder, files[file]), "utf8");

/** The stack as it was left, on a server that has its keys. */
export async function inherit(folder: string, env: Record<string, string> = {}) {
  const records = JSON.parse(read(folder, "keys")) as KeyRecord[];
  const record = (name: string): KeyRecord => {
    const found = records.find((key) => key.name.startsWith(name));
    if (found === undefined) throw new Error(`${folder} left no key "${name}"`);
    return found;
  };
  const server = await startEmulator({ accounts: [{ userId: records[0]?.user_id ?? 0 }] });
  for (const key of records) server.console.restore(key);
  const backend = new Backend(passphrase);
  const program = read(folder, "program");
  const stack = await newStack({ server, backend, name: names.stack, program, env });
  await stack.stack.importStack(JSON.parse(read(folder, "state")) as Deployment);
  return { server, stack, records, record, now: (name: string) => server.key(record(name).id) };
}

export const living = (server: CometServer) =>
  server.keys().filter(({ deletedAt }) => deletedAt === undefined);
