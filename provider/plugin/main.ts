import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cometapi } from "./cometapi";
import { serve } from "./serve";

/** What the engine starts, by one of the launchers in `plugin/`. It reads the port from the first line that is printed. */

const { version } = require("pulumi-cometapi/package.json") as { version: string };

function schema(): string {
  // Beside this code where all of it is one bundled file.
  const bundled = join(__dirname, "schema.json");
  const inPackage = join(__dirname, "../../../provider/plugin/schema.json");
  return readFileSync(existsSync(bundled) ? bundled : inPackage, "utf8");
}

// In front of the address the engine puts flags of its own, such as -v=9.
const engineAddress = process.argv.slice(2).findLast((argument) => /^[\w.:[\]-]+:\d+$/.test(argument));

// Read before the port is printed: from then on the engine may be killed.
const engine = process.ppid;

void serve(cometapi({ version, schema }), engineAddress).then(({ port, end }) => {
  console.log(port);
  const exit = () => void end().then(() => process.exit());
  // How an engine ends its plugins, also when it is interrupted a second time and leaves calls unanswered.
  process.on("SIGINT", exit).on("SIGTERM", exit);
  // An engine that is killed ends no plugin. Its children then get another parent.
  setInterval(() => {
    if (process.ppid !== engine) exit();
  }, 1_000).unref();
});
