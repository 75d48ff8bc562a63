import * as pulumi from "@pulumi/pulumi";
import { runError } from "./runError";

type Lookups = typeof import("../provider/lookups.js");
type Host = Parameters<Lookups["models"]>[0];

/**
 * The one door from a program to what speaks HTTP, opened by the first look-up: a program without any loads nothing
 * of it. Import nothing from there but in this way.
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
