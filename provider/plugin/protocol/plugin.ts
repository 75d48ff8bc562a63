import type { ConstructRequest, ConstructResponse } from "@pulumi/pulumi/proto/provider_pb";

/** Plain values by name, as a request has them. One that only the update will know is `unknownValue`, whatever its type. */
export type Properties = Record<string, unknown>;

/** The same in an answer. What is undefined in it is left out. */
export type Answer = object;

/**
 * What a plugin is to the protocol, in plain objects. `serve.ts` takes care of gRPC, protobuf, secrets, unknown values and
 * the engine's log: whoever writes another provider copies this folder and fills in this interface.
 */
export interface Plugin {
  version: string;
  /** The Pulumi package schema, as JSON. */
  schema(): string;
  /** Settings that are secret even where nobody has marked them so. */
  secretSettings: readonly string[];
  /** Settings that say whose resources a provider manages. */
  ownerSettings: readonly string[];
  checkSettings(request: CheckSettingsRequest, host: PluginHost): Promise<Checked>;
  configure(settings: Properties, provider: ProviderName, host: PluginHost): Configured;
  /**
   * Creates a component. The request stays as it is: a component is a piece of a program, and Pulumi's SDK has its own
   * code for the inputs and the results of those.
   */
  construct?(request: ConstructRequest, host: ComponentHost): Promise<ConstructResponse>;
}

export interface CheckSettingsRequest {
  /** What this has answered for the state; empty for a new provider. */
  olds: Properties;
  news: Properties;
  provider: ProviderName;
}

/** The logical name of a provider resource; undefined for the default provider, which the engine creates. */
export type ProviderName = string | undefined;

/** What `serve.ts` does for a plugin. */
export interface PluginHost {
  /** Shows a line, beside the resource whose operation shows it. */
  info(line: string): void;
  /**
   * Shows a warning, which the engine counts: beside the resource of this URN, or else for the whole run. Done when the
   * engine has it.
   */
  warn(line: string, urn?: string): Promise<void>;
  /** Aborts when the run is cancelled: calls under way are to end waiting, and to leave nothing behind that is unknown. */
  cancelled: AbortSignal;
}

/** Where a component runs. */
export interface ComponentHost {
  engineAddress: string;
  /** The provider of the component. The id is `""` before it is created; an old engine says nothing of it. */
  provider: { urn: string; id: string } | undefined;
}

/** What a configured provider offers, by token. */
export interface Configured {
  resources: Record<string, ResourceType>;
  functions: Record<string, (args: Properties) => Promise<Answer>>;
}

export interface Checked {
  inputs: Answer;
  failures: Failure[];
}

/** Why inputs cannot be used. */
export interface Failure {
  /** `""` if the reason names the property, as then the engine adds nothing to it. */
  property: string;
  reason: string;
}

/** A type of resource. Every method may throw; a {@link HalfDoneError} leaves the resource in state. */
export interface ResourceType {
  /** Properties that are secret even where nobody has marked them so. */
  secret: readonly string[];
  /** Properties that give away others: they become secret together. */
  givesAway?: Record<string, readonly string[]>;
  /** How else messages may spell a value: where it is secret, none of them appears. */
  spellings?(name: string, value: unknown): (string | number)[];
  check(request: CheckRequest): Promise<Checked>;
  diff(request: DiffRequest): Promise<Diff>;
  /** What a create will answer, as far as a preview knows it. */
  previewCreate(inputs: Properties): Answer;
  /** @param timeoutMs the time that the user gives by `customTimeouts`, if any */
  create(inputs: Properties, timeoutMs?: number): Promise<Found>;
  /**
   * Deletes what a create has created, and says whether it did. The engine went away before the answer, so that nobody
   * knows of it.
   */
  discard?(created: Found): Promise<boolean>;
  /** Undefined if the resource is gone. */
  read(request: ReadRequest, timeoutMs?: number): Promise<(Found & { inputs: Answer }) | undefined>;
  /** What an update will answer, as far as a preview knows it. */
  previewUpdate(request: UpdateRequest): Answer;
  update(request: UpdateRequest, timeoutMs?: number): Promise<Answer>;
  delete(request: DeleteRequest, timeoutMs?: number): Promise<void>;
}

export interface CheckRequest {
  urn: string;
  /** The logical name. */
  name: string;
  /** The inputs in state; empty for a new resource. */
  olds: Properties;
  news: Properties;
  /** Random, and the same again in an update that follows a plan. */
  seed: Uint8Array;
  /** What `pulumi:autonaming` says about a resource that declares no name. */
  autonaming: { mode: "propose" | "enforce"; name: string } | { mode: "disable" } | undefined;
}

export interface DiffRequest {
  id: string;
  /** The outputs in state. */
  olds: Properties;
  oldInputs: Properties;
  /** As checked. */
  news: Properties;
  /** Whether a setting that says whose resources these are is another one than state has, for this resource or another. */
  ownerChanged: boolean;
}

export interface Diff {
  /** Whether an update or a replacement is due. */
  changed: boolean;
  /** What differs: the old outputs from the new inputs. */
  properties: Difference[];
}

export interface Difference {
  name: string;
  kind: "add" | "update" | "delete";
  /** Whether it wants a replacement. */
  replaces: boolean;
}

export interface ReadRequest {
  id: string;
  /** The outputs in state; empty for an import, and what `.get()` was given for that. */
  olds: Properties;
}

export type UpdateRequest = Pick<DiffRequest, "id" | "olds" | "news">;
export type DeleteRequest = Pick<DiffRequest, "id" | "olds">;

export interface Found {
  id: string;
  /** The outputs. */
  properties: Answer;
}

/** The resource exists, but is not as declared. State is to hold it, so that the next update can finish it. */
export class HalfDoneError extends Error {
  constructor(
    readonly found: Found,
    /** Kept in state in plain text: it quotes no value. */
    readonly reason: string,
    cause: Error,
  ) {
    super(cause.message, { cause });
  }
}

/** @param what of another version, such as `function cometapi:index:getKeys` */
export function lacking(what: string): Error {
  return new Error(
    `this provider has no ${what}. Install the same version of the plugin and of the program's SDK.`,
  );
}
