import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Provides the oldest engine before the first test that wants it: nobody else has to wait for its build. */
export function setup(): void {
  const { status } = spawnSync(process.execPath, [join(__dirname, "setup.mjs")], {
    env: { ...process.env, COMETAPI_TEST_ENGINE: "oldest" },
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("the oldest engine could not be provided");
}
