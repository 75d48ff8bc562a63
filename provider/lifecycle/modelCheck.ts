import type { Failure } from "../key/types";
import { Catalogue, catalogueBudgetMs, type Offer, soughtValues } from "./catalogue";
import type { Checked } from "./check";
import { OperationError } from "./explain";
import type { Operations } from "./operations";
import type { KeyCheck, KeyHost } from "./request";

/** `cometapi:checkModels`: compares models and groups that are new to a resource with what its account may use. */
export class ModelCheck {
  /** Catalogues by kind and account; undefined if one could not be read. */
  private readonly catalogues = new Map<Offer, Map<string | undefined, Promise<Catalogue | undefined>>>();
  /** The engine checks a replaced resource twice: as a change, and as a new one. */
  private readonly warned = new Set<string>();

  constructor(
    private readonly operations: Operations,
    private readonly host: KeyHost,
  ) {}

  async check({ old, urn }: KeyCheck, { inputs, failures }: Checked): Promise<Failure[]> {
    const { checkModels: mode } = this.host.config;
    // Without an account there is no catalogue to read.
    if (mode === "off" || failures.some(({ property }) => ["account", ""].includes(property))) return [];
    const found: Failure[] = [];
    for (const { property, offer, values } of soughtValues(inputs, old)) {
      const catalogue = await this.catalogueOf(offer, inputs.account);
      const reasons = values.map((value) => catalogue?.refuse(property, value));
      found.push(...reasons.filter((reason) => reason !== undefined).map((reason) => ({ property, reason })));
    }
    if (mode === "error") return found;
    for (const { reason } of found) await this.warn(reason, urn);
    return [];
  }

  /** Read once a run, whatever the outcome. */
  private catalogueOf(offer: Offer, account: string | undefined): Promise<Catalogue | undefined> {
    const ofKind =
      this.catalogues.get(offer) ?? new Map<string | undefined, Promise<Catalogue | undefined>>();
    this.catalogues.set(offer, ofKind);
    const known = ofKind.get(account) ?? this.readCatalogue(offer, account);
    ofKind.set(account, known);
    return known;
  }

  private async readCatalogue(offer: Offer, account: string | undefined): Promise<Catalogue | undefined> {
    const where = account === undefined ? {} : { account };
    const read = (api: Parameters<typeof Catalogue.read>[1]) => Catalogue.read(offer, api);
    try {
      return await this.operations.run(offer.doing, where, read, {
        budgetMs: catalogueBudgetMs,
        wantsSecret: false,
      });
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      await this.warn(
        `${this.host.config.checkModelsLabel} checks no ${offer.what} in this run: ${error.message}`,
      );
      return undefined;
    }
  }

  private async warn(line: string, urn?: string): Promise<void> {
    const whole = `${urn} ${line}`;
    if (this.warned.has(whole)) return;
    this.warned.add(whole);
    await this.host.warn(line, urn);
  }
}
