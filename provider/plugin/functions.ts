import type { Host } from "../config/createClient";
import type { Configured, Properties } from "./protocol/plugin";

type Lookups = typeof import("../lookups");

/** The lookups, as functions. What they return has to be an object, so an array is the one property of it. */
export function lookupFunctions(host: Host): Configured["functions"] {
  // The lookups judge their own arguments, as programs without types call them too.
  const lookup = (look: (lookups: Lookups, args: never) => Promise<object>) => async (args: Properties) =>
    // Loaded with the first lookup: most runs do none.
    look(await import("../lookups.js"), args as never);

  return {
    "cometapi:index:getCometApiKeyUsage": lookup(({ usage }, args) => usage(host, args)),
    "cometapi:index:getCometApiKeys": lookup(async ({ keys }, args) => ({ keys: await keys(host, args) })),
    "cometapi:index:getCometApiModels": lookup(async ({ models }, args) => ({
      models: await models(host, args),
    })),
    "cometapi:index:getCometApiAccount": lookup(({ account }, args) => account(host, args)),
    "cometapi:index:getCometApiKeySpend": lookup(({ keySpend }, args) => keySpend(host, args)),
  };
}
