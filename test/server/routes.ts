import type { Backend } from "./backend";
import { catalogue } from "./catalogue";
import { type Answer, type ApiRequest, clientAddress, html } from "./http";
import { create, get, list, remove, update } from "./management";
import { chat, modelList, usage } from "./models";
import { type Endpoint, manage } from "./refusal";
import { reveal, revealBatch } from "./reveal";
import { logStat, self, stats, status, userGroups, userModels } from "./user";

type Handler = (backend: Backend, request: ApiRequest) => Answer;

const managed =
  (endpoint: Endpoint): Handler =>
  (backend, request) =>
    manage(backend, request, endpoint);

/** Every row of the API. */
const routes = new Map<string, Handler>([
  ["POST /api/token/", managed(create)],
  ["GET /api/token/", managed(list)],
  ["PUT /api/token/", managed(update)],
  ["GET /api/token/{id}", managed(get)],
  ["DELETE /api/token/{id}", managed(remove)],
  ["POST /api/token/{id}/key", managed(reveal)],
  ["POST /api/token/batch/keys", managed(revealBatch)],
  ["GET /api/user/self", managed(self)],
  ["GET /api/user/self/stats", managed(stats)],
  ["GET /api/user/self/groups", managed(userGroups)],
  ["GET /api/user/models", managed(userModels)],
  ["GET /api/log/self/stat", managed(logStat)],
  ["GET /api/usage/token/", usage],
  ["GET /api/status", status],
  ["GET /api/models", catalogue],
  ["GET /v1/models", modelList],
  ["POST /v1/chat/completions", chat],
]);

/** They share the critical bucket, with logging in (N). */
const critical =
  /^(POST \/api\/token\/(\{id\}\/key|batch\/keys)|GET \/api\/usage\/token\/|GET \/api\/log\/.*)$/;

/** Hands a request to its endpoint, if the limits let it through. */
export function route(backend: Backend, request: ApiRequest): Answer {
  const answer = admitted(backend, request) ? handle(backend, request) : { status: 429, body: "" };
  const { version } = backend.personality;
  if (version === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, "x-new-api-version": version } };
}

function handle(backend: Backend, request: ApiRequest): Answer {
  const { personality, violate } = backend;
  const name = nameOf(request);
  const handler = routes.get(name);
  if (handler && !personality.lacks.some((absent) => absent === name)) return handler(backend, request);
  // The trailing slash matters: without it the server answers 301 with HTML (N).
  const path = request.pathname;
  if (path === "/api/token" || path === "/api/usage/token") {
    violate(request, "missing trailing slash");
    return html(301, "Moved Permanently", { location: request.path.replace(path, `${path}/`) });
  }
  // Whether this backend has an endpoint that others have can only be found by asking.
  if (!handler) violate(request, `unknown endpoint ${name}`);
  return html(404, "404 page not found");
}

/** The 429 of N has no body and no `Retry-After`, and is on `/api` only. */
function admitted({ windows, clock, personality, settings }: Backend, request: ApiRequest): boolean {
  if (!request.pathname.startsWith("/api/")) return true;
  const { critical: few, global } = personality.limits;
  const limits = {
    ...(global && { global }),
    ...(few && critical.test(nameOf(request)) && { critical: few }),
  };
  return windows.admit(clientAddress(request, settings.trustForwardedFor), clock.now(), limits);
}

function nameOf({ method, pathname }: ApiRequest): string {
  return `${method} ${pathname.replace(/^\/api\/token\/\d+(?=$|\/key$)/, "/api/token/{id}")}`;
}

/** Notes what no correct client does on any endpoint. */
export function watch({ store, violate }: Backend, request: ApiRequest): void {
  const keys = request.path.match(/(sk-)?[A-Za-z0-9]{48}/g) ?? [];
  if (
    keys.some((text) => store.byKey(text)) ||
    store.accounts.some(({ token }) => request.path.includes(token))
  ) {
    violate(request, "a secret in the URL");
  }
  const { "content-type": type = "", "content-length": length = "0" } = request.headers;
  const hasBody = length !== "0" || request.headers["transfer-encoding"] !== undefined;
  if (hasBody && !/^application\/json\b/i.test(type))
    violate(request, "content type is not application/json");
}
