import * as pulumi from "@pulumi/pulumi";

/**
 * An error that ends the program with one line. It has no stack: of what fails after the program's last line Pulumi
 * shows that, and whatever fails, it first reads the source maps of all that is loaded, which was seen to take 18 s.
 */
export function runError(message: string): pulumi.RunError {
  return Object.assign(new pulumi.RunError(message), { stack: "" });
}
