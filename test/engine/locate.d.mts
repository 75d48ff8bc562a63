/** A Pulumi CLI that can run the programs of this repo. */
export interface Engine {
  /** Absolute path of `pulumi`. */
  command: string;
  /** The folder it is in: first on PATH, it lets the CLI find the language host beside it. */
  bin: string;
  /** As `pulumi version` prints it, e.g. `v3.230.0`. */
  version: string;
  /** A `pulumi` of the reader's own on PATH, the vendor's install, or a build by setup.mjs. */
  from: "PATH" | "installed" | "built";
}

/** The oldest CLI that may run the tests, and the one that setup.mjs provides, without the `v`. */
export const ENGINE_VERSION: string;

/** The CLI that is there. Quick; throws one line that says what to run when there is none. */
export function engine(): Engine;

/** What a run of the CLI needs on top of the caller's environment to keep to its own home and state. */
export function engineEnv(place: {
  /** PULUMI_HOME: a folder of the test's own. */
  home: string;
  /** PULUMI_BACKEND_URL, e.g. `file:///tmp/state`. */
  backend: string;
  /** PULUMI_CONFIG_PASSPHRASE; empty unless given. */
  passphrase?: string;
}): Record<
  "PATH" | "PULUMI_HOME" | "PULUMI_BACKEND_URL" | "PULUMI_CONFIG_PASSPHRASE" | "PULUMI_SKIP_UPDATE_CHECK",
  string
>;
