import { CometApiKey, usd } from "pulumi-cometapi";

const key = new CometApiKey("shared", { remainQuota: usd(40) });

/** A secret here, and in every stack that reads it. */
export const apiKey = key.key;
