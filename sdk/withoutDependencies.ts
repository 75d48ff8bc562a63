import * as pulumi from "@pulumi/pulumi";

/**
 * The value of an output, without a dependency on what it comes from. With one on a key that a run leaves out, the
 * engine stores a state that it refuses to read, and with one on a key that failed it skips what depends on it. To
 * depend on a component is to depend on all resources in it.
 */
export function withoutDependencies(output: pulumi.Output<unknown>): Promise<unknown> {
  return pulumi.runtime.serializeProperty("output", output);
}
