/** Writes docs/reference.md from the types and the documentation that editors show. */

import ts from "typescript";
import { type Documented, interfacesOf } from "./interfaces";

interface Member extends Documented {
  name: string;
  type: string;
}

/** The types whose members the page lists, as a program sees them once its outputs are known. */
const listed = `
  import type * as pulumi from "@pulumi/pulumi";
  import type * as sdk from "./sdk";
  type Plain<T> = { [K in keyof T]-?: NonNullable<pulumi.Unwrap<T[K]>> };
  export type CometApiKeyArgs = Plain<sdk.CometApiKeyArgs>;
  export type CometApiKey = Plain<Omit<sdk.CometApiKey, keyof pulumi.CustomResource>>;
  export type RotatingCometApiKeyArgs = Plain<
    Pick<sdk.RotatingCometApiKeyArgs, "name" | Exclude<keyof sdk.RotatingCometApiKeyArgs, keyof sdk.CometApiKeyArgs>>
  >;
  export type RotatingCometApiKey = Plain<Omit<sdk.RotatingCometApiKey, keyof pulumi.ComponentResource>>;
  export type RotatedKey = Plain<sdk.RotatedKey>;
  export type GetCometApiKeyUsageArgs = Plain<sdk.GetCometApiKeyUsageArgs>;
  export type CometApiKeyUsage = Plain<sdk.CometApiKeyUsage>;
  export type GetCometApiKeysArgs = Plain<sdk.GetCometApiKeysArgs>;
  export type CometApiKeySummary = Plain<sdk.CometApiKeySummary>;
  export type GetCometApiModelsArgs = Plain<sdk.GetCometApiModelsArgs>;
  export type CometApiModel = Plain<sdk.CometApiModel>;
  export type GetCometApiAccountArgs = Plain<sdk.GetCometApiAccountArgs>;
  export type CometApiAccount = Plain<sdk.CometApiAccount>;
  export type GetCometApiKeySpendArgs = Plain<sdk.GetCometApiKeySpendArgs>;
  export type CometApiKeySpend = Plain<sdk.CometApiKeySpend>;
`;

