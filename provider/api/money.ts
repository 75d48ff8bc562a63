import { z } from "zod";
import type { CometApi } from "./client";
import { NoAnswerError, RefusedError } from "./errors";
import { plainEnvelope } from "./wire";

/**
 * What an account has and what its keys have spent. Source: the vendor's command line client; of `quota_per_unit`, New
 * API.
 */

const balanceAnswer = z
  .object({
    data: z.object({
      id: z.int(),
      group: z.string().nullish(),
      quota: z.int(),
      used_quota: z.int(),
    }),
  })
  .transform(({ data }) => ({
    id: data.id,
    group: data.group ?? "",
    availableQuota: data.quota,
    usedQuota: data.used_quota,
  }));

/** `GET /api/user/self`: whose token it is, and what the account has, in units. */
export function readBalance(api: CometApi): Promise<z.output<typeof balanceAnswer>> {
  return api.get("/api/user/self", balanceAnswer);
}

const predictionAnswer = z
  .object({ data: z.object({ predicted_days: z.number(), month_usage: z.number().nullish() }) })
  // No use says nothing about how long the balance lasts. The server then answers 0, which would read as "empty today".
  .transform(({ data }) => (data.month_usage === 0 ? undefined : data.predicted_days));

/** `GET /api/user/self/stats`: for how many more days the balance lasts. Undefined where the server does not say. */
export function readPredictedDays(api: CometApi): Promise<number | undefined> {
  return ifOffered(api.get("/api/user/self/stats", predictionAnswer));
}

const unitAnswer = z
  .object({ data: z.object({ quota_per_unit: z.int().positive() }) })
  .transform(({ data }) => data.quota_per_unit);

/** `GET /api/status`: how many units are one US dollar. Undefined where the server does not say. */
export function readUnitsPerUsd(api: CometApi): Promise<number | undefined> {
  return ifOffered(api.get("/api/status", unitAnswer, plainEnvelope));
}

const spendAnswer = z.object({ data: z.object({ quota: z.int() }) }).transform(({ data }) => data.quota);

/**
 * `GET /api/log/self/stat`: what the keys of one name have used, in units.
 *
 * @param from Unix seconds, as `to`. The server counts both ends in
 */
export function readSpend(
  api: CometApi,
  { name, from, to }: { name: string; from: number; to: number },
): Promise<number> {
  const query = new URLSearchParams({
    token_name: name,
    start_timestamp: String(from),
    end_timestamp: String(to),
  });
  return api.get(`/api/log/self/stat?${query}`, spendAnswer);
}

/** Undefined where the server lacks the endpoint, or gives another answer than the one that is known. */
async function ifOffered<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    if (error instanceof NoAnswerError && !error.traits.retry) return undefined;
    throw error;
  }
}
