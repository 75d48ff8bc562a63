/** Programs on the plugin, without the SDK's own class: what the protocol alone gives. */

import { pluginLines } from "../host";

/** Of a project that finds the plugin in the npm package. */
export const pulumiYaml = `name: program
runtime:
  name: nodejs
  options:
    typescript: false
${pluginLines()}`;

/** A class as generated for any provider, and what the lines given do with it. */
export function program(...lines: string[]): string {
  return `import * as pulumi from "@pulumi/pulumi";
const outputs = { key: undefined, name: undefined, userId: undefined, status: undefined, usedQuota: undefined };
class Key extends pulumi.CustomResource {
  constructor(name, args, opts) {
    super("cometapi:index:CometApiKey", name, { ...outputs, ...args }, opts);
  }
}
class Provider extends pulumi.ProviderResource {
  constructor(name, args, opts) {
    super("cometapi", name, args, opts);
  }
}
${lines.join("\n")}
`;
}
