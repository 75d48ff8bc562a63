import { CometApiKey } from "pulumi-cometapi";

const key = new CometApiKey("shared", { remainQuota: 200_000 });

/** A secret here, and in every stack that reads it. */
export const apiKey = key.key;
