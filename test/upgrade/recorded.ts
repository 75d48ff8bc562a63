import { join } from "node:path";

/** For each released version: its program, the state of the stack that it left, and the keys that CometAPI then had. */
export const recordings = join(__dirname, "states");
export const files = { program: "program.mjs", state: "state.json", keys: "keys.json" } as const;

/** What the states are encrypted with. They hold keys of the test server and nothing else. */
export const passphrase = "an upgrade is nothing to fear";
/** Both are in every URN. */
export const names = { project: "program", stack: "dev" } as const;
