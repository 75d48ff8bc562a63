import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import * as pulumi from "@pulumi/pulumi";

/** The version of this package, which is the plugin's too: the engine downloads that one where it has none yet. */
const { version } = require("pulumi-cometapi/package.json") as { version: string };

/** As in assertProviderFound.ts: the folder of the program. */
const folder = process.cwd();
let isLookedFor = false;
/** No resources, once the engine has the warning. */
let warned: Promise<pulumi.Resource[]> | undefined;

/** What resources and lookups say to the engine of the plugin they need. */
export function pluginOptions({ pluginDownloadURL }: { pluginDownloadURL?: string }): {
  version: string;
  dependsOn?: Promise<pulumi.Resource[]>;
} {
  if (pluginDownloadURL === undefined) warnIfMissing();
  return { version, ...(warned && { dependsOn: warned }) };
}

/**
 * Says which lines Pulumi.yaml lacks. The engine's own error, "no resource plugin", ends the program before it hears of
 * that, so a resource waits until the engine has the warning. Not an error: where else the plugin may be is for the engine to know.
 */
function warnIfMissing(): void {
  // Only a program that Pulumi's language host runs has its folder here. Unit tests and inline programs do not.
  if (isLookedFor || !process.env["PULUMI_NODEJS_MONITOR"]) return;
  isLookedFor = true;
  const project = findUpwards(folder, "Pulumi.yaml", "Pulumi.yml");
  if (project === undefined || isNamed(readFileSync(project, "utf8")) || isFoundElsewhere()) return;
  const inPackage = findUpwards(folder, "node_modules/pulumi-cometapi/plugin");
  const path = inPackage ? relative(dirname(project), inPackage).replaceAll("\\", "/") : "…";
  const warning = pulumi.log.warn(
    `${project} does not say where the plugin of pulumi-cometapi/plugin is. Add the lines ` +
      `"plugins:" and "  providers: [{ name: cometapi, path: ${path} }]" to it, or install the plugin.`,
  );
  warned = warning.then(() => []);
}

/** Under `plugins` or `packages`: a project may be called that too. */
function isNamed(yaml: string): boolean {
  return (
    /(?:^[ \t-]+|[{,] *)name: *["']?cometapi["']?\s*(?:[,}]|$)/m.test(yaml) ||
    /^\s+["']?cometapi["']?:\s/m.test(yaml)
  );
}

/** Installed, on the PATH, or where the environment says. */
function isFoundElsewhere(): boolean {
  const { PULUMI_HOME, PATH, PULUMI_DEBUG_PROVIDERS, PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES } = process.env;
  if (PULUMI_DEBUG_PROVIDERS || PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES) return true;
  const installed = join(PULUMI_HOME || join(homedir(), ".pulumi"), "plugins");
  if (namesIn(installed).some((name) => name.startsWith("resource-cometapi-v"))) return true;
  return (PATH ?? "")
    .split(delimiter)
    .some((place) => namesIn(place).some((name) => name.startsWith("pulumi-resource-cometapi")));
}

function namesIn(place: string): string[] {
  try {
    return readdirSync(place);
  } catch {
    return [];
  }
}

function findUpwards(from: string, ...names: string[]): string | undefined {
  const found = names.map((name) => join(from, name)).find((path) => existsSync(path));
  return found ?? (dirname(from) === from ? undefined : findUpwards(dirname(from), ...names));
}
