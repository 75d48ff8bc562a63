import type { Backend } from "./backend";
import { type Answer, type ApiRequest, html } from "./http";
import { create, get, list, manage, remove, update } from "./management";
import { catalogue, chat, modelList, usage } from "./models";

/** Hands a request to its endpoint: every row of the API, and a page for what is none of them. */
export function route(backend: Backend, request: ApiRequest): Answer {
  const path = request.pathname.replace(/^\/api\/token\/\d+$/, "/api/token/{id}");
  switch (`${request.method} ${path}`) {
    case "POST /api/token/":
      return manage(backend, request, create);
    case "GET /api/token/":
      return manage(backend, request, list);
    case "PUT /api/token/":
      return manage(backend, request, update);
    case "GET /api/token/{id}":
      return manage(backend, request, get);
    case "DELETE /api/token/{id}":
      return manage(backend, request, remove);
    case "GET /api/usage/token/":
      return usage(backend, request);
    case "GET /api/models":
      return catalogue(backend);
    case "GET /v1/models":
      return modelList(backend, request);
    case "POST /v1/chat/completions":
      return chat(backend, request);
  }
  // The trailing slash matters: without it the server answers 301 with HTML (B).
  if (path === "/api/token" || path === "/api/usage/token") {
    backend.violate(request, "missing trailing slash");
    return html(301, "Moved Permanently", { location: request.path.replace(path, `${path}/`) });
  }
  backend.violate(request, `unknown endpoint ${request.method} ${path}`);
  return html(404, "404 page not found");
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
  const hasBody = request.method === "POST" || request.method === "PUT";
  if (hasBody && !/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    violate(request, "content type is not application/json");
  }
}
