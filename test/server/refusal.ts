import type { Backend } from "./backend";
import { type Answer, type ApiRequest, failure } from "./http";
import { type MessageId, message, preferredLanguage } from "./messages";
import type { Account } from "./records";

/** Thrown to answer the normal refusal: HTTP 200 with `success:false` and a message (S, N). */
export class Refusal {
  constructor(
    readonly id: MessageId,
    readonly detail = "",
  ) {}
}

export type Endpoint = (backend: Backend, account: Account, request: ApiRequest) => Record<string, unknown>;

/** Runs one management endpoint for the account of the raw `Authorization` token (S). */
export function manage(backend: Backend, request: ApiRequest, endpoint: Endpoint): Answer {
  try {
    const account = authenticate(backend, request);
    return { status: 200, body: { success: true, message: "", ...endpoint(backend, account, request) } };
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    return refuse(backend, request, refusal);
  }
}

function authenticate({ store, personality, violate }: Backend, request: ApiRequest): Account {
  const token = request.headers.authorization ?? "";
  if (/^Bearer /i.test(token)) violate(request, "management token sent with a Bearer prefix");
  const account = store.accountOf(token);
  if (!account) throw new Refusal("badToken");
  if (account.banned) throw new Refusal("banned");
  if (personality.requireUserHeader && request.headers["new-api-user"] !== String(account.userId)) {
    throw new Refusal("wrongUser");
  }
  return account;
}

function refuse({ personality, settings }: Backend, request: ApiRequest, { id, detail }: Refusal): Answer {
  const { language, tooManyKeysInChinese, maxKeys } = personality;
  const spoken = language === "asked" ? preferredLanguage(request.headers["accept-language"]) : language;
  const text = message(id, spoken) + detail;
  if (id === "badToken" && settings.hardTokenRefusal) return failure(401, "invalid_token", text);
  // Some texts are Chinese in any language (N).
  if (id === "tooManyKeys" && tooManyKeysInChinese) {
    return { status: 200, body: { success: false, message: `已达到最大令牌数量限制 (${maxKeys})` } };
  }
  // A missing or wrong user id is HTTP 401, a bad token is not (N).
  return { status: id === "wrongUser" ? 401 : 200, body: { success: false, message: text } };
}
