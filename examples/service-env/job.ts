import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as pulumi from "@pulumi/pulumi";

export interface JobArgs {
  /** The program and its arguments. */
  command: string[];
  /** All that the job sees of the environment, besides PATH. */
  environment: Record<string, pulumi.Input<string>>;
}

interface JobInputs {
  command: string[];
  environment: Record<string, string>;
}

/** Runs a command when it is made, and again whenever the command or its environment changes. */
export class Job extends pulumi.dynamic.Resource {
  /** What the command printed. */
  declare readonly output: pulumi.Output<string>;

  constructor(name: string, args: JobArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args, output: undefined }, opts);
  }
}

const provider: pulumi.dynamic.ResourceProvider<JobInputs, { output: string }> = {
  create: async (inputs) => ({ id: "job", outs: await run(inputs) }),
  update: async (_id, _olds, inputs) => ({ outs: await run(inputs) }),
};

/** The environment stays out of the outputs: there it would be one more place to keep a secret. */
async function run({ command, environment }: JobInputs): Promise<{ output: string }> {
  const [program = "", ...args] = command;
  // Not the whole of process.env: the access token that Pulumi works with may be in there.
  const { PATH } = process.env;
  const { stdout } = await promisify(execFile)(program, args, { env: { PATH, ...environment } });
  return { output: stdout.trim() };
}
