import * as pulumi from "@pulumi/pulumi";
import { Environment } from "@pulumi/pulumiservice";
import { CometApiKey, usd } from "pulumi-cometapi";

const { key } = new CometApiKey("backend", { remainQuota: usd(20), modelLimits: ["gpt-5"] });

new Environment("cometapi", {
  organization: pulumi.getOrganization(),
  project: "backend",
  name: "cometapi",
  // YAML, of which JSON is a part. `fn::secret` makes ESC encrypt the key.
  yaml: pulumi
    .jsonStringify({
      values: {
        environmentVariables: {
          COMETAPI_KEY: { "fn::secret": key },
          COMETAPI_BASE_URL: "https://api.cometapi.com/v1",
        },
      },
    })
    .apply((yaml) => new pulumi.asset.StringAsset(yaml)),
});
