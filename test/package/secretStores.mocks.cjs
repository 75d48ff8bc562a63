// Runs a program with the engine mocked, and prints what it registers. A secret is printed as { secret: value }.
const { join } = require("node:path");
const pulumi = require("@pulumi/pulumi");

const registered = [];
const shown = (_name, value) =>
  pulumi.runtime.isRpcSecret(value) ? { secret: pulumi.runtime.unwrapRpcSecret(value) } : value;

(async () => {
  const mocks = {
    newResource: async ({ type, name, inputs }) => {
      // The text of an asset is a promise.
      for (const value of Object.values(inputs).map((input) => pulumi.runtime.unwrapRpcSecret(input)))
        if (pulumi.asset.Asset.isInstance(value)) value.text = await value.text;
      registered.push({ type, inputs });
      const created = type.endsWith(":CometApiKey") ? { key: pulumi.secret("sk-mocked") } : {};
      return { id: `${name}-id`, state: { ...inputs, ...created } };
    },
    call: () => ({}),
  };
  await pulumi.runtime.setMocks(mocks, "project", "dev", false, "acme");
  require(join(process.argv[2], "index.js"));
  await pulumi.runtime.disconnect();
  process.stdout.write(JSON.stringify(registered, shown));
})();
