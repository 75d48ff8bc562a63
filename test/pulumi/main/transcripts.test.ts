import { beforeAll, describe, expect, test } from "vitest";
import type { CometServer } from "../../server/index";
import { host, keyType, keyTypes } from "../host";
import { failure, newStack, type Run, type StackOptions, startEmulator, type TestStack } from "../stack";

/**
 * What a person sees, word for word, in ../transcripts/, and on the plugin in ../transcripts/plugin/ where that differs in
 * more than the type of a key. After a change that was meant: run this file with `-u`, and read the difference as if it
 * were two in the morning.
 */

/** The plugin shows both values of a difference, and details which provider. */
const different = /^[14678] /;

let server: CometServer;
beforeAll(async () => {
  server = await startEmulator();
});

const program = (args: string) => `
  import { CometApiKey } from "pulumi-cometapi";
  const key = new CometApiKey("backend", ${args});
  export const apiKey = key.key;
`;

/** Without the rows that only say that work goes on, and with what differs from run to run in one spelling. */
function told({ output }: Run): string {
  return (
    output
      .replace(/^ .*\b\w+ing \(\d+s\).*\n|^ {4}pulumi:pulumi:Stack program-dev +(running *)?\n/gm, "")
      .replace(/\(\d+(\.\d+)?s\)|(?<=Duration: )\d+s/g, (time) => time.replace(/[\d.]+/, "0"))
      .replace(/(?<=\[?id=|\(id )\d+/g, "1001")
      .replace(/backend-[0-9a-f]{7}/g, "backend-0123456")
      // The provider that the engine creates, by the version of the package.
      .replace(/default_\d+_\d+_\d+::[0-9a-f-]{36}/g, "default::1001")
      .replace(/[ \t]+$/gm, "")
      .replace(/\n{2,}/g, "\n\n")
      .trim()
  );
}

async function expectTranscript(name: string, text: string): Promise<void> {
  for (const { key } of server.keys()) expect(text).not.toContain(key);
  expect(text).not.toContain(server.account.token);
  const differs = host === "plugin" && different.test(name);
  const shown = differs ? text : text.replaceAll(keyType, keyTypes.dynamic);
  const file = `../transcripts/${differs ? "plugin/" : ""}${name}.txt`;
  await expect(`${shown}\n`).toMatchFileSnapshot(file);
}

describe("the life of a key", () => {
  const declared = (args = "") => `{
    name: "backend",
    remainQuota: 100_000,
    modelLimits: ["gpt-5", "claude-opus-4-6"],
    allowIps: ["203.0.113.0/24", "2001:db8::/32"],
    expiredTime: "2099-06-30T00:00:00Z",${args}
  }`;
  let stack: TestStack;
  beforeAll(async () => {
    stack = await newStack({ program: program(declared()), server });
  });

  test("first preview", async () => {
    await expectTranscript("1 first preview", told(await stack.preview({ diff: true })));
  });

  test("up", async () => {
    await expectTranscript("2 up", told(await stack.up()));
  });

  test("up again, with nothing to do", async () => {
    await expectTranscript("3 up again", told(await stack.up()));
  });

  test("preview of an edit, and the up that does it", async () => {
    stack.edit("index.js", '"gpt-5", "claude-opus-4-6"', '"gpt-5-mini", "claude-opus-4-6"');
    stack.edit("index.js", "100_000", "200_000");
    await expectTranscript("4 preview of an edit", told(await stack.preview({ diff: true })));
    await expectTranscript("5 up with an edit", told(await stack.up()));
  });

  test("refresh after somebody changed the key elsewhere, the preview after that, and the repair", async () => {
    server.console.update(stack.keyId("backend"), {
      name: "mine now",
      status: 2,
      expired_time: -1,
      allow_ips: "",
    });
    server.console.spend(stack.keyId("backend"), 30);
    // Whether the engine also shows the stack's outputs, which a refresh leaves alone, depends on which event comes first.
    const refreshed = told(await stack.refresh()).replace(/^Outputs:\n( .+\n)+\n/m, "");
    await expectTranscript("6 refresh with drift", refreshed);
    await expectTranscript("7 preview after the drift", told(await stack.preview({ diff: true })));
    await expectTranscript("8 up after the drift", told(await stack.up()));
    await stack.refresh({ expectNoChanges: true });
  });

  test("destroy", async () => {
    await expectTranscript("9 destroy", told(await stack.destroy()));
  });
});

describe("mistakes", () => {
  const failing = async (operation: "preview" | "up", options: StackOptions) => {
    const stack = await newStack({ server, ...options });
    const { run } = await failure(stack[operation]());
    const [, diagnostics = ""] = told(run).split("Diagnostics:\n");
    // Without the engine's own "preview failed", which comes sooner or later.
    return (diagnostics.match(/^ *error: (?!\w+ failed$).+$/gm) ?? []).join("\n");
  };

  test("in the arguments of one key, all at once", async () => {
    const args = '{ remain_quota: "100_000", status: "Enabled", modelLimits: ["gpt-5,gpt-5-mini"] }';
    await expectTranscript("mistakes in arguments", await failing("preview", { program: program(args) }));
  });

  test("in the models, with cometapi:checkModels on", async () => {
    const args = '{ remainQuota: 100_000, modelLimits: ["gpt-55", "llama"] }';
    const config = { "cometapi:checkModels": { value: "error" } };
    const text = await failing("preview", { program: program(args), config });
    await expectTranscript("mistakes in models", text);
  });

  test("in the models, where they are warnings", async () => {
    const args = '{ remainQuota: 100_000, modelLimits: ["gpt-55", "llama"] }';
    const config = { "cometapi:checkModels": { value: "warn" } };
    const stack = await newStack({ server, program: program(args), config });
    // In what order the rows of the steps come is a matter of chance.
    const [, diagnostics = ""] = told(await stack.preview()).split("Diagnostics:\n");
    await expectTranscript("warnings of models", diagnostics);
  });

  test("in the settings, all at once", async () => {
    const env = {
      COMETAPI_ACCESS_TOKEN: "",
      COMETAPI_BASE_URL: "https://api.cometapi.com/api",
      COMETAPI_USER_ID: "me",
    };
    const text = await failing("preview", { program: program("{ remainQuota: 100_000 }"), env });
    await expectTranscript("mistakes in settings", text);
  });

  test("that only CometAPI can find", async () => {
    const text = await failing("up", { program: program('{ remainQuota: 100_000, group: "gold" }') });
    await expectTranscript("a mistake found by CometAPI", text);
  });
});
