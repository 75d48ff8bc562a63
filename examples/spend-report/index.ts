import { writeFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { getCometApiAccountOutput, getCometApiKeysOutput } from "pulumi-cometapi";
import { spendReport } from "./report";

/** `pulumi stack output report` prints it as it is. */
export const report = pulumi
  .all([getCometApiAccountOutput(), getCometApiKeysOutput()])
  .apply(([account, keys]) => spendReport(account, keys, new Date()));

// Pulumi cuts long outputs short, but not what a program logs.
report.apply((text) => pulumi.log.info(`\n${text}`));

// A preview leaves no file behind.
if (!pulumi.runtime.isDryRun()) report.apply((text) => writeFileSync("spend-report.md", text));
