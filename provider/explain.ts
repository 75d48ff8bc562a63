import { NoAnswer, Refused } from "./api/errors";
import { Impossible, Unfinished } from "./errors";

/** An error written for the person at the terminal: which key, what was being done, what was answered, what to do. */
export class Told extends Error {}

/** Runs one operation and tells its foreseeable failures. Anything else is a bug and keeps its stack trace. */
export async function explaining<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unfinished) throw new Unfinished(error.id, error.state, told(doing, error.cause));
    throw told(doing, error);
  }
}

function told(doing: string, error: unknown): Error {
  if (error instanceof Refused)
    return new Told(sentence(`${doing}: ${error.message}`, remedy(error)), { cause: error });
  if (error instanceof NoAnswer) {
    const again = error.retry
      ? "Run the same command again later: it looks for what was done before it does more"
      : "";
    return new Told(sentence(`${doing}: ${error.message}`, again), { cause: error });
  }
  if (error instanceof Impossible) return new Told(sentence(`${doing}: ${error.message}`), { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}

/**
 * What a refusal is most likely about. Messages come in any language, so they choose the advice and nothing else.
 */
function remedy({ answer, httpStatus }: Refused): string {
  if (
    httpStatus === 401 ||
    /token.*(invalid|expired)|unauthori[sz]ed|not logged in|access ?token/i.test(answer)
  ) {
    return "Check cometapi:accessToken: a personal access token from the CometAPI console, under Personal Settings, that is still valid";
  }
  if (/group|分组/i.test(answer))
    return "See the property group: name one that this account has, or leave it out";
  if (/name|名称/i.test(answer)) {
    return "See the property name: at most 50 characters, and a self-hosted New API counts bytes";
  }
  if (/New-Api-User|user ?id/i.test(answer)) return "Set cometapi:userId to the account's numeric user id";
  return "Change what CometAPI names, then run the same command again";
}

function sentence(...parts: string[]): string {
  return parts
    .filter((part) => part !== "")
    .map((part) => (/[.!?]$/.test(part) ? part : `${part}.`))
    .join(" ");
}
