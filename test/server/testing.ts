import { afterEach, expect } from "vitest";
import { type CometServer, type KeyView, type ServerOptions, startServer } from "./index";

const started: CometServer[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});

/** 2026-01-01, standing still, so that seconds can be compared. */
export const newYear = 1_767_225_600_000;

export async function start(options: ServerOptions = {}): Promise<CometServer> {
  const server = await startServer({ now: () => newYear, ...options });
  started.push(server);
  return server;
}

export const whole = {
  name: "production",
  expired_time: -1,
  remain_quota: 100_000,
  unlimited_quota: false,
  model_limits_enabled: false,
  model_limits: "",
  allow_ips: null as string | null,
  group: "",
  cross_group_retry: false,
};

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape
  json: any;
}

export async function send(
  server: CometServer,
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<Reply> {
  const response = await fetch(server.url + path, { method, redirect: "manual", ...init });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

/** A management request as a correct client makes it. */
export function manage(
  server: CometServer,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const { token, userId } = server.account;
  return send(server, method, path, {
    headers: {
      authorization: token,
      "content-type": "application/json",
      "new-api-user": String(userId),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

export async function make(server: CometServer, fields: Partial<typeof whole> = {}): Promise<KeyView> {
  const { json } = await manage(server, "POST", "/api/token/", { ...whole, ...fields });
  expect(json).toEqual({ success: true, message: "" });
  const newest = server.keys().at(-1);
  if (!newest) throw new Error("no key was made");
  return newest;
}

export const put = (server: CometServer, id: number, change: object = {}, query = "") =>
  manage(server, "PUT", `/api/token/${query}`, { id, status: 1, ...whole, ...change });

export const chat = (
  server: CometServer,
  key: string,
  headers: Record<string, string> = {},
  model = "gpt-5",
) =>
  send(server, "POST", "/v1/chat/completions", {
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello?" }] }),
  });

export const refusal = (message: unknown = expect.any(String)) => ({ success: false, message });
