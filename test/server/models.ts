import { BlockList, isIP } from "node:net";
import type { Backend } from "./backend";
import { type Answer, type ApiRequest, bearer, clientAddress, failure } from "./http";
import { type KeyRecord, Status, type StoredKey } from "./records";

/** `GET /v1/models`: the ids `model_limits` is made of (S), for any key that is served. */
export function modelList(backend: Backend, request: ApiRequest): Answer {
  const { refused } = admit(backend, request);
  const data = backend.settings.models.map((id) => ({ id, object: "model" }));
  return refused ?? { status: 200, body: { data } };
}

/** `GET /api/usage/token/`: the presented key's own numbers, whatever its status (D, N). */
export function usage(backend: Backend, request: ApiRequest): Answer {
  if (!bearer(request)) return { status: 401, body: { success: false, message: "Invalid Bearer token" } };
  const key = presentedKey(backend, request);
  if (!key || key.deletedAt !== undefined) {
    return { status: 200, body: { success: false, message: "failed to get token information" } };
  }
  const { record } = key;
  const limits = modelIds(record).map((id) => [id, true]);
  const data = {
    object: "token_usage",
    name: record.name,
    total_granted: record.used_quota + record.remain_quota,
    total_used: record.used_quota,
    total_available: record.remain_quota,
    unlimited_quota: record.unlimited_quota,
    model_limits: Object.fromEntries(limits),
    model_limits_enabled: record.model_limits_enabled,
    expires_at: record.expired_time === -1 ? 0 : record.expired_time,
  };
  return { status: 200, body: { code: true, message: "ok", data } };
}

/** `POST /v1/chat/completions`: serves a model request and takes its cost from the key's quota (S). */
export function chat(backend: Backend, request: ApiRequest): Answer {
  const { key, refused } = admit(backend, request);
  if (!key) return refused;
  const { model, messages } = (request.body ?? {}) as { model?: unknown; messages?: unknown };
  if (typeof model !== "string" || !Array.isArray(messages)) {
    return failure(400, "invalid_request", "model and messages are required");
  }
  // Enabled and empty blocks every model (N); not enabled, the list is ignored (S).
  if (key.record.model_limits_enabled && !modelIds(key.record).includes(model)) {
    return failure(403, "model_not_allowed", `this key has no access to model ${model}`);
  }
  if (!backend.settings.models.includes(model)) return failure(404, "model_not_found", `no model ${model}`);
  const use = costOf(backend, request);
  if (!use) return failure(400, "invalid_request", "an x-test header is no whole number from 0 up");
  key.account.requestCount++;
  charge(backend, key, request, use);
  return {
    status: 200,
    body: {
      id: `chatcmpl-${request.seq}`,
      object: "chat.completion",
      created: backend.clock.seconds(),
      model,
      choices: [{ index: 0, message: { role: "assistant", content: "Hello." }, finish_reason: "stop" }],
      usage: { prompt_tokens: 1, completion_tokens: use.cost, total_tokens: use.cost + 1 },
    },
  };
}

interface Cost {
  cost: number;
  estimate: number;
  settleMs: number;
  settleRequests: number;
}

/** What a request costs and holds: as its `x-test-*` headers say, or as is usual here. */
function costOf({ settings, personality }: Backend, { headers }: ApiRequest): Cost | undefined {
  const number = (name: string, usual = 0) => Number(headers[name] ?? usual);
  const { hold } = personality;
  const use = {
    cost: number("x-test-cost", settings.cost),
    estimate: number("x-test-hold", hold?.estimate),
    settleMs: number("x-test-settle-ms", hold?.settleMs),
    settleRequests: number("x-test-settle-requests", hold?.settleRequests),
  };
  return Object.values(use).every((n) => Number.isSafeInteger(n) && n >= 0) ? use : undefined;
}

/**
 * Takes the estimate, and later gives back what was not needed of it (N); without one takes the cost at once.
 * Estimate and cost may be more than is left.
 */
function charge(
  { store, clock, personality }: Backend,
  key: StoredKey,
  { seq }: ApiRequest,
  use: Cost,
): void {
  const { cost, estimate, settleMs, settleRequests } = use;
  const booked = (act: () => void) =>
    personality.batchMs > 0 ? clock.later(personality.batchMs, 0, act) : act();
  booked(() => {
    if (estimate === 0) {
      store.spend(key, cost, seq);
      return;
    }
    const hold = store.hold(key, estimate, seq);
    clock.later(settleMs, settleRequests, () => booked(() => hold.settle(cost)));
  });
}

/**
 * The key a model request may use, or why it may not. This is the only place where a status becomes 3 or 4:
 * it flips when the key is next used, not when the time or the quota runs out (N).
 */
function admit(
  backend: Backend,
  request: ApiRequest,
): { key: StoredKey; refused?: never } | { key?: never; refused: Answer } {
  const refuse = (status: number, code: string, message: string) => ({
    refused: failure(status, code, message, "authentication_error"),
  });
  const { store, clock, settings } = backend;
  const key = presentedKey(backend, request);
  if (!key || key.deletedAt !== undefined) return refuse(401, "invalid_api_key", "no such key");
  if (key.account.banned) return refuse(403, "user_banned", "this user is banned");
  const { status, expired_time, unlimited_quota, remain_quota } = key.record;
  if (status === Status.enabled) {
    if (expired_time !== -1 && expired_time <= clock.seconds()) {
      store.change(key, { status: Status.expired }, request.seq);
    } else if (!unlimited_quota && remain_quota <= 0) {
      store.change(key, { status: Status.exhausted }, request.seq);
    }
  }
  if (key.record.status === Status.expired) return refuse(401, "key_expired", "this key has expired");
  if (key.record.status === Status.exhausted) return refuse(403, "insufficient_quota", "quota exhausted");
  if (key.record.status !== Status.enabled) return refuse(401, "key_disabled", "this key is disabled");
  const client = clientAddress(request, settings.trustForwardedFor);
  if (!allows(key.record.allow_ips, client)) return refuse(403, "ip_not_allowed", `${client} is not allowed`);
  const { group } = key.record;
  // Only a backend that stores any group comes to this (N).
  if (group !== "" && !key.account.groups.includes(group)) {
    return refuse(403, "no_group", `no access to group ${group}`);
  }
  return { key };
}

/** A key made without `sk-` is taken with it too (N). */
function presentedKey({ store, personality }: Backend, request: ApiRequest): StoredKey | undefined {
  const presented = bearer(request) ?? "";
  const plain = personality.keyPrefix === "" ? presented.replace(/^sk-/, "") : presented;
  return store.byKey(presented) ?? store.byKey(plain);
}

function modelIds({ model_limits }: KeyRecord): string[] {
  return model_limits.split(",").filter((id) => id !== "");
}

/** Whether `allow_ips` lets an address in (S). An entry that is no address lets nobody in. */
function allows(allowIps: string | null, client: string): boolean {
  const entries = (allowIps ?? "").split("\n").filter((entry) => entry.trim() !== "");
  if (entries.length === 0) return true;
  const allowed = new BlockList();
  for (const entry of entries) {
    const [address = "", prefix] = entry.trim().split("/");
    const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    const wanted = prefix === undefined ? bits : Number(prefix);
    if (bits > 0 && Number.isInteger(wanted) && wanted >= 0 && wanted <= bits) {
      allowed.addSubnet(address, wanted, bits === 32 ? "ipv4" : "ipv6");
    }
  }
  return isIP(client) !== 0 && allowed.check(client, isIP(client) === 4 ? "ipv4" : "ipv6");
}
