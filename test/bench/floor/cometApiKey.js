// What no provider can beat: nothing to do, and next to nothing in state but the properties themselves.
const pulumi = require("@pulumi/pulumi");

exports.CometApiKey = class extends pulumi.CustomResource {
  constructor(name, args) {
    const outputs = {
      key: undefined,
      status: undefined,
      unlimitedQuota: undefined,
      modelLimitsEnabled: undefined,
      group: undefined,
      crossGroupRetry: undefined,
      userId: undefined,
      createdTime: undefined,
      accessedTime: undefined,
      usedQuota: undefined,
      availableQuota: undefined,
    };
    super(
      "pulumi-nodejs:dynamic/cometapi:CometApiKey",
      name,
      { ...outputs, ...args, __provider: 'exports.handler=()=>require("noop")' },
      { additionalSecretOutputs: ["key"] },
    );
  }
};
