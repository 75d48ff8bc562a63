import * as pulumi from "@pulumi/pulumi";

/** The settings that hold tokens, and how to encrypt each. */
const settings: Record<string, string> = {
  "cometapi:accessToken": "pulumi config set --secret cometapi:accessToken",
  "cometapi:accounts": "pulumi config set --secret --path cometapi:accounts.<name>.accessToken",
};

/** Runs that were warned already: with the Automation API, one process has several. */
const warned = new WeakSet<object>();

/** Warns, once a run, of an access token that is not encrypted: it is in the stack's settings file, and in every state file. */
export function warnOfPlainTokens(): void {
  const run = pulumi.runtime.getStackResource();
  if (run === undefined || warned.has(run)) return;
  warned.add(run);
  // Pulumi tells programs which settings are secrets, but leaves the function out of its types.
  const { isConfigSecret } = pulumi.runtime as { isConfigSecret?: (name: string) => boolean };
  for (const [name, command] of Object.entries(settings)) {
    const holdsToken = /accessToken|^[^{]/.test(pulumi.runtime.getConfig(name) ?? "");
    if (!holdsToken || (isConfigSecret?.(name) ?? true)) continue;
    void pulumi.log.warn(
      `${name} contains an access token in plain text, for everyone who can read the stack's settings or its state. ` +
        `Encrypt it with \`${command}\``,
    );
  }
}
