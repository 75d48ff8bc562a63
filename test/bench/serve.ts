import { setTimeout as wait } from "node:timers/promises";
import { startServer } from "../server/index";

/** What was asked of the server since it was last taken. */
export interface Count {
  /** Requests by method. */
  requests: Record<string, number>;
  /** The most that were in work at one time. */
  atOnce: number;
  /** Keys that are there now. */
  living: number;
}

/** Where it is, told once. */
export interface Address {
  url: string;
  token: string;
}

/** CometAPI in a process of its own, so that neither the bench nor the engine waits for it: `serve.ts <latency in ms>`. */
async function main(): Promise<void> {
  const latency = Number(process.argv[2]);
  const server = await startServer();
  let requests: Count["requests"] = {};
  let atOnce = 0;
  let inWork = 0;
  server.fault(
    {},
    async ({ request, response }) => {
      requests[request.method] = (requests[request.method] ?? 0) + 1;
      atOnce = Math.max(atOnce, ++inWork);
      response.once("close", () => inWork--);
      if (latency > 0) await wait(latency);
    },
    { times: Number.POSITIVE_INFINITY },
  );
  // The log of thousands of requests would be memory for nothing.
  server.onFinished(() => server.clearRequests());
  process.on("message", () => {
    const living = server.keys().filter(({ deletedAt }) => deletedAt === undefined).length;
    process.send?.({ requests, atOnce, living } satisfies Count);
    requests = {};
    atOnce = 0;
  });
  process.on("disconnect", () => process.exit());
  process.send?.({ url: server.url, token: server.account.token } satisfies Address);
}

void main();
