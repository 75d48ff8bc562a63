import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import type { TestStack } from "../stack";

/**
 * What a pack's PulumiPolicy.yaml names as its runtime here. The language host that the tests build cannot start policy
 * packs, as the vendor's does. The oldest engine starts a pack of an unknown runtime by a program of that name on PATH;
 * the newest wants a language host for it, so these tests run on the oldest alone.
 */
export const runtime = "launched";

export function letPoliciesStart({ stack }: TestStack): void {
  const { workDir, envVars = {} } = stack.workspace;
  const bin = join(workDir, ".bin");
  mkdirSync(bin);
  const launcher = join(bin, `pulumi-analyzer-policy-${runtime}`);
  const run = createRequire(__filename).resolve("@pulumi/pulumi/cmd/run-policy-pack");
  writeFileSync(launcher, `#!/bin/sh\nexec node "${run}" "$@"\n`);
  chmodSync(launcher, 0o755);
  envVars["PATH"] = `${bin}${delimiter}${envVars["PATH"]}`;
}
