import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestStack } from "../stack";

/** What a service was given by the runs so far, oldest first. A key that no longer came is `undefined`. */
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
 * A program of one key that rotates or does not, a service that is given it, and another key.
 *
 * The service is a resource of another kind. It notes down each key that a run configures it with: state alone would
 * not show what a service had in between.
 */
export function serviceProgram(declared: string, version: number, key = "r.key"): string {
  return `
    import * as pulumi from "@pulumi/pulumi";
    import { CometApiKey, RotatingCometApiKey } from "pulumi-cometapi";
    ${declared}
    export const other = new CometApiKey("other", { remainQuota: 7 }).key;
    const service = ${JSON.stringify(service)};
    class Service extends pulumi.CustomResource {
      constructor(name, props) {
        super("pulumi-nodejs:dynamic:Service", name, { ...props, log: process.cwd() + "/handed", __provider: service });
      }
    }
    new Service("service", { key: ${key}, version: ${version} });
    export const rkey = ${key};
  `;
}

export function handed(stack: TestStack): Handed[] {
  const file = join(stack.path("."), "handed");
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Handed);
}
