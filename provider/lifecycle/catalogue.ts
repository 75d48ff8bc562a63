import type { CometApi } from "../api/client";
import { ProviderError } from "../errors";
import { closest } from "../key/didYouMean";
import type { KeyInputs } from "../key/types";
import { holdsUnknown, isUnknown } from "../key/unknown";

/** The time that reading a catalogue may take in all. A preview does not wait long for an optional check. */
export const catalogueBudgetMs = 5_000;

/** More suggestions than this are of no help. */
const suggestions = 3;
const either = new Intl.ListFormat("en", { type: "disjunction" });

/** What can be offered to an account: the values of one kind of property. */
export interface Offer {
  /** What is being done while it is read. */
  doing: string;
  /** What goes unchecked if it cannot be read. */
  what: string;
  read(api: CometApi): Promise<string[] | undefined>;
  /** Why a value cannot be used; `hint` says what to do if none is close. */
  missing(property: string, value: string): string;
  hint(ids: readonly string[]): string;
}

export const models: Offer = {
  doing: "reading the model catalogue",
  what: "models",
  read: async (api) => (await api.models())?.map(({ id }) => id),
  missing: (property, value) => `${property} names ${value}, which is not in CometAPI's model catalogue`,
  hint: () => "`getCometApiModels()` returns all model ids",
};

export const groups: Offer = {
  doing: "reading the account's groups",
  what: "groups",
  read: (api) => api.groups(),
  missing: (property, value) =>
    `${property} ${property === "group" ? "is" : "names"} ${value}, which is not a group of the account`,
  hint: (ids) => `Its groups are ${ids.map((id) => JSON.stringify(id)).join(", ")}`,
};

/** What an account may use of one kind, as of when it was read. */
export class Catalogue {
  private constructor(
    private readonly offer: Offer,
    private readonly ids: ReadonlySet<string>,
    private readonly quote: (text: string) => string,
  ) {}

  /** @throws {ProviderError} when it is empty: then the catalogue is wrong, and not every declared id */
  static async read(offer: Offer, api: CometApi): Promise<Catalogue> {
    const ids = await offer.read(api);
    if (ids === undefined)
      throw new ProviderError(`this server does not list the ${offer.what} of an account`);
    if (ids.length === 0) throw new ProviderError(`there are no ${offer.what} in the answer`);
    return new Catalogue(offer, new Set(ids), (text) => api.redact(text));
  }

  /** Why a value cannot be used; undefined if the catalogue has it. */
  refuse(property: string, value: string): string | undefined {
    if (this.ids.has(value)) return undefined;
    const missing = this.offer.missing(property, this.quote(JSON.stringify(value)));
    // The catalogue is somebody else's text: an id that cannot be shown as it is was not meant.
    const shown = (ids: Iterable<string>) => [...ids].filter((id) => this.quote(id) === id);
    const meant = shown(closest(value, [...this.ids])).slice(0, suggestions);
    return meant.length > 0
      ? `${missing}; did you mean ${either.format(meant.map((id) => JSON.stringify(id)))}?`
      : `${missing}. ${this.offer.hint(shown(this.ids))}.`;
  }
}

/** Values of a property that are to be looked up. */
export interface Sought {
  property: "modelLimits" | "group" | "autoGroups";
  offer: Offer;
  values: string[];
}

/**
 * The declared values to look up: those that were not declared in that account before. A model that leaves the catalogue
 * must not fail every preview of an unchanged stack.
 */
export function soughtValues(inputs: KeyInputs, old: Partial<KeyInputs>): Sought[] {
  if (isUnknown(inputs.account)) return [];
  const before = old.account === inputs.account ? old : {};
  const fresh = (values: string[] = [], known: string[] = []) =>
    isUnknown(values)
      ? []
      : values.filter((value) => !holdsUnknown(value) && value !== "" && !known.includes(value));
  const sought: Sought[] = [
    { property: "modelLimits", offer: models, values: fresh(inputs.modelLimits, before.modelLimits) },
    {
      property: "group",
      offer: groups,
      values: fresh([inputs.group ?? ""], [before.group ?? ""]),
    },
    { property: "autoGroups", offer: groups, values: fresh(inputs.autoGroups, before.autoGroups) },
  ];
  return sought.filter(({ values }) => values.length > 0);
}
