import type { Clock } from "./clock";
import type { ApiRequest } from "./http";
import type { Windows } from "./limits";
import type { Personality } from "./personality";
import type { Store } from "./store";

/** What the catalogue says of a model beyond its id; a real one leaves out what it does not know (V). */
export interface ModelRow {
  provider?: string;
  model_type?: string;
  features?: unknown;
  /** A list, an object by name, or either as JSON in a string (V). */
  endpoints?: unknown;
  context_length?: number | null;
  pricing?: Pricing | null;
}

export interface Pricing {
  currency?: string;
  input?: number | null;
  output?: number | null;
  per_request?: number | null;
  per_second?: number | null;
}

/** What a test may set at the start and change at any time. */
export interface Settings {
  /** A bad management token is HTTP 401 instead of the usual 200 with `success:false` (D; S, N). Default false. */
  hardTokenRefusal: boolean;
  /** The list shows the account as it was this many ms ago, one moment for all keys; up to 60,000. Default 0. */
  listLagMs: number;
  /** The same for a get by id. Default 0. */
  getLagMs: number;
  /** Model ids of the catalogue. */
  models: string[];
  /** What the catalogue says of single models instead of the usual; `{}` says nothing of any. */
  modelRows: Record<string, ModelRow>;
  /** Units of quota in 1 USD, as `/api/status` says (N). Default 500,000. */
  quotaPerUnit: number;
  /** Quota one model request takes unless its `x-test-cost` header says otherwise. Default 10. */
  cost: number;
  /** `X-Forwarded-For` names the client's address, rather than the socket. Default false. */
  trustForwardedFor: boolean;
}

/** What the endpoints work on. */
export interface Backend {
  readonly store: Store;
  readonly clock: Clock;
  readonly personality: Personality;
  readonly settings: Settings;
  readonly windows: Windows;
  /** Notes something a correct client never does. */
  violate(request: ApiRequest, rule: string): void;
}
