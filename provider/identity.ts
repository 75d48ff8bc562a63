import { randomBytes } from "node:crypto";
import type { CometApi } from "./api/client";
import { NoAnswer } from "./api/errors";
import type { KeyFields, KeyRecord } from "./api/wire";
import { Impossible } from "./errors";
import { fromUnixSeconds } from "./instant";
import type { KeyState } from "./key";
import { laggingMs, patiently } from "./patience";
import { settingName } from "./settings";
import { differences } from "./stored";

const nameBytes = 50;

/** Whether this is how CometAPI numbers its keys. */
export function isKeyId(text: string): boolean {
  return /^[1-9]\d{0,15}$/.test(text);
}

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

interface Made {
  record: KeyRecord;
  /** How many keys there may be of that name: more than one when an answer was lost. */
  perhapsMade: number;
}

/**
 * Makes one key and finds it. The API returns no id, so the key is looked up by a name that nobody else has; when
 * the answer was lost it is looked up before it is made again.
 *
 * @param fields with a name that no other key bears
 */
export async function createAndFind(api: CometApi, fields: KeyFields): Promise<Made> {
  let perhapsMade = 0;
  let lost: unknown;
  const attempt = async () => {
    lost = undefined;
    try {
      await api.create(fields);
    } catch (error) {
      lost = error;
    }
    if (lost === undefined || mayHaveActed(lost)) perhapsMade++;
    if (perhapsMade === 0) throw lost;
    const patience = lost === undefined ? laggingMs.list : laggingMs.listAfterLoss;
    const record = await patiently(api.budget, patience, "the new key is not listed yet", () =>
      api.newestNamed(fields.name),
    );
    if (record !== undefined) return { record, perhapsMade };
    throw lost ?? new Impossible("CometAPI said that it made the key, but does not list it");
  };
  try {
    // Only a create that was lost and looked for in vain is sent again, never one that could not be looked for.
    return await api.budget.retrying(attempt, (error) => error === lost && error.mayHaveActed);
  } catch (error) {
    if (perhapsMade === 0 || !(error instanceof Error)) throw error;
    throw new Impossible(
      `${error.message}. A key may have been made all the same, under the name "${fields.name}": ` +
        "delete it in the CometAPI console if it is there, as the next `pulumi up` makes another",
      { cause: error },
    );
  }
}

/**
 * The ids of other keys that lost creates have made under the same name. They were never used, and are like the one
 * that is kept in every field.
 */
export async function findExtras(api: CometApi, { record: keep, perhapsMade }: Made): Promise<string[]> {
  if (perhapsMade === 1) return [];
  let named: KeyRecord[] = [];
  await patiently(api.budget, laggingMs.listAfterLoss, "a second key may show up", async () => {
    named = await api.allNamed(keep.name);
    return named.length >= perhapsMade ? true : undefined;
  });
  return named.filter((other) => other.id !== keep.id && isTwin(other, keep)).map(({ id }) => id);
}

/** Deletes the keys that were made besides, as far as they are still what they were then. */
export async function removeExtras(
  api: CometApi,
  live: { record: KeyRecord; extras: string[] },
): Promise<void> {
  for (const id of live.extras) {
    const extra = await api.find(id, live.record.userId);
    // One that is used by now is somebody's.
    if (extra?.usedQuota === 0) {
      await deleteForGood(api, extra).catch((error: Error) => {
        throw new Impossible(
          `${error.message}. The key "${extra.name}" (id ${id}) was made besides by mistake; the next \`pulumi up\` tries again to delete it`,
          { cause: error },
        );
      });
    }
    live.extras = live.extras.filter((other) => other !== id);
  }
}

function isTwin(other: KeyRecord, keep: KeyRecord): boolean {
  return other.usedQuota === 0 && differences(other, keep).length === 0;
}

/** Deletes a key that was just seen, and is done only when the list proves it gone. */
export async function deleteForGood(api: CometApi, { id }: KeyRecord): Promise<void> {
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
    const patience = lost === undefined ? laggingMs.list : laggingMs.listAfterLoss;
    const isGone = await patiently(api.budget, patience, "the deleted key is still listed", async () =>
      (await api.listed(id, undefined)) === undefined ? true : undefined,
    );
    if (!isGone) throw lost ?? new Impossible("CometAPI said that it deleted the key, but still lists it");
  };
  await api.budget.retrying(attempt, (error) => error === lost);
}

/**
 * Makes sure that a record is the key that state knows, before anything is done to it: after a change of account or
 * server the same id is somebody else's key.
 *
 * @throws {Impossible} when it is another one
 */
export function expectSame(record: KeyRecord, { account, userId, createdTime }: Partial<KeyState>): void {
  const made = fromUnixSeconds(record.createdTime);
  if (userId === undefined || (record.userId === userId && made === createdTime)) return;
  throw new Impossible(
    `the key of that id is another one there: it belongs to account ${record.userId} and was made at ${made}, ours ` +
      `belongs to account ${userId} and was made at ${createdTime}. Set ${settingName("accessToken", account)} and ` +
      `${settingName("baseUrl", account)} to where the key was made`,
  );
}

function mayHaveActed(error: unknown): boolean {
  return error instanceof NoAnswer && error.mayHaveActed;
}
