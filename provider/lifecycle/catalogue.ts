import type { CometApi } from "../api/client";
import { ProviderError } from "../errors";
import { closest } from "../key/didYouMean";
import type { KeyInputs } from "../key/types";
import { isUnknown } from "../key/unknown";

/** The time that reading the catalogue may take in all. A preview does not wait long for an optional check. */
export const catalogueBudgetMs = 5_000;

/** More suggestions than this are of no help. */
const suggestions = 3;
const either = new Intl.ListFormat("en", { type: "disjunction" });

/** The model ids that an account may use, as of when they were read. */
export class Catalogue {
  private readonly ids: Set<string>;

  private constructor(
    ids: string[],
    private readonly quote: (text: string) => string,
  ) {
    this.ids = new Set(ids);
  }

  /** @throws {ProviderError} when it is empty: then the catalogue is wrong, and not every declared id */
  static async read(api: CometApi): Promise<Catalogue> {
    const ids = await api.models();
    if (ids.length === 0) throw new ProviderError("the catalogue is empty");
    return new Catalogue(ids, (text) => api.redact(text));
  }

  /** Why a model cannot be used; undefined if the catalogue has it. */
  refuse(model: string): string | undefined {
    if (this.ids.has(model)) return undefined;
    const missing = `modelLimits names ${this.quote(JSON.stringify(model))}, which is not in CometAPI's model catalogue`;
    const meant: string[] = [];
    for (const id of closest(model, [...this.ids])) {
      if (meant.length === suggestions) break;
      // The catalogue is somebody else's text: an id that cannot be shown as it is was not meant.
      if (this.quote(id) === id) meant.push(JSON.stringify(id));
    }
    return meant.length > 0
      ? `${missing}; did you mean ${either.format(meant)}?`
      : `${missing}. \`getCometApiModels()\` returns all model ids.`;
  }
}

/**
 * The declared models to look up: those that were not declared in that account before. A model that leaves the catalogue
 * must not fail every preview of an unchanged stack.
 */
export function newModels({ modelLimits = [], account }: KeyInputs, old: Partial<KeyInputs>): string[] {
  if (isUnknown(modelLimits) || isUnknown(account)) return [];
  const before = old.account === account ? (old.modelLimits ?? []) : [];
  return modelLimits.filter((model) => !isUnknown(model) && !before.includes(model));
}
