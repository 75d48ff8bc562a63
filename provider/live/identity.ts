import type { CometApi } from "../api/client";
import { NoAnswerError } from "../api/errors";
import type { KeyFields, KeyIdentity, KeyRecord } from "../api/wire";
import { ProviderError } from "../errors";
import { fromUnixSeconds } from "../key/instant";
import type { KeyState } from "../key/types";
import { consistencyMs, pollUntil } from "./pollUntil";
import { changedFields } from "./verify";
import { isUnanswered, writeOnce } from "./writeOnce";

interface Made {
  record: KeyRecord;
  /** How many keys of that name there may be: more than one after an unanswered create. */
  perhapsMade: number;
}

/** A name under which keys may have been created whose request was not answered, and how many. */
export interface PerhapsCreated {
  name: string;
  keys: number;
}

/** Nobody knows whether a key was created. */
export class PerhapsCreatedError extends ProviderError {
  constructor(
    cause: Error,
    readonly perhaps: PerhapsCreated,
  ) {
    super(
      `${cause.message}. A key may have been created all the same, with the name "${perhaps.name}": ` +
        "delete it in the CometAPI console if it is there, as the next `pulumi up` creates another",
      { cause },
    );
  }
}

/**
 * Creates one key and finds it. The API returns no id, so the key is looked up by a name that nobody else has. A create
 * without an answer is looked up before it is sent again.
 *
 * @param fields with a name that no other key bears
 * @param perhapsMade how many keys of that name earlier calls may have created
 */
export async function createAndFind(api: CometApi, fields: KeyFields, perhapsMade = 0): Promise<Made> {
  const look = (unanswered: boolean) =>
    pollUntil(api.budget, listPatience(unanswered), "the new key is not listed yet", () =>
      api.newestNamed(fields.name),
    );
  try {
    const before = perhapsMade > 0 ? await look(true) : undefined;
    if (before !== undefined) return { record: before, perhapsMade };
    const record = await writeOnce<KeyRecord>(api.budget, {
      send: async () => {
        try {
          await api.create(fields);
          perhapsMade++;
        } catch (error) {
          if (isUnanswered(error)) perhapsMade++;
          throw error;
        }
        return undefined;
      },
      observe: look,
      unseen: "CometAPI said that it created the key, but does not list it",
    });
    return { record, perhapsMade };
  } catch (error) {
    if (perhapsMade === 0 || !(error instanceof Error)) throw error;
    throw new PerhapsCreatedError(error, { name: fields.name, keys: perhapsMade });
  }
}

/** The ids of the duplicates that unanswered creates left under the same name: unused, and equal in every field. */
export async function findDuplicates(api: CometApi, { record: keep, perhapsMade }: Made): Promise<string[]> {
  if (perhapsMade === 1) return [];
  let named: KeyRecord[] = [];
  await pollUntil(api.budget, consistencyMs.listAfterLoss, "a second key may show up", async () => {
    named = await api.allNamed(keep.name);
    return named.length >= perhapsMade ? true : undefined;
  });
  return named.filter((other) => other.id !== keep.id && isDuplicate(other, keep)).map(({ id }) => id);
}

/** Deletes duplicates left by repeated creates, except any that have been used. */
export async function removeDuplicates(
  api: CometApi,
  live: { record: KeyIdentity; extras: string[] },
): Promise<void> {
  for (const id of live.extras) {
    const extra = await api.find(id, live.record.userId);
    // One that is used by now is somebody's.
    if (extra?.usedQuota === 0) {
      await deleteForGood(api, extra).catch((error: Error) => {
        throw new ProviderError(
          `${error.message}. The key "${extra.name}" (id ${id}) is a duplicate left by a repeated create; the next \`pulumi up\` tries again to delete it`,
          { cause: error },
        );
      });
    }
    live.extras = live.extras.filter((other) => other !== id);
  }
}

function isDuplicate(other: KeyRecord, keep: KeyRecord): boolean {
  return other.usedQuota === 0 && changedFields(other, keep).length === 0;
}

/** Deletes a key, and is done only when the list proves it gone. */
export async function deleteForGood(api: CometApi, { id, userId }: KeyIdentity): Promise<void> {
  await writeOnce<true>(api.budget, {
    send: async () => {
      await api.delete(id);
      return undefined;
    },
    // A refusal may mean that the key is gone already. It says so in words, so the list decides.
    mayHaveHappened: (error) => !(error instanceof NoAnswerError) || error.mayHaveActed,
    observe: (unanswered) =>
      pollUntil(api.budget, listPatience(unanswered), "the deleted key is still listed", async () =>
        (await api.listed(id, userId)) === undefined ? true : undefined,
      ),
    unseen: "CometAPI said that it deleted the key, but still lists it. Run the same command again",
  });
}

/**
 * Makes sure that a record is the key in state before anything is done to it: after a change of account or server the
 * same id is somebody else's key.
 *
 * @throws {ProviderError} when it is another one
 */
export function assertSameKey(
  api: CometApi,
  record: KeyIdentity,
  { userId, createdTime }: Partial<KeyState>,
): void {
  const created = fromUnixSeconds(record.createdTime);
  if (userId === undefined || (record.userId === userId && created === createdTime)) return;
  const restored =
    record.userId === userId
      ? ". If that is the right server, it was set up anew or restored from a backup, and the stack's key is lost: drop it from the " +
        "stack by `pulumi state delete` with its URN"
      : "";
  throw new ProviderError(
    `this id belongs to a different key on this server: account ${record.userId}, created ${created}. The stack's key ` +
      `is in account ${userId}, created ${createdTime}. Set ${api.settingLabel("accessToken")} and ` +
      `${api.settingLabel("baseUrl")} to where the key was created${restored}`,
  );
}

function listPatience(unanswered: boolean): number {
  return unanswered ? consistencyMs.listAfterLoss : consistencyMs.list;
}
