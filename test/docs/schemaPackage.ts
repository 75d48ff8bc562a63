import { textOf } from "./markdown";

/** What the schema says of the package as a whole, and how it is called in each language. */
export function packageOf(): object {
  const { version, description, license, keywords } = JSON.parse(textOf("package.json")) as Record<
    string,
    unknown
  >;
  return {
    name: "cometapi",
    displayName: "CometAPI",
    version,
    description,
    keywords,
    license,
    // Without it the project of the SDK for .NET names Pulumi as its author.
    publisher: "pulumi-cometapi",
    language: {
      // No name that an SDK could be generated under: programs that `pulumi import` prints import it, and it is written by hand.
      nodejs: { packageName: "pulumi-cometapi/plugin", respectSchemaVersion: true },
      python: {
        packageName: "pulumi_cometapi",
        respectSchemaVersion: true,
        pyproject: { enabled: true },
        requires: { pulumi: ">=3.165.0,<4.0.0" },
      },
      go: {
        generateResourceContainerTypes: true,
        respectSchemaVersion: true,
        importBasePath: "github.com/pulumi/pulumi-cometapi/sdk/go/cometapi",
      },
      csharp: { namespaces: { cometapi: "CometApi" }, respectSchemaVersion: true },
      java: { buildFiles: "gradle" },
    },
  };
}
