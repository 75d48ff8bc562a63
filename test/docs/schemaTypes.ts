/** From TypeScript's types to the schema's. */

import ts from "typescript";
import { usd } from "../../sdk/usd";
import type { Documented, Interfaces } from "./interfaces";

/**
 * What types cannot say. Not of `RotatingCometApiKey.key`, which the plugin marks itself: the SDKs for Java and .NET do not
 * compile with a secret output of a component, because their options of components know none.
 */
const secret = [
  "CometApiKey.key",
  "GetCometApiKeyUsageArgs.key",
  "ProviderArgs.accessToken",
  "ProviderArgs.accounts",
  "ProviderAccount.accessToken",
];

/** A number or a string in TypeScript. Settings are strings, and other languages have no such union for them. */
const settings = ["ProviderArgs.userId", "ProviderAccount.userId"];

/** Objects that are a type of their own in the SDKs. */
const objects = [
  "RotatedKey",
  "CometApiKeySummary",
  "CometApiModel",
  "CometApiModelPricing",
  "ProviderAccount",
];

/** Alternatives that are an enum in the SDKs. All others are strings: what CometAPI answers may grow. */
const enums: Record<string, { name: string; description: string }> = {
  "disabled enabled": { name: "CometApiKeyStatus", description: "What a key can be declared as." },
  "daily monthly weekly": { name: "QuotaReset", description: "How often a key gets its quota anew." },
};

export type Json = Record<string, unknown>;

/** Writes parts of the schema. */
export class SchemaWriter {
  constructor(private readonly interfaces: Interfaces) {}

  described(file: string, name: string): string {
    return inWords(this.interfaces.documentationOf(this.interfaces.exportOf(file, name)));
  }

  types(): Json {
    const listedObjects = objects.map((name) => [name, { type: "object", ...this.object(name) }]);
    const listedEnums = Object.entries(enums).map(([values, { name, description }]) => [
      name,
      { type: "string", description, enum: values.split(" ").map((value) => ({ value })) },
    ]);
    const all = [...listedObjects, ...listedEnums] as [string, Json][];
    return Object.fromEntries(all.map(([name, type]) => [`cometapi:index:${name}`, type]));
  }

  resource(name: string): Json {
    const { properties: inputProperties, required: requiredInputs } = this.object(`${name}Args`);
    return { ...this.object(name), inputProperties, requiredInputs };
  }

  lookup(name: string, outputs: Json): Json {
    const args = `G${name.slice(1)}Args`;
    return {
      [`cometapi:index:${name}`]: {
        description: this.described("sdk/lookups.ts", name),
        inputs: this.object(args),
        outputs,
      },
    };
  }

  object(name: string): Json {
    const type = this.interfaces.typeOf(name);
    const members = type.getProperties().map((symbol) => {
      const given = this.interfaces.checker.getTypeOfSymbol(symbol);
      const isInput = partsOf(given).some(isLater);
      // The arguments of a component are inputs, but for those that name and count its children.
      const isPlain = name === "RotatingCometApiKeyArgs" && !isInput;
      const isOptional =
        !!(symbol.flags & ts.SymbolFlags.Optional) || partsOf(this.outputOf(given) ?? given).some(isAbsent);
      const property = {
        description: inWords(this.interfaces.documentationOf(symbol)),
        ...(settings.includes(`${name}.${symbol.name}`) ? { type: "string" } : this.typeSpec(given)),
        ...(isPlain && { plain: true }),
        ...(secret.includes(`${name}.${symbol.name}`) && { secret: true }),
      };
      return { name: symbol.name, property, isOptional };
    });
    const required = members.filter(({ isOptional }) => !isOptional).map(({ name: member }) => member);
    return {
      properties: Object.fromEntries(members.map(({ name: member, property }) => [member, property])),
      ...(required.length > 0 && { required }),
    };
  }

  /** What an `Output<T>` holds: each form of it is an `OutputInstance<T>` with what its properties are lifted to. */
  private outputOf(type: ts.Type): ts.Type | undefined {
    const instances = partsOf(type).map((form) =>
      (form.isIntersection() ? form.types : [form]).find(({ symbol }) => symbol?.name === "OutputInstance"),
    );
    const [first] = instances;
    if (first === undefined || instances.includes(undefined)) return undefined;
    return this.interfaces.checker.getTypeArguments(first as ts.TypeReference)[0];
  }

  private typeSpec(given: ts.Type): Json {
    const { checker } = this.interfaces;
    const output = this.outputOf(given);
    if (output !== undefined) return this.typeSpec(output);
    const parts = partsOf(given).filter((part) => !isAbsent(part) && !isLater(part));
    const literals = parts.filter((part) => part.isStringLiteral()).map(({ value }) => value);
    if (literals.length > 0) {
      const known = enums[literals.sort().join(" ")];
      return known === undefined ? { type: "string" } : refTo(known.name);
    }
    const specs = parts.map((part): Json => {
      const name = part.aliasSymbol?.name ?? part.symbol?.name ?? "";
      if (objects.includes(name)) return refTo(name);
      if (checker.isArrayLikeType(part))
        return { type: "array", items: this.typeSpec(part.getNumberIndexType() ?? part) };
      const value = part.getStringIndexType();
      if (value !== undefined) return { type: "object", additionalProperties: this.typeSpec(value) };
      const plain = (["String", "Number", "Boolean"] as const).find(
        (kind) => part.flags & ts.TypeFlags[`${kind}Like`],
      );
      if (plain === undefined) throw new Error(`no type of the schema fits ${checker.typeToString(part)}`);
      return { type: plain.toLowerCase() };
    });
    const different = [...new Map(specs.map((spec) => [JSON.stringify(spec), spec])).values()];
    const [only = {}] = different;
    return different.length === 1 ? only : { oneOf: different };
  }
}

function isAbsent({ flags }: ts.Type): boolean {
  return (flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null)) !== 0;
}

/** The forms in which an `Input<T>` comes beside a plain `T`. */
function isLater({ symbol }: ts.Type): boolean {
  return symbol?.name === "Promise" || symbol?.name === "OutputInstance";
}

function partsOf(type: ts.Type): ts.Type[] {
  return type.isUnion() ? type.types : [type];
}

/** The documentation, in the words of no single language. */
function inWords({ meaning, limit, fallback, example, throws }: Documented): string {
  const said = example?.replace(/\busd\((\d+)\)/, (_, dollars: string) => String(usd(Number(dollars))));
  return [
    ...meaning.map((paragraph) => paragraph.replace(/^```ts\b/, "```typescript")),
    limit && `Limit: ${limit}`,
    fallback && `Default: ${fallback}`,
    // What a program alone can say fits one language.
    said && !said.includes("config.") && `Example: \`${said}\``,
    throws && `Fails ${throws}.`,
  ]
    .filter((paragraph) => paragraph)
    .join("\n\n");
}

export const refTo = (name: string) => ({ $ref: `#/types/cometapi:index:${name}` });
