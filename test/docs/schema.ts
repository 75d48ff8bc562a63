/** Writes the Pulumi package schema, which SDKs of all languages are generated from, from the interfaces of sdk/. */

import { interfacesOf } from "./interfaces";
import { packageOf } from "./schemaPackage";
import { type Json, refTo, SchemaWriter } from "./schemaTypes";

const listed = `
  import type * as pulumi from "@pulumi/pulumi";
  import type * as sdk from "./sdk/plugin";
  export type ProviderArgs = sdk.ProviderArgs;
  export type ProviderAccount = sdk.ProviderAccount;
  export type CometApiKeyArgs = sdk.CometApiKeyArgs;
  export type CometApiKey = Omit<sdk.CometApiKey, keyof pulumi.CustomResource>;
  export type RotatingCometApiKeyArgs = sdk.RotatingCometApiKeyArgs;
  export type RotatingCometApiKey = Omit<sdk.RotatingCometApiKey, keyof pulumi.ComponentResource>;
  export type RotatedKey = sdk.RotatedKey;
  export type GetCometApiKeyUsageArgs = sdk.GetCometApiKeyUsageArgs;
  export type CometApiKeyUsage = sdk.CometApiKeyUsage;
  export type GetCometApiKeysArgs = sdk.GetCometApiKeysArgs;
  export type CometApiKeySummary = sdk.CometApiKeySummary;
  export type GetCometApiModelsArgs = sdk.GetCometApiModelsArgs;
  export type CometApiModel = sdk.CometApiModel;
  export type CometApiModelPricing = sdk.CometApiModelPricing;
  export type GetCometApiAccountArgs = sdk.GetCometApiAccountArgs;
  export type CometApiAccount = sdk.CometApiAccount;
  export type GetCometApiKeySpendArgs = sdk.GetCometApiKeySpendArgs;
  export type CometApiKeySpend = sdk.CometApiKeySpend;
`;

/** The JSON text of provider/plugin/schema.json. */
export function schema(): string {
  const writer = new SchemaWriter(interfacesOf(listed));
  const { properties: variables } = writer.object("ProviderArgs");
  const json = {
    ...packageOf(),
    config: { variables },
    provider: {
      description: writer.described("sdk/plugin/provider.ts", "Provider"),
      inputProperties: variables,
    },
    types: writer.types(),
    resources: {
      "cometapi:index:CometApiKey": {
        description: writer.described("sdk/cometApiKey.ts", "CometApiKey"),
        ...writer.resource("CometApiKey"),
        aliases: [{ type: "pulumi-nodejs:dynamic/cometapi:CometApiKey" }],
      },
      "cometapi:index:RotatingCometApiKey": {
        description: writer.described("sdk/rotatingCometApiKey.ts", "RotatingCometApiKey"),
        isComponent: true,
        ...writer.resource("RotatingCometApiKey"),
      },
    },
    functions: {
      ...writer.lookup("getCometApiKeyUsage", writer.object("CometApiKeyUsage")),
      ...writer.lookup("getCometApiKeys", listOf("keys", "CometApiKeySummary")),
      ...writer.lookup("getCometApiModels", listOf("models", "CometApiModel")),
      ...writer.lookup("getCometApiAccount", writer.object("CometApiAccount")),
      ...writer.lookup("getCometApiKeySpend", writer.object("CometApiKeySpend")),
    },
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

/** What a function returns is an object, so an array is its one property. */
function listOf(name: string, item: string): Json {
  return { properties: { [name]: { type: "array", items: refTo(item) } }, required: [name] };
}
