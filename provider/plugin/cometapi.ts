import { systemClock } from "../api/clock";
import { readConfig } from "../config/config";
import { isUnknown } from "../key/unknown";
import { KeyLifecycle } from "../lifecycle/lifecycle";
import { lookupFunctions } from "./functions";
import { keyResource } from "./keys";
import type { Plugin, Properties } from "./protocol";
import { rotationResource } from "./rotation";

/** The provider `cometapi`. */
export function cometapi({ version, schema }: Pick<Plugin, "version" | "schema">): Plugin {
  return {
    version,
    schema,
    secretSettings: ["accessToken", "accounts"],

    // Each key says what is wrong with the settings that it uses: those of other accounts may be none of its business.
    checkSettings: (settings) => ({ inputs: settings, failures: [] }),

    configure(settings, _provider, { info, warn, cancelled }) {
      const config = readConfig({
        config: (key) => settingOf(settings, key.replace(/^cometapi:/, "")),
        environment: process.env,
      });
      const host = { config, clock: systemClock, info, warn, cancelled };
      return {
        resources: {
          "cometapi:index:CometApiKey": keyResource(new KeyLifecycle(host)),
          "cometapi:index:Rotation": rotationResource,
        },
        functions: lookupFunctions(host),
      };
    },
  };
}

/** As the stack's configuration would have it: all of it is strings, and objects are JSON. */
function settingOf(settings: Properties, name: string): string | undefined {
  const value = settings[name];
  if (value === undefined || value === null || isUnknown(value)) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
