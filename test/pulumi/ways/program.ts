import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestStack } from "../stack";

/** What a service was given by one run. A key that did not come is `undefined`. */
export interface Handed {
  version: number;
  key?: string;
}

const service = `exports.handler = () => {
  const configure = ({ key, version, log }) =>
    require("node:fs").appendFileSync(log, JSON.stringify({ version, key }) + "\\n");
  return {
    create: async (inputs) => { configure(inputs); return { id: "service", outs: inputs }; },
    update: async (_id, _olds, inputs) => { configure(inputs); return { outs: inputs }; },
  };
}`;

/**
 * A program of keys that rotate or do not, a service for each, and another key.
 *
 * A service is a resource of another kind. It notes down each key that a run configures it with: state alone would not
 * show what a service had in between.
 *
 * @param keys what the service of each name is given, as an expression. The stack's output has the same.
 */
export function serviceProgram(
  declared: string,
  version: number,
  keys: Record<string, string> = { service: "r.key" },
): string {
  const entries = Object.entries(keys);
  return `
    import * as pulumi from "@pulumi/pulumi";
    import { CometApiKey, RotatingCometApiKey } from "pulumi-cometapi";
    ${declared}
    export const other = new CometApiKey("other", { remainQuota: 7 }).key;
    const service = ${JSON.stringify(service)};
    class Service extends pulumi.CustomResource {
      constructor(name, key) {
        const log = process.cwd() + "/handed to " + name;
        super("pulumi-nodejs:dynamic:Service", name, { key, version: ${version}, log, __provider: service });
      }
    }
    ${entries.map(([name, key]) => `new Service("${name}", ${key});`).join("\n    ")}
    export const handedOn = { ${entries.map(([name, key]) => `${name}: ${key}`).join(", ")} };
  `;
}

/** What the runs so far have given to a service, oldest first. */
export function handed(stack: TestStack, service = "service"): Handed[] {
  const file = join(stack.path("."), `handed to ${service}`);
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Handed);
}
