import { ContainerApp } from "@pulumi/azure-native/app";
import { Secret } from "@pulumi/azure-native/keyvault";
import * as pulumi from "@pulumi/pulumi";
import { CometApiKey, usd } from "pulumi-cometapi";

const config = new pulumi.Config();
const resourceGroupName = config.require("resourceGroup");

const { key } = new CometApiKey("backend", { remainQuota: usd(20), modelLimits: ["gpt-5"] });

const secret = new Secret("cometapi", {
  resourceGroupName,
  vaultName: config.require("vault"),
  // Key Vault allows no underscore in a name.
  secretName: "cometapi-key",
  properties: { value: key },
});

// Its identity needs the role Key Vault Secrets User on the vault.
const identity = config.require("identity");
new ContainerApp("backend", {
  resourceGroupName,
  environmentId: config.require("environment"),
  identity: { type: "UserAssigned", userAssignedIdentities: [identity] },
  configuration: {
    secrets: [{ name: "cometapi-key", keyVaultUrl: secret.properties.secretUriWithVersion, identity }],
  },
  template: {
    containers: [
      {
        name: "backend",
        image: "registry.example.com/backend:1.0",
        env: [
          { name: "COMETAPI_KEY", secretRef: "cometapi-key" },
          { name: "COMETAPI_BASE_URL", value: "https://api.cometapi.com/v1" },
        ],
      },
    ],
  },
});
