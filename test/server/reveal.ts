import type { StoredKey } from "./records";
import { type Endpoint, Refusal } from "./refusal";

/** `POST /api/token/{id}/key`, no body: one key in full (N7). */
export const reveal: Endpoint = ({ store }, account, request) => {
  const key = store.byId(Number(request.pathname.split("/")[3]));
  if (!key || key.account !== account || key.deletedAt !== undefined) throw new Refusal("notFound");
  return { data: { key: key.record.key } };
};

/** `POST /api/token/batch/keys` `{"ids":[34,35]}`: up to 100; foreign and unknown ids are left out (N7). */
export const revealBatch: Endpoint = ({ store }, account, request) => {
  const { ids } = (request.body ?? {}) as { ids?: unknown };
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > 100 || !ids.every(Number.isSafeInteger)) {
    throw new Refusal("invalidBody", ": ids must be 1 to 100 integers");
  }
  const own = (key: StoredKey | undefined) =>
    key?.account === account && key.deletedAt === undefined ? [key] : [];
  const keys = ids.flatMap((id: number) => own(store.byId(id)));
  return { data: { keys: Object.fromEntries(keys.map(({ record }) => [record.id, record.key])) } };
};
