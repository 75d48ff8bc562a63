import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { diffResponse } from "./diffResponse";
import type { EngineLog } from "./engineLog";
import { discardUnknown, type EngineRun } from "./engineRun";
import {
  type CheckRequest,
  type Configured,
  type Failure,
  HalfDoneError,
  lacking,
  type ResourceType,
} from "./plugin";
import type { Secrecy } from "./secrecy";
import { InitFailedError, unary } from "./status";
import { type Received, receive, send } from "./values";

/** What every call about a resource says of it. */
interface AboutResource {
  getUrn(): string;
}

/** The calls about one resource, by its type. */
export class ResourceCalls {
  constructor(
    private readonly provider: () => Configured,
    private readonly ownerChanged: () => boolean,
    private readonly log: EngineLog,
    private readonly run: EngineRun,
    private readonly secrecy: Secrecy,
  ) {}

  methods() {
    return {
      check: this.answering(async (type, request: rpc.CheckRequest) => {
        const [olds, news] = [this.receive(type, request.getOlds()), this.receive(type, request.getNews())];
        const { inputs, failures } = await type.check({
          urn: request.getUrn(),
          name: request.getName() || logicalName(request.getUrn()),
          olds: olds.values,
          news: news.values,
          seed: request.getRandomseed_asU8(),
          autonaming: autonamingOf(request),
        });
        const response = new rpc.CheckResponse();
        response.setInputs(send(inputs, secretOf(type, news)));
        response.setFailuresList(failures.map((failure) => checkFailure(failure, this.secrecy.hide)));
        return response;
      }),

      diff: this.answering(async (type, request: rpc.DiffRequest) => {
        const oldInputs = this.receive(type, request.getOldInputs()).values;
        const news = this.receive(type, request.getNews()).values;
        const olds = this.receive(type, request.getOlds()).values;
        const ownerChanged = this.ownerChanged();
        const diff = await type.diff({ id: request.getId(), olds, oldInputs, news, ownerChanged });
        return diffResponse(diff);
      }),

      create: this.answering(async (type, request: rpc.CreateRequest, isAwaited) => {
        const inputs = this.receive(type, request.getProperties());
        const response = new rpc.CreateResponse();
        if (request.getPreview()) {
          response.setProperties(send(type.previewCreate(inputs.values), secretOf(type, inputs)));
          return response;
        }
        const timeoutMs = timeoutOf(request);
        const secret = secretOf(type, inputs);
        const { id, properties } = await this.orHalfDone(secret, () =>
          discardUnknown(type, isAwaited, () => type.create(inputs.values, timeoutMs)),
        );
        response.setId(id);
        response.setProperties(send(properties, secret));
        return response;
      }),

      read: this.answering(async (type, request: rpc.ReadRequest) => {
        const [olds, oldInputs] = [
          this.receive(type, request.getProperties()),
          this.receive(type, request.getInputs()),
        ];
        const found = await type.read({ id: request.getId(), olds: olds.values }, timeoutOf(request));
        const response = new rpc.ReadResponse();
        // No id is how the engine is told that the resource is gone.
        if (found === undefined) return response;
        const secret = secretOf(type, olds, oldInputs);
        response.setId(found.id);
        response.setProperties(send(found.properties, secret));
        response.setInputs(send(found.inputs, secret));
        return response;
      }),

      update: this.answering(async (type, request: rpc.UpdateRequest) => {
        const [olds, news] = [this.receive(type, request.getOlds()), this.receive(type, request.getNews())];
        const about = { id: request.getId(), olds: olds.values, news: news.values };
        const timeoutMs = timeoutOf(request);
        // An update that fails may leave some of the old values.
        const properties = request.getPreview()
          ? type.previewUpdate(about)
          : await this.orHalfDone(secretOf(type, olds, news), () => type.update(about, timeoutMs));
        const response = new rpc.UpdateResponse();
        response.setProperties(send(properties, secretOf(type, news)));
        return response;
      }),

      delete: this.answering(async (type, request: rpc.DeleteRequest) => {
        const olds = this.receive(type, request.getProperties()).values;
        await type.delete({ id: request.getId(), olds }, timeoutOf(request));
        return new Empty();
      }),
    };
  }

  /** What is secret in it is noted in every spelling that a message may have. */
  private receive(type: ResourceType, struct: Struct | undefined): Received {
    const received = receive(struct, this.secrecy.note);
    for (const name of received.secret)
      for (const spelling of type.spellings?.(name, received.values[name]) ?? []) this.secrecy.note(spelling);
    return received;
  }

  private answering<Request extends AboutResource, Response>(
    answer: (type: ResourceType, request: Request, isAwaited: () => boolean) => Promise<Response>,
  ) {
    const work = async (request: Request, isAwaited: () => boolean): Promise<Response> => {
      const token = typeToken(request.getUrn());
      const type = this.provider().resources[token];
      if (type === undefined) throw lacking(`resource ${token}`);
      return answer(type, request, isAwaited);
    };
    return unary(
      (request: Request, isAwaited) =>
        this.log.beside(request.getUrn(), () => work(request, isAwaited).finally(() => this.log.flush())),
      this.run,
      this.secrecy.hide,
    );
  }

  /** Runs what may leave a resource behind that is not as declared. */
  private async orHalfDone<T>(secret: ReadonlySet<string>, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HalfDoneError)) throw error;
      // The engine shows the reason in place of the message, and keeps it in state in plain text.
      await this.log.error(error.message);
      const { id, properties } = error.found;
      throw new InitFailedError(id, send(properties, secret), error.reason);
    }
  }
}

function autonamingOf(request: rpc.CheckRequest): CheckRequest["autonaming"] {
  const given = request.getAutonaming();
  const { Mode } = rpc.CheckRequest.AutonamingOptions;
  if (given === undefined) return undefined;
  if (given.getMode() === Mode.DISABLE) return { mode: "disable" };
  return { mode: given.getMode() === Mode.ENFORCE ? "enforce" : "propose", name: given.getProposedName() };
}

/** In milliseconds. Without `customTimeouts` the engine sends 0. An older SDK knows none of a read. */
function timeoutOf(request: { getTimeout?(): number }): number | undefined {
  const seconds = request.getTimeout?.() ?? 0;
  return seconds > 0 ? seconds * 1000 : undefined;
}

/** What is secret of an answer: what is so by its nature, what was so in the request, and what gives that away. */
function secretOf({ secret, givesAway = {} }: ResourceType, ...received: Received[]): ReadonlySet<string> {
  const names = [...secret, ...received.flatMap((bag) => [...bag.secret])];
  return new Set(names.flatMap((name) => [name, ...(givesAway[name] ?? [])]));
}

export function checkFailure(
  { property, reason }: Failure,
  hide: (message: string) => string,
): rpc.CheckFailure {
  const failure = new rpc.CheckFailure();
  failure.setProperty(property);
  failure.setReason(hide(reason));
  return failure;
}

/** Of `urn:pulumi:stack::project::parent$type::name`. */
function typeToken(urn: string): string {
  return (urn.split("::")[2] ?? "").replace(/^.*\$/, "");
}

export function logicalName(urn: string): string {
  return urn.split("::").slice(3).join("::");
}
