import { expect } from "vitest";
import type { CometServer } from "../server";

const fragment = 8;

/** The token of every account and every key there ever was. */
export function secretsOf(server: CometServer): string[] {
  return [...server.accounts.map(({ token }) => token), ...server.keys().map(({ key }) => key)];
}

/** How many texts were searched, over a whole file of tests. */
export const searched = { texts: 0, secrets: 0 };

/** Fails if a text holds any 8 characters in a row of any secret. */
export function expectNoLeak(texts: readonly string[], secrets: readonly string[]): void {
  const parts = new Set<string>();
  for (const secret of secrets) {
    for (let i = 0; i + fragment <= secret.length; i++) parts.add(secret.slice(i, i + fragment));
  }
  searched.texts += texts.length;
  searched.secrets += secrets.length;
  for (const text of texts) {
    for (let i = 0; i + fragment <= text.length; i++) {
      if (parts.has(text.slice(i, i + fragment)))
        expect.fail(`leaked "${text.slice(i, i + fragment)}" in: ${text}`);
    }
  }
}
