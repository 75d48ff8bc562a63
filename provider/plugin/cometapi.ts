import { systemClock } from "../api/clock";
import { readConfig } from "../config/config";
import { configuredNames, type SettingNames } from "../config/names";
import { didYouMean } from "../key/didYouMean";
import { isUnknown } from "../key/unknown";
import { KeyLifecycle } from "../lifecycle/lifecycle";
import { lookupFunctions } from "./functions";
import { keyResource } from "./keys";
import type { Failure, Plugin, Properties, ProviderName } from "./protocol";
import { rotationResource } from "./rotation";

const ownerSettings = ["accessToken", "baseUrl", "userId", "accounts", "account"];
const settingNames = [...ownerSettings, "checkModels"];

/** The provider `cometapi`. */
export function cometapi({ version, schema }: Pick<Plugin, "version" | "schema">): Plugin {
  return {
    version,
    schema,
    secretSettings: ["accessToken", "accounts"],
    ownerSettings,

    // Each key says what is wrong with the settings that it uses: those of other accounts may be none of its business.
    checkSettings: (settings, provider) => ({
      inputs: settings,
      failures: provider === undefined ? [] : unknownSettings(settings),
    }),

    async construct(request, host) {
      const { construct } = await import("./construct.js");
      return construct(request, host);
    },

    configure(settings, provider, { info, warn, cancelled }) {
      const config = readConfig({
        config: (key) => settingOf(settings, key.replace(/^cometapi:/, "")),
        environment: process.env,
        names: namesOf(provider),
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

/** In the stack's configuration anything may stand under `cometapi:`; an argument of a provider is a mistake. */
function unknownSettings(settings: Properties): Failure[] {
  return Object.keys(settings)
    .filter((name) => !settingNames.includes(name) && !/^(__|version$|pluginDownloadURL$)/.test(name))
    .map((name) => {
      const meant = didYouMean(name, settingNames);
      const known = `The settings are ${settingNames.join(", ")}`;
      const remedy = meant === undefined ? `. ${known}.` : `; did you mean ${meant}?`;
      return { property: "", reason: `${name} is not a setting of the provider${remedy}` };
    });
}

/** What errors call the settings of the default provider, or of one that a program has created. */
function namesOf(provider: ProviderName): SettingNames {
  const adviceOnId =
    "Correct the id, or the provider or account that the import or the lookup names, or remove that";
  if (provider === undefined) return { ...configuredNames, adviceOnId };
  return {
    nameOf: (path) => `${path} of the provider "${provider}"`,
    howToGive: (path) => `give it to that provider as ${path}`,
    defaultAccount: `the account of the provider "${provider}"`,
    adviceOnId,
  };
}

/** As the stack's configuration would have it: all of it is strings, and objects are JSON. */
function settingOf(settings: Properties, name: string): string | undefined {
  const value = settings[name];
  if (value === undefined || value === null || isUnknown(value)) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
