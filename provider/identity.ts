import { randomBytes } from "node:crypto";
import type { CometApi } from "./api/client";
import { NoAnswer } from "./api/errors";
import type { KeyFields, KeyRecord } from "./api/wire";
import { differences } from "./stored";

/** How long the list may lag behind a write that was answered, and behind one whose answer was lost. */
const listedWithinMs = { answered: 15_000, lost: 6_000 };
const nameBytes = 50;

/** `backend-3f2a1bc`: the logical name cut so that it fits even where bytes are counted. */
export function generatedName(logicalName: string): string {
  const suffix = `-${randomBytes(4).toString("hex").slice(0, 7)}`;
  let stem = "";
  for (const character of logicalName) {
    if (Buffer.byteLength(stem + character + suffix) > nameBytes) break;
    stem += character;
  }
  return stem + suffix;
}

/** The name a key bears until it is known and gets its own: 128 random bits, so nobody else's. */
export function placeholderName(): string {
  return `pulumi-pending-${randomBytes(16).toString("hex")}`;
}

/**
 * Makes one key and finds it. The API returns no id, so the key is looked up by a name that nobody else has; when
 * the answer was lost it is looked up before it is made again. Two keys made that way leave one.
 *
 * @param fields with a name that no other key bears
 */
export async function createAndFind(api: CometApi, fields: KeyFields): Promise<KeyRecord> {
  let perhapsMade = 0;
  let lost: unknown;
  const attempt = async () => {
    lost = undefined;
    try {
      await api.create(fields);
    } catch (error) {
      lost = error;
    }
    if (lost === undefined || (lost instanceof NoAnswer && lost.mayHaveActed)) perhapsMade++;
    if (perhapsMade === 0) throw lost;
    const found = await awaitList(api, lost, "the new key is not listed yet", () =>
      api.newestNamed(fields.name),
    );
    if (found !== undefined) return found;
    throw (
      lost ??
      new NoAnswer("CometAPI said that it made the key, but does not list it", {
        mayHaveActed: true,
        retry: false,
      })
    );
  };
  try {
    // Only a create that was lost and looked for in vain is sent again, never one that could not be looked for.
    const record = await api.budget.retrying(attempt, (error) => error === lost);
    if (perhapsMade > 1) await removeExtras(api, record, fields);
    return record;
  } catch (error) {
    if (perhapsMade > 0 && error instanceof Error) {
      error.message += `. If a key was made after all, it is named "${fields.name}" and can be deleted in the CometAPI console`;
    }
    throw error;
  }
}

/** A lost create that took effect late is a second key of the same name: never used, and like the first in every field. */
async function removeExtras(api: CometApi, keep: KeyRecord, fields: KeyFields): Promise<void> {
  for (const extra of await api.allNamed(fields.name)) {
    const twin = extra.usedQuota === 0 && differences(extra, fields).length === 0;
    if (extra.id !== keep.id && twin) await deleteForGood(api, extra.id, keep.userId);
  }
}

/** Deletes a key, and is done only when the list proves it gone. */
export async function deleteForGood(api: CometApi, id: string, owner: number | undefined): Promise<void> {
  let lost: unknown;
  const attempt = async () => {
    lost = undefined;
    try {
      await api.delete(id);
    } catch (error) {
      if (error instanceof NoAnswer && !error.mayHaveActed) throw error;
      // Even a refusal may mean that it is gone already. It says so in words, so the list decides.
      lost = error;
    }
    const gone = await awaitList(api, lost, "the deleted key is still listed", async () =>
      (await api.listed(id, owner)) === undefined ? true : undefined,
    );
    if (gone) return;
    throw (
      lost ??
      new NoAnswer("CometAPI said that it deleted the key, but still lists it", {
        mayHaveActed: true,
        retry: false,
      })
    );
  };
  await api.budget.retrying(attempt, (error) => error === lost);
}

/** Looks again and again until the list shows what a write did, or has had time enough to. */
async function awaitList<T>(
  api: CometApi,
  lost: unknown,
  why: string,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const patienceMs = lost === undefined ? listedWithinMs.answered : listedWithinMs.lost;
  for (let waited = 0, wait = 250; ; waited += wait, wait = Math.min(2 * wait, 2_000)) {
    const seen = await look();
    if (seen !== undefined || waited >= patienceMs || wait > api.budget.left()) return seen;
    await api.budget.wait(wait, why);
  }
}
