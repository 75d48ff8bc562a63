import { NoAnswerError, RefusedError } from "../api/errors";
import type { Config } from "../config/config";
import type { SettingName } from "../config/settings";
import { ProviderError, ResourceInitFailedError } from "../errors";

/** An error for the person at the terminal: which key, what was being done, what CometAPI answered, what to do. */
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

/** What the settings in use are called. */
type Label = (name: SettingName) => string;

/**
 * Runs one operation and explains its foreseeable failures. Any other error is a bug and keeps its stack trace.
 *
 * @param account whose settings are in use; undefined for the default account
 */
export async function withUserErrors<T>(
  doing: string,
  { labelOf }: Pick<Config, "labelOf">,
  account: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const label: Label = (name) => labelOf(name, account);
  try {
    return await work();
  } catch (error) {
    if (error instanceof ResourceInitFailedError)
      throw new ResourceInitFailedError(error.id, error.state, toUserError(doing, label, error.cause));
    throw toUserError(doing, label, error);
  }
}

function toUserError(doing: string, label: Label, error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const advice = adviceOn(error, label);
  if (advice === undefined) return error;
  return new OperationError(doing, sentences(`${doing}: ${error.message}`, advice), { cause: error });
}

/** What to do about a foreseen error; undefined for any other error. */
function adviceOn(error: Error, label: Label): string | undefined {
  if (error instanceof RefusedError) return remedy(error, label);
  if (error instanceof NoAnswerError) {
    if (!error.traits.retry) return "";
    return error.mayHaveActed
      ? "Run the same command again later: it first looks for what was done"
      : "Nothing was changed by this request: run the same command again later";
  }
  return error instanceof ProviderError ? "" : undefined;
}

/** What to do about a refusal. Messages come in any language, so they only choose the advice. */
function remedy(refused: RefusedError, label: Label): string {
  const { answer, httpStatus } = refused;
  const status = remedies.find(({ about }) => about === httpStatus);
  const words = remedies.find(({ about }) => about instanceof RegExp && about.test(answer));
  const { remedy = "Fix what CometAPI reports, then run the same command again" } = status ?? words ?? {};
  return typeof remedy === "string" ? remedy : remedy(label, refused);
}

const checkToken = (label: Label) =>
  `Check ${label("accessToken")}: it must be a valid personal access token from the CometAPI console, under Personal ` +
  `Settings. A self-hosted New API also wants ${label("userId")}, the account's numeric id. After a change run ` +
  "`pulumi up --refresh=false` once: until then, refresh and destroy use the old configuration";

type Remedy = string | ((label: Label, refused: RefusedError) => string);

const remedies: { about: number | RegExp; remedy: Remedy }[] = [
  { about: 401, remedy: checkToken },
  {
    about: 404,
    remedy: (label) => `Check ${label("baseUrl")}: CometAPI is not at that address`,
  },
  { about: /access ?token|unauthori[sz]ed|not logged in|new-api-user/i, remedy: checkToken },
  {
    about: /\bbanned\b|封禁/i,
    remedy:
      "The account is banned: its keys can be managed again once an administrator of the server lifts the ban",
  },
  {
    about: /maximum (number|limit)|too many (tokens|keys)/i,
    remedy: "Delete keys that are no longer used, or use another account",
  },
  {
    about: /\bgroup\b|分组/i,
    remedy: "Check the property group: name a group that this account has, or leave it out",
  },
  {
    about: /\bname\b|名称/i,
    remedy: (_, { placeholder }) =>
      placeholder === undefined
        ? "Check the property name: at most 50 characters, which a self-hosted New API counts in bytes"
        : "Your own name was not sent yet: the server refuses the name that a key has until it gets its own",
  },
  {
    about: /\bquota\b|额度/i,
    remedy: "Check the property remainQuota or totalQuota: it may be more than the account can grant",
  },
  { about: /\bexpir/i, remedy: "Check the property expiredTime: CometAPI does not accept that time" },
];

function sentences(...parts: string[]): string {
  return parts
    .filter((part) => part !== "")
    .map((part) => (/[.!?]$/.test(part) ? part : `${part}.`))
    .join(" ");
}
