/** Reads off the code what it can say, so that docs/troubleshooting.md can be held to it. */

import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { repo } from "./markdown";

/** Stands in a message for a value. */
const gap = "…";

export interface Message {
  /** In one piece, `…` for each value. */
  text: string;
  /** For the person who has to find it: `provider/live/quota.ts:95`. */
  where: string;
}

export interface Messages {
  /** Every string of the code. */
  said: Message[];
  /** Those of them that have to be on the page: what an operation or a program can end with, and what then to do. */
  required: Message[];
}

export function messagesOf(...folders: string[]): Messages {
  const files = folders.flatMap((folder) =>
    readdirSync(join(repo, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(repo, folder, file)),
  );
  const found: Messages = { said: [], required: [] };
  for (const file of files) {
    const source = ts.createSourceFile(file, ts.sys.readFile(file) ?? "", ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node, within: boolean): void => {
      const inError = within || endsAnOperation(node);
      const text = ts.isExpression(node) ? spelled(node) : undefined;
      if (text === undefined) {
        ts.forEachChild(node, (child) => visit(child, inError));
        return;
      }
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      const message = { text, where: `${relative(repo, file).replaceAll("\\", "/")}:${line}` };
      found.said.push(message);
      const names = words(text);
      if ((inError && names > 1) || (saysWhatToDo(text) && names > 4)) found.required.push(message);
      // A value may hold a string of its own, such as one of two ends of a sentence.
      for (const part of values(node)) visit(part, false);
    };
    visit(source, false);
  }
  return found;
}

/** The arguments of an error's constructor, or of `runError`, and the table of remedies. Names alone do not matter. */
function endsAnOperation(node: ts.Node): boolean {
  if (ts.isNewExpression(node)) return /Error$/.test(node.expression.getText());
  if (ts.isCallExpression(node)) {
    const called = node.expression;
    return called.kind === ts.SyntaxKind.SuperKeyword
      ? isErrorClass(node)
      : /^runError$/.test(called.getText());
  }
  const isNamed =
    ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node) || ts.isFunctionDeclaration(node);
  return isNamed && /^(remed|advice|fallbackRemedy)/i.test(node.name?.getText() ?? "");
}

function isErrorClass(node: ts.Node): boolean {
  for (let outer = node.parent; outer !== undefined; outer = outer.parent)
    if (ts.isClassDeclaration(outer))
      return /Error$/.test(outer.heritageClauses?.[0]?.types[0]?.getText() ?? "");
  return false;
}

/** Two sentences: what is wrong, and then what to do about it. */
function saysWhatToDo(text: string): boolean {
  return /\w[^\s…]*[.:] [A-Z][a-z]+ /.test(text);
}

function words(text: string): number {
  return text.match(/[a-z]{2,}/gi)?.length ?? 0;
}

/** A string with `…` in place of values; undefined for anything that is none. */
function spelled(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => gap + literal.text).join("");
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [spelled(node.left), spelled(node.right)];
    if (left !== undefined && right !== undefined) return left + right;
  }
  return undefined;
}

function values(node: ts.Node): ts.Expression[] {
  if (ts.isTemplateExpression(node)) return node.templateSpans.map(({ expression }) => expression);
  return ts.isBinaryExpression(node) ? [...values(node.left), ...values(node.right)] : [];
}

/** Whether one of the messages that a page shows is, or holds, this one. A page may name a value. */
export function isShown({ text }: Message, shown: string[]): boolean {
  const pattern = new RegExp(text.split(gap).map(trimmed).map(escaped).join("[^]*?"));
  return shown.some((message) => pattern.test(message));
}

/** The parts of a message on a page, between one `…` and the next, that no string of the code holds. */
export function unknownParts(shown: string, { said }: Messages): string[] {
  return shown
    .split(gap)
    .map(trimmed)
    .filter(
      (part) =>
        words(part) > 0 && !said.some(({ text }) => text.split(gap).some((known) => known.includes(part))),
    );
}

/** Without what may as well belong to the neighbour: a page puts `…` where two strings of the code meet. */
function trimmed(part: string): string {
  return part.replace(/^[\s.;:,)]+|[\s.;:,(]+$/g, "");
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
