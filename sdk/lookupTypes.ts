import type * as pulumi from "@pulumi/pulumi";
import type { KeyResource } from "./keyResource";

/** What a key was granted, has used and may do, all quota in CometAPI's internal units. */
export interface CometApiKeyUsage {
  /** The display name in the CometAPI console. */
  name: string;
  /** What the key was granted in all: used and available together. */
  totalQuota: number;
  /** What the key has used. */
  usedQuota: number;
  /** What is left. Means nothing for an unlimited key. */
  availableQuota: number;
  /** Whether the key works without looking at its quota. */
  unlimitedQuota: boolean;
  /** The ids of the models the key may use, sorted. */
  modelLimits: string[];
  /** Whether `modelLimits` applies. */
  modelLimitsEnabled: boolean;
  /** When the key stops working: RFC 3339 in UTC, or `"never"`. */
  expiredTime: string;
}

/** A key in the account, without its secret. The properties are those of `CometApiKey`. */
export type CometApiKeySummary = {
  /** CometAPI's own id of the key. */
  id: string;
} & pulumi.Unwrap<
  Pick<
    KeyResource,
    | "name"
    | "status"
    | "expiredTime"
    | "unlimitedQuota"
    | "modelLimits"
    | "modelLimitsEnabled"
    | "allowIps"
    | "group"
    | "crossGroupRetry"
    | "userId"
    | "createdTime"
    | "accessedTime"
    | "usedQuota"
    | "availableQuota"
  >
>;

/** A model of CometAPI's catalogue. */
export interface CometApiModel {
  /** What `modelLimits` and model requests call it. */
  id: string;
  /** Who offers the model, such as `"OpenAI"`. This and all that follows is undefined where the server does not say. */
  provider?: string;
  /** Such as `"text"`. */
  type?: string;
  /** Such as `"text-to-text"`. */
  features?: string[];
  /** The kinds of request it serves, such as `"chat"`. */
  endpoints?: string[];
  /** The longest context, in tokens. */
  contextLength?: number;
  /** What using it costs. */
  pricing?: CometApiModelPricing;
}

/** The prices of a model, as far as the server states them. */
export interface CometApiModelPricing {
  /** Of all prices, such as `"USD"`. */
  currency?: string;
  /** For a million tokens of input. */
  input?: number;
  /** For a million tokens of output. */
  output?: number;
  /** For a request. */
  perRequest?: number;
  /** For a second, of sound or film. */
  perSecond?: number;
}

/** An account, with what it has left and has used. */
export interface CometApiAccount {
  /** The numeric id, which is the `userId` of its keys. */
  id: number;
  /** The group that its keys are in if they name none. */
  group: string;
  /** The balance, in CometAPI's internal units. */
  availableQuota: number;
  /** The balance, in US dollars. */
  availableUsd: number;
  /** What the account has used in all, in CometAPI's internal units. */
  usedQuota: number;
  /** What the account has used in all, in US dollars. */
  usedUsd: number;
  /** How many units are one US dollar: as the server says, or else 500,000. */
  unitsPerUsd: number;
  /** For how many more days the balance lasts, as CometAPI predicts it; undefined where it does not. */
  predictedDays: number | undefined;
}

/** What a key has spent in a period. */
export interface CometApiKeySpend {
  /** The display name that the log was searched for. */
  name: string;
  /** The start of the period: RFC 3339 in UTC. */
  from: string;
  /** The end of the period, which does not belong to it: RFC 3339 in UTC. */
  to: string;
  /** What was spent, in CometAPI's internal units. */
  usedQuota: number;
  /** What was spent, in US dollars. */
  usedUsd: number;
}
