import type { Failure } from "../key/types";
import { Catalogue, catalogueBudgetMs, newModels } from "./catalogue";
import type { Checked } from "./check";
import { OperationError } from "./explain";
import type { Operations } from "./operations";
import type { KeyCheck, KeyHost } from "./request";

/** `cometapi:checkModels`: compares models that are new to a resource with the catalogue of its account. */
export class ModelCheck {
  /** Model catalogue by account; undefined if it could not be read. */
  private readonly catalogues = new Map<string | undefined, Promise<Catalogue | undefined>>();
  /** The engine checks a replaced resource twice: as a change, and as a new one. */
  private readonly warned = new Set<string>();

  constructor(
    private readonly operations: Operations,
    private readonly host: KeyHost,
  ) {}

  async check({ old, urn }: KeyCheck, { inputs, failures }: Checked): Promise<Failure[]> {
    const { checkModels: mode } = this.host.config;
    const models = mode === "off" ? [] : newModels(inputs, old);
    // Without an account there is no catalogue to read.
    if (models.length === 0 || failures.some(({ property }) => ["account", ""].includes(property))) return [];
    const catalogue = await this.catalogueOf(inputs.account);
    const reasons = models.map((model) => catalogue?.refuse(model)).filter((reason) => reason !== undefined);
    if (mode === "error") return reasons.map((reason) => ({ property: "modelLimits", reason }));
    for (const reason of reasons) await this.warn(reason, urn);
    return [];
  }

  /** Read once a run, whatever the outcome. */
  private catalogueOf(account: string | undefined): Promise<Catalogue | undefined> {
    const known = this.catalogues.get(account) ?? this.readCatalogue(account);
    this.catalogues.set(account, known);
    return known;
  }

  private async readCatalogue(account: string | undefined): Promise<Catalogue | undefined> {
    const where = account === undefined ? {} : { account };
    const { operations } = this;
    try {
      return await operations.run("reading the model catalogue", where, Catalogue.read, {
        budgetMs: catalogueBudgetMs,
        wantsSecret: false,
      });
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      await this.warn(`cometapi:checkModels checks nothing in this run: ${error.message}`);
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
