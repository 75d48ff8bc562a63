import * as pulumi from "@pulumi/pulumi";
import { runError } from "./runError";

type Lookups = typeof import("../provider/lookups.js");
type Host = Parameters<Lookups["models"]>[0];

/**
 * Loads the HTTP client with the first lookup: a program without lookups loads none of it. The only import of provider
 * code in the SDK.
 */
export async function withLookups<T>(look: (lookups: Lookups, host: Host) => Promise<T>): Promise<T> {
  const lookups = await import("../provider/lookups.js");
  try {
    return await look(lookups, {
      config: lookups.readConfig({
        // Unlike `Config.get`, this does not warn of a secret that is read as a string.
        config: (key) => pulumi.runtime.getConfig(key),
        environment: process.env,
      }),
      clock: lookups.systemClock,
      info: (line) => void pulumi.log.info(line),
    });
  } catch (error) {
    throw error instanceof lookups.OperationError ? runError(error.message) : error;
  }
}
