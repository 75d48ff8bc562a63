import { join } from "node:path";

/** For each recording: its program, the state of the stack that it left, and the keys that CometAPI then had. */
export const recordings = join(__dirname, "states");
export const files = { program: "program.mjs", state: "state.json", keys: "keys.json" } as const;

/** What is recorded of each version, on each host, by what its folder is called after the version. */
export const suffixes = {
  dynamic: { keys: "", rotation: "-rotation" },
  plugin: { keys: "-plugin", rotation: "-plugin-rotation" },
} as const;

/** When the rotations were run: in their first slot, and in their second, while its previous key is still kept. */
export const rotatedAt = ["2099-01-06T09:00:00Z", "2099-02-05T09:00:00Z"] as const;

/** What the states are encrypted with. They hold keys of the test server and nothing else. */
export const passphrase = "an upgrade is nothing to fear";
/** Both are in every URN. */
export const names = { project: "program", stack: "dev" } as const;
