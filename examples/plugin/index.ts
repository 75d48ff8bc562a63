import * as pulumi from "@pulumi/pulumi";
import { CometApiKey, getCometApiAccountOutput, Provider, usd } from "pulumi-cometapi/plugin";

const config = new pulumi.Config();

// Without a provider of its own, a key is in the account of the stack's configuration.
const backend = new CometApiKey("backend", { remainQuota: usd(25), modelLimits: ["gpt-5"] });
export const backendKey = backend.key;

// `pulumi config set --secret billingToken`: what is secret there is encrypted in the provider too.
const billing = new Provider("billing", { accessToken: config.requireSecret("billingToken") });
const invoices = new CometApiKey("invoices", { remainQuota: usd(10) }, { provider: billing });
export const invoicesKey = invoices.key;

/** What the account of the invoices has left. */
export const billingUsd = getCometApiAccountOutput({}, { provider: billing }).availableUsd;
