import { NoAnswerError, RefusedError } from "../api/errors";
import { settingName } from "../config/settings";
import { ProviderError, ResourceInitFailedError } from "../errors";

/** An error written for the person at the terminal: which key, what was being done, what was answered, what to do. */
export class OperationError extends Error {
  constructor(
    /** Such as `reading key "backend"`. */
    readonly doing: string,
    message: string,
    options: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Runs one operation and tells its foreseeable failures. Anything else is a bug and keeps its stack trace.
 *
 * @param account whose settings are in use, if not the stack's own
 */
export async function withUserErrors<T>(
  doing: string,
  account: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ResourceInitFailedError)
      throw new ResourceInitFailedError(error.id, error.state, toUserError(doing, account, error.cause));
    throw toUserError(doing, account, error);
  }
}

function toUserError(doing: string, account: string | undefined, error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const advice = adviceOn(error, account);
  if (advice === undefined) return error;
  return new OperationError(doing, sentences(`${doing}: ${error.message}`, advice), { cause: error });
}

/** What to do about an error that was foreseen; nothing for any other. */
function adviceOn(error: Error, account: string | undefined): string | undefined {
  if (error instanceof RefusedError) return remedy(error, account);
  if (error instanceof NoAnswerError) {
    return error.traits.retry
      ? "Run the same command again later: it looks for what was done before it does more"
      : "";
  }
  return error instanceof ProviderError ? "" : undefined;
}

/** What a refusal is most likely about. Messages come in any language, so they choose the advice and nothing else. */
function remedy({ answer, httpStatus }: RefusedError, account: string | undefined): string {
  const status = remedies.find(({ about }) => about === httpStatus);
  const words = remedies.find(({ about }) => about instanceof RegExp && about.test(answer));
  const { remedy = "Mend what CometAPI names, then run the same command again" } = status ?? words ?? {};
  return typeof remedy === "string" ? remedy : remedy(account);
}

const checkToken = (account: string | undefined) =>
  `Check ${settingName("accessToken", account)}: it must be a personal access token from the CometAPI console, under Personal Settings, ` +
  `that is still valid. A self-hosted New API also wants ${settingName("userId", account)}, the account's numeric id. Refresh and destroy ` +
  "use the config of the last `pulumi up`, unless they are given --run-program";

const remedies: { about: number | RegExp; remedy: string | ((account: string | undefined) => string) }[] = [
  { about: 401, remedy: checkToken },
  {
    about: 404,
    remedy: (account) => `Check ${settingName("baseUrl", account)}: there is no CometAPI at that address`,
  },
  { about: /access ?token|unauthori[sz]ed|not logged in|new-api-user/i, remedy: checkToken },
  {
    about: /maximum (number|limit)|too many (tokens|keys)/i,
    remedy: "Delete keys that are no longer used, or use another account",
  },
  {
    about: /\bgroup\b|分组/i,
    remedy: "See the property group: name one that this account has, or leave it out",
  },
  {
    about: /\bname\b|名称/i,
    remedy: "See the property name: at most 50 characters, and a self-hosted New API counts bytes",
  },
  {
    about: /\bquota\b|额度/i,
    remedy: "See the property remainQuota or totalQuota: it may be more than the account can grant",
  },
  { about: /\bexpir/i, remedy: "See the property expiredTime: CometAPI does not take that time" },
];

function sentences(...parts: string[]): string {
  return parts
    .filter((part) => part !== "")
    .map((part) => (/[.!?]$/.test(part) ? part : `${part}.`))
    .join(" ");
}
