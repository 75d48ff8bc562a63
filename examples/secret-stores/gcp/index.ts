import { Service } from "@pulumi/gcp/cloudrunv2";
import { Secret, SecretVersion } from "@pulumi/gcp/secretmanager";
import { CometApiKey, usd } from "pulumi-cometapi";

const { key } = new CometApiKey("backend", { remainQuota: usd(20), modelLimits: ["gpt-5"] });

const secret = new Secret("cometapi", { secretId: "cometapi-key", replication: { auto: {} } });
const { version } = new SecretVersion("cometapi", { secret: secret.id, secretData: key });

// Its service account needs the role roles/secretmanager.secretAccessor on the secret.
new Service("backend", {
  location: "europe-west1",
  template: {
    containers: [
      {
        image: "registry.example.com/backend:1.0",
        envs: [
          {
            name: "COMETAPI_KEY",
            valueSource: { secretKeyRef: { secret: secret.secretId, version } },
          },
          { name: "COMETAPI_BASE_URL", value: "https://api.cometapi.com/v1" },
        ],
      },
    ],
  },
});
