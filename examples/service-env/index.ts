import * as pulumi from "@pulumi/pulumi";
import { CometApiKey, usd } from "pulumi-cometapi";
import { Job } from "./job";

const services = ["billing", "search", "support"];

const { COMETAPI_BASE_URL = "https://api.cometapi.com" } = process.env;
const baseUrl = new pulumi.Config("cometapi").get("baseUrl") ?? COMETAPI_BASE_URL;

/** What each service's model request was answered. */
export const answers: Record<string, pulumi.Output<string>> = {};

for (const service of services) {
  const { key } = new CometApiKey(service, { remainQuota: usd(10), modelLimits: ["gpt-5-mini"] });

  // Stands for whatever runs your service: a container, a function, a deployment. All of them take an environment.
  const job = new Job(`${service}-job`, {
    command: ["node", "service.mjs", service],
    environment: { COMETAPI_KEY: key, COMETAPI_BASE_URL: baseUrl },
  });
  answers[service] = job.output;
}
