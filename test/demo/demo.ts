import { parseArgs } from "node:util";
import { startServer } from "../server/index";
import { Account } from "./account";
import { Session } from "./session";
import { EndedEarly, Terminal } from "./terminal";

const help = `Shows a CometAPI key's life in a Pulumi stack: made, used, edited, repaired, deleted.

Usage: npm run demo [-- options]

  --live           against the real CometAPI, with your own access token; asks before it makes anything,
                   and removes what it made
  --model <id>     the model that is asked (default gpt-5-mini)
  --help           show this text

Without --live everything runs on this machine: no account, no credentials, nothing spent.
With it, the token comes from COMETAPI_ACCESS_TOKEN, or is asked for.
`;

async function main(terminal: Terminal): Promise<void> {
  const { values } = parseArgs({
    options: {
      live: { type: "boolean", default: false },
      model: { type: "string", default: "gpt-5-mini" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return terminal.write(help);
  if (!/^[^\s",\\]+$/.test(values.model)) throw new Error(`"${values.model}" is no model id`);

  if (!values.live) {
    const server = await startServer({ models: [values.model, another(values.model)], cost: 1_250 });
    try {
      terminal.title(
        "CometAPI keys in a Pulumi stack. Server and engine run on this machine; nothing is spent.",
      );
      await show(terminal, new Account(server.url, server.account.token), values.model);
    } finally {
      await server.close();
    }
    return;
  }

  const { COMETAPI_BASE_URL: baseUrl = "https://api.cometapi.com", COMETAPI_USER_ID: userId } = process.env;
  terminal.title(`CometAPI keys in a Pulumi stack, against ${baseUrl}.`);
  const token =
    process.env["COMETAPI_ACCESS_TOKEN"] ||
    (await terminal.ask("Your access token (CometAPI console, Personal Settings; not shown, not kept): ", {
      hidden: true,
    }));
  if (!token) throw new Error("without an access token there is nothing to show; set COMETAPI_ACCESS_TOKEN");
  const agreed = await terminal.ask(
    `This makes one API key, asks ${values.model} for one short answer, which your account pays, and deletes the key. Go on? [y/N] `,
  );
  if (!/^y(es)?$/i.test(agreed)) return terminal.write("Nothing was created.\n");
  await show(terminal, new Account(baseUrl, token, userId), values.model);
}

async function show(terminal: Terminal, account: Account, model: string): Promise<void> {
  const started = performance.now();
  const session = new Session(terminal, account);
  const { pulumi } = session;
  try {
    terminal.step("The program: one key, with what it may spend and on which models.");
    terminal.output(session.program(model));
    await session.start();

    terminal.step("What would be made? A preview asks CometAPI nothing.");
    await pulumi("preview");

    terminal.step("Make it. From now on the key is in the stack's state, encrypted.");
    await pulumi("up --yes --skip-preview");
    await pulumi("stack output");

    terminal.step("The key works: a model request, and then what CometAPI says of the key.");
    const key = await session.apiKey();
    terminal.request(`POST /v1/chat/completions   (${model}, with the key)`);
    terminal.output(await account.chat(key, model, terminal.interrupted));
    terminal.request("GET /api/usage/token/");
    terminal.output(await account.usage(key, terminal.interrupted));

    terminal.step("It has been used, and that is no change:");
    await pulumi("preview");

    terminal.step(`Edit a limit: in the program, modelLimits becomes ["${model}", "${another(model)}"].`);
    session.edit(`["${model}"]`, `["${model}", "${another(model)}"]`);
    await pulumi("preview");
    await pulumi("up --yes --skip-preview");

    terminal.step("What was used stays used: the update gave nothing back.");
    terminal.request("GET /api/usage/token/");
    terminal.output(await account.usage(key, terminal.interrupted));

    terminal.step("Somebody disables the key, behind the stack's back. A refresh finds out.");
    await account.disable(await session.keyId(), terminal.interrupted);
    await pulumi("refresh --yes --skip-preview --diff");

    terminal.step("The next up repairs it.");
    await pulumi("up --yes --skip-preview");

    terminal.step("And when it is not needed any more:");
    await session.destroy();
  } finally {
    await session.end();
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  terminal.title(`That was all, in ${seconds} s. Nothing of it is left: no key, no state, no process.`);
}

/** A second model for the edit. */
function another(model: string): string {
  return model === "gpt-5" ? "gpt-5-mini" : "gpt-5";
}

const terminal = new Terminal();
main(terminal)
  .catch((error: Error) => {
    // Whoever interrupted it knows.
    if (!(error instanceof EndedEarly)) terminal.complain(error.message);
  })
  .finally(() => terminal.close());
