/** The version of this package, which is the plugin's too: the engine downloads that one where it has none yet. */
export const { version } = require("pulumi-cometapi/package.json") as { version: string };
