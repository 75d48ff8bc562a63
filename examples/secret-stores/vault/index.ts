import * as pulumi from "@pulumi/pulumi";
import { SecretV2 } from "@pulumi/vault/kv";
import { CometApiKey, usd } from "pulumi-cometapi";

const { key } = new CometApiKey("backend", { remainQuota: usd(20), modelLimits: ["gpt-5"] });

new SecretV2("cometapi", {
  mount: "secret",
  name: "backend/cometapi",
  dataJson: pulumi.jsonStringify({
    COMETAPI_KEY: key,
    COMETAPI_BASE_URL: "https://api.cometapi.com/v1",
  }),
});
