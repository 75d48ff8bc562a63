import { Item } from "@1password/pulumi-onepassword";
import * as pulumi from "@pulumi/pulumi";
import { CometApiKey, usd } from "pulumi-cometapi";

const { key } = new CometApiKey("backend", { remainQuota: usd(20), modelLimits: ["gpt-5"] });

new Item(
  "cometapi",
  {
    vault: new pulumi.Config().require("vault"),
    title: "CometAPI backend",
    category: "login",
    sections: [
      {
        label: "environment",
        fields: [
          { label: "COMETAPI_KEY", type: "CONCEALED", value: key },
          { label: "COMETAPI_BASE_URL", type: "STRING", value: "https://api.cometapi.com/v1" },
        ],
      },
    ],
  },
  // The provider marks no field of a section by itself.
  { additionalSecretOutputs: ["sections"] },
);