export function reference(): string {
  const of = membersByType();
  const entries = (type: string) => of(type).map(entry).join("\n\n");
  const table = (type: string) => ["| | type | |", "|---|---|---|", ...of(type).map(tableRow)].join("\n");
  return `<!-- Written by \`npm run docs\` from the documentation in sdk/. A test holds the page current. -->

# Reference

Every property of this package, its type and its default. Arguments may be plain values or outputs of other resources;
\`null\` and \`undefined\` mean the default. An editor shows the same text.

- [CometApiKey](#cometapikey): [arguments](#arguments), [outputs](#outputs), [get](#cometapikeyget)
- [RotatingCometApiKey](#rotatingcometapikey): [arguments](#arguments-of-a-rotation), [outputs](#outputs-of-a-rotation)
- [Lookups](#lookups)
- [Dollars](#dollars)
- [Settings](#settings)

## CometApiKey

Pulumi checks all arguments at preview and reports all mistakes at once. Every change is made in place, except a change
of \`account\`: that creates a new key before it deletes the old one.

### Arguments

${entries("CometApiKeyArgs")}

### Outputs

The \`id\` of the resource is CometAPI's own id of the key.

${table("CometApiKey")}

### CometApiKey.get

\`CometApiKey.get(name, id)\` reads a key that something else manages, including its secret. The third argument holds
Pulumi's options, and \`account\` for a key of [another account](recipes/several-accounts.md).

## RotatingCometApiKey

A key that \`pulumi up\` renews on a schedule, while the previous key stays valid for a time:
[rotate on a schedule](recipes/rotate-on-a-schedule.md).

### Arguments of a rotation

Every argument of a \`CometApiKey\` except \`adoptId\` and \`expiredTime\`, and these:

${entries("RotatingCometApiKeyArgs")}

### Outputs of a rotation

${table("RotatingCometApiKey")}

A \`RotatedKey\` has

${table("RotatedKey")}

## Lookups

A lookup reads CometAPI at every preview and update, with the settings below. Each function has an \`…Output\` form that
takes outputs: [look things up](recipes/lookups.md).

### getCometApiKeyUsage

Returns what one key was granted, has used and has left.

${entries("GetCometApiKeyUsageArgs")}

The result:

${table("CometApiKeyUsage")}

### getCometApiKeys

Returns every matching key of the account, without its secret.

${entries("GetCometApiKeysArgs")}

Each result:

${table("CometApiKeySummary")}

### getCometApiModels

Returns the models of CometAPI's catalogue.

${entries("GetCometApiModelsArgs")}

Each result:

${table("CometApiModel")}

### getCometApiAccount

Returns what the account has left and has used. Dollars are counted by the server's own unit, where it says which, or
else 500,000 to the dollar.

${entries("GetCometApiAccountArgs")}

The result:

${table("CometApiAccount")}

### getCometApiKeySpend

Returns what a key spent in a period, by the server's own log of requests, which knows keys by their names alone.

A New API server answers 20 of these lookups in 20 minutes; further ones wait.

${entries("GetCometApiKeySpendArgs")}

The result:

${table("CometApiKeySpend")}

## Dollars

CometAPI counts quota in units, 500,000 to the dollar. \`usd(25)\` is the number of units in 25 dollars, exact to the unit;
\`toUsd(units)\` converts back. For a server with another unit, give it as the second argument: \`usd(25, 1_000_000)\`.

## Settings

| config key | environment | meaning |
|---|---|---|
| \`cometapi:accessToken\` (secret) | \`COMETAPI_ACCESS_TOKEN\` | the personal access token; required, without \`Bearer\` |
| \`cometapi:baseUrl\` | \`COMETAPI_BASE_URL\` | default \`https://api.cometapi.com\`; plain http only to this machine; without \`/v1\` |
| \`cometapi:userId\` | \`COMETAPI_USER_ID\` | sent as \`New-Api-User\`, which a [self-hosted New API](recipes/self-hosted.md) requires |
| \`cometapi:accounts\` | | [further accounts](recipes/several-accounts.md), each under a name |
| \`cometapi:account\` | | the account of keys that name none |
| \`cometapi:checkModels\` | \`COMETAPI_CHECK_MODELS\` | \`error\`, \`warn\` or \`off\` (default): [what happens to an unknown model id](recipes/check-models.md) |
| | \`COMETAPI_NOW\` | the moment that a preview of a [rotation](recipes/rotate-on-a-schedule.md) or of a [quota per period](recipes/quota-per-period.md) shows |

Configuration wins over the environment. What comes from the environment is in no state file. A secret configuration
value is in the state, encrypted; \`pulumi refresh\` and \`pulumi destroy\` use that copy. After a change of the token, run
\`pulumi up\` first, or add \`--run-program\` to them.
`;
}

function membersByType(): (type: string) => Member[] {
  const { checker, typeOf, documentationOf } = interfacesOf(listed);
  const flags = ts.TypeFormatFlags.InTypeAlias | ts.TypeFormatFlags.NoTruncation;
  const printed = (type: ts.Type): string => {
    const element = checker.isArrayLikeType(type) ? type.getNumberIndexType() : undefined;
    return element === undefined ? checker.typeToString(type, undefined, flags) : `${printed(element)}[]`;
  };
  return (name) =>
    typeOf(name)
      .getProperties()
      .map((symbol) => ({
        name: symbol.name,
        type: printed(checker.getTypeOfSymbol(symbol)),
        ...documentationOf(symbol),
      }));
}

function entry({ name, type, meaning, limit, fallback, example }: Member): string {
  const details = [
    limit && `- Limit: ${limit}`,
    fallback ? `- Default: ${fallback}` : "- Default: none, it is required.",
    example && `- Example: \`${example}\``,
  ].filter((line) => line);
  return [`#### \`${name}\`: \`${type}\``, ...meaning, details.join("\n")].map(wrapped).join("\n\n");
}

function tableRow({ name, type, meaning }: Member): string {
  return `| \`${name}\` | \`${type.replaceAll("|", "\\|")}\` | ${meaning.join(" ").replaceAll("|", "\\|")} |`;
}

/** Breaks lines at 120 columns, as everywhere in docs/. */
function wrapped(text: string): string {
  return text.replace(
    /(?![^\n]{1,120}$)([^\n]{1,120}) /gm,
    (_, line: string) => `${line}\n${/^\s*- /.test(text) ? "  " : ""}`,
  );
}
