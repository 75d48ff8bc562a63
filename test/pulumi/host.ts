/** What hosts the provider: the same programs run on both, and the tests of both are the same files. */
export type Host = "dynamic" | "plugin";

/** The one that is tested. */
export const host: Host = process.env["COMETAPI_TEST_HOST"] === "plugin" ? "plugin" : "dynamic";

/** The resource type of a key on each. */
export const keyTypes: Record<Host, string> = {
  dynamic: "pulumi-nodejs:dynamic/cometapi:CometApiKey",
  plugin: "cometapi:index:CometApiKey",
};
export const keyType = keyTypes[host];

/** What a project has in its Pulumi.yaml for the plugin, as docs/hosts.md shows it. */
export function pluginLines(path = "node_modules/pulumi-cometapi/plugin"): string {
  return `plugins:\n  providers:\n    - name: cometapi\n      path: ${path}\n`;
}

/** A program, or a piece of one, as it is written for a host. */
export function onHost(program: string, its: Host = host): string {
  return its === "plugin" ? program.replaceAll('"pulumi-cometapi"', '"pulumi-cometapi/plugin"') : program;
}
