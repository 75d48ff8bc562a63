import { systemClock } from "../api/clock";
import { configuredNames, type SettingNames } from "../config/names";
import { didYouMean } from "../key/didYouMean";
import { KeyLifecycle } from "../lifecycle/lifecycle";
import { lookupFunctions } from "./functions";
import { keyResource } from "./keys";
import { configOf, knownOwner, ownerSettings, ownersOf } from "./owners";
import type { Failure, Plugin, PluginHost, Properties, ProviderName } from "./protocol/plugin";
import { rotationResource } from "./rotation";

const settingNames = [...ownerSettings, "checkModels"];

/** The provider `cometapi`. */
export function cometapi({ version, schema }: Pick<Plugin, "version" | "schema">): Plugin {
  return {
    version,
    schema,
    secretSettings: ["accessToken", "accounts"],
    ownerSettings,

    // Each key says what is wrong with the settings that it uses: those of other accounts may be none of its business.
    async checkSettings({ olds, news, provider }, host) {
      const { lifecycle } = lifecycleOf(news, provider, host);
      const owners = await ownersOf(olds, news, (account) => lifecycle.ownerOf(account));
      return {
        inputs: { ...news, ...owners },
        failures: provider === undefined ? [] : unknownSettings(news),
      };
    },

    async construct(request, host) {
      const { construct } = await import("./construct.js");
      return construct(request, host);
    },

    configure(settings, provider, host) {
      const { lifecycle, keyHost } = lifecycleOf(settings, provider, host);
      return {
        resources: {
          "cometapi:index:CometApiKey": keyResource(lifecycle, knownOwner(settings, keyHost.config)),
          "cometapi:index:Rotation": rotationResource,
        },
        functions: lookupFunctions(keyHost),
      };
    },
  };
}

function lifecycleOf(settings: Properties, provider: ProviderName, { info, warn, cancelled }: PluginHost) {
  const keyHost = {
    config: configOf(settings, namesOf(provider)),
    clock: systemClock,
    info,
    warn,
    cancelled,
  };
  return { lifecycle: new KeyLifecycle(keyHost), keyHost };
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
