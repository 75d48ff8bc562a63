import { isDeepStrictEqual } from "node:util";
import { checkRotation, type RotationInputs } from "../rotation";
import { kindOf } from "./keyDiff";
import type { Properties, ResourceType } from "./protocol/plugin";

/** `cometapi:index:Rotation`, within a RotatingCometApiKey: what it remembers is checked, and then simply kept. */
export const rotationResource: ResourceType = {
  secret: [],

  // What moves here from the dynamic provider still holds properties of that host.
  check: async ({ urn, olds, news }) => checkRotation(urn, own(olds), own(news) as unknown as RotationInputs),

  async diff({ oldInputs, news }) {
    const olds = own(oldInputs);
    const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
    const properties = names
      .filter((name) => !isDeepStrictEqual(olds[name], news[name]))
      .map((name) => ({ name, kind: kindOf(name in olds, name in news), replaces: false }));
    return { changed: properties.length > 0, properties };
  },

  previewCreate: (inputs) => inputs,
  create: async (inputs) => ({ id: "rotation", properties: inputs }),
  read: async ({ id, olds }) => ({ id, properties: own(olds), inputs: own(olds) }),
  previewUpdate: ({ news }) => news,
  update: async ({ news }) => news,
  delete: async () => {},
};

function own(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !name.startsWith("__")));
}
