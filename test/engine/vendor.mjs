// The vendor's own install, in a child process of setup.mjs so that it can be given up on:
//   node vendor.mjs reach                    is the vendor's site there?
//   node vendor.mjs install <version> <dir>  through the Automation API

import { createRequire } from "node:module";

const [task, version, root] = process.argv.slice(2);
const { https_proxy, HTTPS_PROXY } = process.env;

try {
  if (https_proxy || HTTPS_PROXY) {
    // Node's own fetch, which the Automation API downloads with, knows no proxy before Node 24.
    const { EnvHttpProxyAgent, setGlobalDispatcher } = await import("undici");
    setGlobalDispatcher(new EnvHttpProxyAgent());
  }
  if (task === "reach") await reach("https://get.pulumi.com/install.sh");
  else await install();
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

async function reach(url) {
  const failed = (why) => new Error(`${new URL(url).host} cannot be reached: ${why}`);
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch((error) => {
    throw failed(
      error.name === "TimeoutError" ? "no answer within 5 s" : (error.cause?.message ?? error.message),
    );
  });
  // A network's sign-in page answers too, and the install would run it as a script.
  if (!response.ok || !(await response.text()).startsWith("#!"))
    throw failed(`it answers ${response.status}`);
}

async function install() {
  const { PulumiCommand } = await import("@pulumi/pulumi/automation/index.js");
  const { SemVer } = createRequire(import.meta.resolve("@pulumi/pulumi"))("semver");
  await PulumiCommand.install({ root, version: new SemVer(version) });
}
