import * as pulumi from "@pulumi/pulumi";
import {
  CometApiKey,
  getCometApiKeysOutput,
  getCometApiKeyUsageOutput,
  getCometApiModelsOutput,
  toUsd,
  usd,
} from "pulumi-cometapi";

// Every model of one family, by the catalogue of today.
const models = getCometApiModelsOutput().apply((all) => all.map(({ id }) => id));

const key = new CometApiKey("backend", {
  remainQuota: usd(20),
  modelLimits: models.apply((ids) => ids.filter((id) => id.startsWith("gpt-5"))),
});
export const apiKey = key.key;

// What is left now, in dollars. The key makes it a secret, which it need not be.
const { availableQuota } = getCometApiKeyUsageOutput({ key: key.key });
export const left = pulumi.unsecret(availableQuota).apply((units) => toUsd(units));

/** Keys that have run out, made by whomever. */
export const exhausted = getCometApiKeysOutput({ status: "exhausted" }).apply((keys) =>
  keys.map(({ name, id }) => `${name} (${id})`),
);
