import type { CometApi } from "../api/client";
import { ProviderError } from "../errors";
import { closest } from "../key/didYouMean";
import type { KeyInputs } from "../key/types";
import { isUnknown } from "../key/unknown";

/** How long reading the catalogue may take in all. A preview is not kept waiting for a check it can do without. */
export const catalogueBudgetMs = 5_000;

/** A model id that can be typed after a suggestion; no more than so many are of help. */
const suggestions = 3;
const either = new Intl.ListFormat("en", { type: "disjunction" });

/** The model ids of an account, as they were when they were read. */
export class Catalogue {
  private readonly ids: Set<string>;

  private constructor(
    ids: string[],
    private readonly quote: (text: string) => string,
  ) {
    this.ids = new Set(ids);
  }

  /** @throws {ProviderError} when it is empty: then it is the catalogue that is wrong, and not every id that is declared */
  static async read(api: CometApi): Promise<Catalogue> {
    const ids = await api.models();
    if (ids.length === 0) throw new ProviderError("the catalogue is empty");
    return new Catalogue(ids, (text) => api.redact(text));
  }

  /** Why a model cannot be used; nothing when the catalogue has it. */
  refuse(model: string): string | undefined {
    if (this.ids.has(model)) return undefined;
    const missing = `modelLimits names ${this.quote(JSON.stringify(model))}, which is not in CometAPI's model catalogue`;
    const meant: string[] = [];
    for (const id of closest(model, [...this.ids])) {
      if (meant.length === suggestions) break;
      // A stranger's text: one that cannot be shown as it is cannot be what was meant.
      if (this.quote(id) === id) meant.push(JSON.stringify(id));
    }
    return meant.length > 0
      ? `${missing}; did you mean ${either.format(meant)}?`
      : `${missing}. \`getCometApiModels()\` returns all that are.`;
  }
}

/**
 * The declared models to look up: those that were not declared in that account before. A model that leaves the
 * catalogue must not fail every preview of a stack that nobody has changed.
 */
export function newModels({ modelLimits = [], account }: KeyInputs, old: Partial<KeyInputs>): string[] {
  if (isUnknown(modelLimits) || isUnknown(account)) return [];
  const before = old.account === account ? (old.modelLimits ?? []) : [];
  return modelLimits.filter((model) => !isUnknown(model) && !before.includes(model));
}
