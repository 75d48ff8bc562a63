import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cometapi } from "./cometapi";
import { serve } from "./protocol/serve";

/** What the engine starts, by one of the launchers in `plugin/`. It reads the port from the first line that is printed. */

const { version, engines } = require("pulumi-cometapi/package.json") as {
  version: string;
  engines: { node: string };
};

function schema(): string {
  // Beside this code where all of it is one bundled file.
  const bundled = join(__dirname, "schema.json");
  const inPackage = join(__dirname, "../../../provider/plugin/schema.json");
  return readFileSync(existsSync(bundled) ? bundled : inPackage, "utf8");
}

// In front of the address the engine puts flags of its own, such as -v=9.
const engineAddress = process.argv
  .slice(2)
  .filter((argument) => /^[\w.:[\]-]+:\d+$/.test(argument))
  .at(-1);

// Read before the port is printed: from then on the engine may be killed.
const engine = process.ppid;

// The engine is on this machine. In lower case, gRPC would take the proxy that leads out of it, and nothing logged would arrive.
process.env["no_grpc_proxy"] = "127.0.0.1,localhost";

const plugin = cometapi({ version, schema });
const refused = refuseNode(process.versions.node, engines.node.replace(">=", ""));
// Whatever ends the process, the engine calls a bug of the provider.
const configure = () => {
  throw new Error(refused);
};

void serve(refused === undefined ? plugin : { ...plugin, configure }, engineAddress).then(({ port, end }) => {
  console.log(port);
  const exit = () => void end().then(() => process.exit());
  // How an engine ends its plugins, also when it is interrupted a second time and leaves calls unanswered.
  process.on("SIGINT", exit).on("SIGTERM", exit);
  // An engine that is killed ends no plugin. Its children then get another parent.
  setInterval(() => {
    if (process.ppid !== engine) exit();
  }, 1_000).unref();
});

/** Why the plugin cannot run on this version of Node; undefined if it can. Else the first error would be "File is not defined". */
function refuseNode(running: string, oldest: string): string | undefined {
  if (running.localeCompare(oldest, "en", { numeric: true }) >= 0) return undefined;
  return `the plugin needs Node ${oldest} or newer, but the one on the PATH is ${running}. Update it.`;
}
