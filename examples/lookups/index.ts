import * as pulumi from "@pulumi/pulumi";
import {
  CometApiKey,
  getCometApiKeysOutput,
  getCometApiKeyUsageOutput,
  getCometApiModelsOutput,
} from "pulumi-cometapi";

// Every model of one family, by the catalogue of today.
const models = getCometApiModelsOutput().apply((all) => all.map(({ id }) => id));

const key = new CometApiKey("backend", {
  remainQuota: 100_000,
  modelLimits: models.apply((ids) => ids.filter((id) => id.startsWith("gpt-5"))),
});
export const apiKey = key.key;

/** What is left now. The key makes it a secret, which it need not be. */
export const left = pulumi.unsecret(getCometApiKeyUsageOutput({ key: key.key }).availableQuota);

/** Keys that have run out, made by whomever. */
export const exhausted = getCometApiKeysOutput({ status: "exhausted" }).apply((keys) =>
  keys.map(({ name, id }) => `${name} (${id})`),
);
