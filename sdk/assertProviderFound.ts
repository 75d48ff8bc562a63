import { createRequire } from "node:module";
import { join } from "node:path";
import { runError } from "./runError";

/** Where Pulumi looks for what the state calls a provider: the folder of the program, wherever this file is. */
const folder = process.cwd();
const found = new Set<string>();

/**
 * Ends the program if Pulumi will not find a provider, instead of letting it fail with "Cannot find module": as when
 * this package is a dependency of a shared package alone, or was bundled into the program.
 */
export function assertProviderFound(path: string): void {
  // Only of a program that Pulumi's language host runs is the folder known. Unit tests and inline programs are not.
  if (found.has(path) || !process.env["PULUMI_NODEJS_MONITOR"]) return;
  try {
    createRequire(join(folder, "program.js")).resolve(path);
    found.add(path);
  } catch {
    throw runError(
      `pulumi-cometapi cannot be found from ${folder}, where Pulumi looks for it. Run \`npm install pulumi-cometapi\` ` +
        "in that folder, or the like with another package manager; leave it out of a bundle.",
    );
  }
}
