import { z } from "zod";

/** The shapes of what an account may use: models and groups. Sources: the API's documentation and the vendor's own client. */

/** Only the ids are needed. A field of an unexpected type is left out instead of making the whole catalogue unreadable. */
const lenient = <T>(type: z.ZodType<T>) => type.optional().catch(undefined);
const price = lenient(z.number().nonnegative());

const row = z
  .object({
    id: z.string(),
    provider: lenient(z.string()),
    model_type: lenient(z.string()),
    features: lenient(z.array(z.string())),
    endpoints: lenient(z.array(z.string())),
    context_length: lenient(z.int().positive()),
    pricing: lenient(
      z
        .object({
          currency: lenient(z.string()),
          input: price,
          output: price,
          per_request: price,
          per_second: price,
        })
        .transform(({ per_request: perRequest, per_second: perSecond, ...rest }) =>
          known({ ...rest, perRequest, perSecond }),
        ),
    ),
  })
  .transform(({ model_type: type, context_length: contextLength, ...rest }) =>
    known({ ...rest, type, contextLength }),
  );
/** A model of the catalogue, with what is known of it. */
export type Model = z.output<typeof row>;

/** `GET /api/models`: CometAPI's catalogue; undefined on New API, whose ids by channel type are not what is on offer. */
export const modelsAnswer = z
  .object({ data: z.preprocess((data) => (isRows(data) ? data : undefined), z.array(row).optional()) })
  .transform(({ data }) => data && sorted(data));

/** `GET /api/user/models` of New API. */
export const userModelsAnswer = z
  .object({ data: z.array(z.string()).nullable() })
  .transform(({ data }) => sorted((data ?? []).map((id) => ({ id }))));

/** `GET /api/user/self/groups`: the names are the keys. */
export const groupsAnswer = z
  .object({ data: z.record(z.string(), z.unknown()) })
  .transform(({ data }) => Object.keys(data).sort());

function isRows(data: unknown): boolean {
  return typeof data !== "object" || data === null || Array.isArray(data);
}

function sorted(models: Model[]): Model[] {
  const byId = new Map(models.map((model) => [model.id, model]));
  return [...byId.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
}

/** Without the fields that are undefined. */
function known<T extends object>(fields: T): Known<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Known<T>;
}

type Known<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};
