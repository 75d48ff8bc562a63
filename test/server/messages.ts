/** Languages the backend can refuse in (N). */
export type Language = "en" | "zh" | "fr";

const en = {
  badToken: "invalid access token",
  wrongUser: "New-Api-User is missing or is not the user of the access token",
  banned: "this user is banned",
  invalidBody: "invalid request body",
  nameTooLong: "token name is too long",
  noGroup: "no access to group",
  notFound: "record not found",
  tooManyKeys: "maximum number of tokens reached",
  negativeQuota: "quota cannot be negative",
  quotaTooLarge: "quota is too large",
  expired: "token has expired and cannot be enabled, change its expiry first",
  exhausted: "token quota is exhausted and cannot be enabled, raise its quota first",
};

/** The things the management API refuses. The two English texts the seeds quote are exact (S). */
export type MessageId = keyof typeof en;

const messages: Record<Language, Record<MessageId, string>> = {
  en,
  zh: {
    badToken: "无效的访问令牌",
    wrongUser: "未提供 New-Api-User，或与访问令牌不符",
    banned: "用户已被封禁",
    invalidBody: "无效的参数",
    nameTooLong: "令牌名称过长",
    noGroup: "无权访问该分组",
    notFound: "记录不存在",
    tooManyKeys: "已达到最大令牌数量",
    negativeQuota: "额度不能为负数",
    quotaTooLarge: "额度过大",
    expired: "令牌已过期，请先修改过期时间再启用",
    exhausted: "令牌额度已用尽，请先修改剩余额度再启用",
  },
  fr: {
    badToken: "jeton d'accès invalide",
    wrongUser: "New-Api-User manque ou n'est pas l'utilisateur du jeton d'accès",
    banned: "cet utilisateur est banni",
    invalidBody: "corps de requête invalide",
    nameTooLong: "le nom du jeton est trop long",
    noGroup: "pas d'accès à ce groupe",
    notFound: "enregistrement introuvable",
    tooManyKeys: "nombre maximal de jetons atteint",
    negativeQuota: "le quota ne peut pas être négatif",
    quotaTooLarge: "le quota est trop grand",
    expired: "le jeton a expiré, modifiez d'abord son expiration",
    exhausted: "le quota du jeton est épuisé, augmentez-le d'abord",
  },
};

/** A refusal's text in one language. */
export function message(id: MessageId, language: Language): string {
  return messages[language][id];
}

/** The language an `Accept-Language` header prefers (N). Chinese without one: nobody may count on English. */
export function preferredLanguage(acceptLanguage = ""): Language {
  const wanted = acceptLanguage
    .split(",")
    .map((entry) => {
      const [tag = "", ...parameters] = entry.trim().split(";");
      const q = parameters.map((p) => p.trim()).find((p) => p.startsWith("q="));
      return { language: tag.split("-")[0]?.toLowerCase(), q: q ? Number(q.slice(2)) : 1 };
    })
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q);
  for (const { language } of wanted) {
    if (language === "en" || language === "zh" || language === "fr") return language;
  }
  return "zh";
}
