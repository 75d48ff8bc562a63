import { Secret, SecretVersion } from "@pulumi/aws/secretsmanager";
import * as pulumi from "@pulumi/pulumi";
import { CometApiKey, usd } from "pulumi-cometapi";

const { key } = new CometApiKey("backend", { remainQuota: usd(20), modelLimits: ["gpt-5"] });

const secret = new Secret("cometapi");

new SecretVersion("cometapi", {
  secretId: secret.id,
  secretString: pulumi.jsonStringify({
    COMETAPI_KEY: key,
    COMETAPI_BASE_URL: "https://api.cometapi.com/v1",
  }),
});

/** In an ECS task: `valueFrom` is this with `:COMETAPI_KEY::` or `:COMETAPI_BASE_URL::` appended. */
export const secretArn = secret.arn;
