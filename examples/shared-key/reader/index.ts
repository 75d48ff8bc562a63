import * as pulumi from "@pulumi/pulumi";

// The stack of the same name in the owner's project.
const owner = new pulumi.StackReference(
  `${pulumi.getOrganization()}/cometapi-shared-key-owner/${pulumi.getStack()}`,
);

/** Still a secret. Hand it to what makes model requests. */
export const apiKey = owner.requireOutput("apiKey");
