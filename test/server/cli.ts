import { once } from "node:events";
import { parseArgs } from "node:util";
import type { LoggedRequest } from "./faults";
import { cometApi, newApi, newApi2025December, newApi2025June, newApi2026March } from "./personalities";
import { startServer } from "./server";

const defaultPort = 8787;
const personalities = new Map([
  ["cometapi", cometApi],
  ["new-api", newApi],
  ["new-api-2026-03", newApi2026March],
  ["new-api-2025-12", newApi2025December],
  ["new-api-2025-06", newApi2025June],
]);

const help = `Runs a local stand-in for CometAPI's key management and model endpoints.

Usage: npm run emulator -- [options]

  --port <number>        port on 127.0.0.1, 0 for any free one (default ${defaultPort})
  --personality <name>   cometapi (as documented, default), new-api (self-hosted New API of July 2026,
                         with masked keys and rate limits), or an older one of it: new-api-2026-03,
                         new-api-2025-12, new-api-2025-06
  --help                 show this text
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: String(defaultPort) },
      personality: { type: "string", default: "cometapi" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const personality = personalities.get(values.personality);
  if (!personality) {
    throw new Error(
      `unknown personality "${values.personality}": use ${[...personalities.keys()].join(", ")}`,
    );
  }
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65535) {
    throw new Error(`"${values.port}" is no port: use a number from 0 to 65535`);
  }

  const server = await startServer({ port: Number(values.port), personality });
  server.onFinished((request) => {
    process.stdout.write(`${line(request)}\n`);
    // Left to run for days, the log would grow for ever.
    server.clearRequests();
  });
  const { token, userId } = server.account;
  process.stdout.write(`CometAPI emulator (${values.personality}) listening on ${server.url}
Access token: ${token}

Point a stack at it with

  export COMETAPI_BASE_URL=${server.url}
  export COMETAPI_ACCESS_TOKEN=${token}
${personality.requireUserHeader ? `  export COMETAPI_USER_ID=${userId}\n` : ""}
Ctrl-C stops it; its keys are then gone.
`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await server.close();
}

/** One line of the log. Anything as long as a token or a key is left out, should one be in the path. */
function line({ at, method, path, answer }: LoggedRequest): string {
  const time = new Date(at).toISOString().slice(11, 19);
  const refused = (answer?.body as { success?: boolean } | undefined)?.success === false ? " refused" : "";
  return `${time} ${method} ${path.replace(/[A-Za-z0-9]{32,}/g, "***")} ${answer?.status ?? "unanswered"}${refused}`;
}

main().catch((error: NodeJS.ErrnoException & { port?: number }) => {
  const text =
    error.code === "EADDRINUSE" ? `port ${error.port} is taken: choose another with --port` : error.message;
  process.stderr.write(`emulator: ${text}\n`);
  process.exitCode = 1;
});
