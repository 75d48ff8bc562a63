/** A Pulumi CLI that can run the programs of this repo. */
export interface Engine {
  /** Absolute path of `pulumi`. */
  command: string;
  /** The folder it is in: first on PATH, it lets the CLI find the language host beside it. */
  bin: string;
  /** As `pulumi version` prints it, e.g. `v3.274.1`. */
  version: string;
  /** A `pulumi` of the reader's own on PATH, the vendor's install, or a build by setup.mjs. */
  from: "PATH" | "installed" | "built";
}

/** What COMETAPI_TEST_ENGINE asks for: a name, and the version without the `v` that setup.mjs provides. */
export function chosenEngine(): { name: "newest" | "oldest"; source: string; version: string };

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
