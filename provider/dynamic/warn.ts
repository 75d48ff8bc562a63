import type { Resource } from "@pulumi/pulumi";

/**
 * Has the engine show a warning as its own: counted, and beside the resource that it is about. What a plugin merely
 * prints, it shows as text of the stack.
 *
 * @returns when the engine has it: it may end the plugin as soon as the last resource is checked
 */
export function warn(line: string, urn?: string): Promise<void> {
  return toEngine("warn", line, urn);
}

/** Has the engine show an error as its own, apart from the failure of a resource. */
export function report(line: string): Promise<void> {
  return toEngine("error", line);
}

async function toEngine(severity: "warn" | "error", line: string, urn?: string): Promise<void> {
  // The engine gives its address to every plugin in this way, but Pulumi's dynamic host does nothing with it.
  const [, , address = ""] = process.argv;
  if (!/^[\w.:[\]-]+:\d+$/.test(address)) {
    console.log(`${severity === "warn" ? "warning" : severity}: ${line}`);
    return;
  }
  const { log, output, runtime } = await import("@pulumi/pulumi");
  if (!runtime.hasEngine())
    runtime.resetOptions(runtime.getProject(), runtime.getStack(), 1, address, "", runtime.isDryRun(), "");
  // All that is asked of it is its name.
  const resource = urn === undefined ? undefined : ({ urn: output(urn) } as Resource);
  await log[severity](line, resource);
}
