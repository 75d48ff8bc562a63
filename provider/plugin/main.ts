import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cometapi } from "./cometapi";
import { serve } from "./serve";

/** What the engine starts, by one of the launchers in `plugin/`. It reads the port from the first line that is printed. */

/** The schema lies beside the code where that is one bundled file, and in the package's `provider/plugin/` otherwise. */
const root = join(__dirname, "../../..");
const schemaPath = [join(__dirname, "schema.json"), join(root, "provider/plugin/schema.json")].find((path) =>
  existsSync(path),
);
const { version } = require(join(root, "package.json")) as { version: string };

// In front of the address the engine puts flags of its own, such as -v=9.
const engineAddress = process.argv.slice(2).findLast((argument) => /^[\w.:[\]-]+:\d+$/.test(argument));

void serve(
  cometapi({
    version,
    schema: () => (schemaPath === undefined ? "{}" : readFileSync(schemaPath, "utf8")),
  }),
  engineAddress,
).then(({ port }) => console.log(port));
