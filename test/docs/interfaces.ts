/** Reads the interfaces of sdk/ with the TypeScript compiler, for all that is written from them. */

import { join } from "node:path";
import ts from "typescript";
import { repo } from "./markdown";

/** What the documentation of a property or function says. */
export interface Documented {
  /** Paragraphs about what it means. */
  meaning: string[];
  limit?: string | undefined;
  fallback?: string | undefined;
  example?: string | undefined;
  /** When it fails. */
  throws?: string | undefined;
}

export interface Interfaces {
  checker: ts.TypeChecker;
  /** The type that `listed` exports under this name. */
  typeOf(name: string): ts.Type;
  /** The function or class of this name that a file of sdk/ exports. */
  exportOf(file: string, name: string): ts.Symbol;
  documentationOf(symbol: ts.Symbol): Documented;
}

/** @param listed a module at the root of the repo that exports the types to be read, by an alias each */
export function interfacesOf(listed: string): Interfaces {
  const { config } = ts.readConfigFile(join(repo, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, repo);
  Object.assign(options, { noEmit: true, incremental: false, tsBuildInfoFile: undefined });
  const file = join(repo, "listed.ts");
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.getSourceFile = (path, how, ...more) =>
    path === file ? ts.createSourceFile(path, listed, how) : getSourceFile(path, how, ...more);
  const program = ts.createProgram([file, join(repo, "sdk/index.ts")], options, host);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const wrong = program.getSemanticDiagnostics(source);
  if (source === undefined || wrong.length > 0)
    throw new Error(
      wrong.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " ")).join("; "),
    );

  const types = new Map(
    source.statements
      .filter(ts.isTypeAliasDeclaration)
      .map((alias) => [alias.name.text, checker.getTypeAtLocation(alias)]),
  );
  const exported = (path: string, name: string) => {
    const module = program.getSourceFile(join(repo, path));
    const exports =
      module && checker.getExportsOfModule(checker.getSymbolAtLocation(module) ?? missing(path));
    return exports?.find((symbol) => symbol.name === name);
  };
  return {
    checker,
    typeOf: (name) => types.get(name) ?? missing(name),
    exportOf: (path, name) => exported(path, name) ?? missing(name),
    documentationOf: (symbol) => documentationOf(symbol, checker),
  };
}

function documentationOf(symbol: ts.Symbol, checker: ts.TypeChecker): Documented {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const paragraphs = text
    .replace(/\{@link (?:\w+\.)?(\w+) ?\}/g, "`$1`")
    .split(/\n\s*\n/)
    // The lookups say their default in the same paragraph.
    .flatMap((paragraph) => paragraph.split(/ (?=Default: )/))
    .map((paragraph) =>
      paragraph.startsWith("```") ? paragraph : paragraph.replace(/\s*\n\s*/g, " ").trim(),
    );
  const named = (label: string) =>
    paragraphs.find((paragraph) => paragraph.startsWith(label))?.slice(label.length);
  const tag = (name: string) => {
    const found = symbol.getJsDocTags(checker).find((given) => given.name === name);
    return found && ts.displayPartsToString(found.text).replace(/\s*\n\s*/g, " ");
  };
  return {
    meaning: paragraphs.filter((paragraph) => !/^(Limit|Default): /.test(paragraph)),
    limit: named("Limit: "),
    fallback: named("Default: "),
    example: tag("example"),
    throws: tag("throws")?.replace(/^\{.*?\} /, ""),
  };
}

function missing(name: string): never {
  throw new Error(`there is no ${name}`);
}
