/** Every text that the provider can say, read off its code, so that no list of them can go stale. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { repo } from "./markdown";

/** What a text holds in the place of a value. */
export const gap = "…";

/** Each text in one piece, with gaps. A text of two words or more is for a person: code has no such names. */
export function textsOf(folder: string): string[] {
  const files = readdirSync(join(repo, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(repo, folder, file));
  const found = new Set<string>();
  for (const file of files) {
    const visit = (node: ts.Node): void => {
      const text = ts.isExpression(node) ? spelled(node) : undefined;
      if (text === undefined) ts.forEachChild(node, visit);
      else {
        if (/[a-z]{2}\S* .*[a-z]{2}/i.test(text)) found.add(text);
        for (const part of gaps(node)) visit(part);
      }
    };
    visit(ts.createSourceFile(file, ts.sys.readFile(file) ?? "", ts.ScriptTarget.Latest));
  }
  return [...found];
}

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

/** The values between the words: they may hold texts of their own. */
function gaps(node: ts.Node): ts.Expression[] {
  if (ts.isTemplateExpression(node)) return node.templateSpans.map(({ expression }) => expression);
  return ts.isBinaryExpression(node) ? [...gaps(node.left), ...gaps(node.right)] : [];
}
