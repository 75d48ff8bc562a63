import { type handleUnaryCall, Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { EngineRun } from "./engineRun";

/** How a call fails. The code is a number: passed on, the string codes of Node's own errors read "Unknown Error". */
type Failed = Pick<StatusObject, "code" | "details"> & { metadata?: Metadata };

/** A failure after which the engine keeps the resource in state, and updates it in the next run. */
export class InitFailedError extends Error {
  /** @param reason stands in state in plain text */
  constructor(
    readonly id: string,
    readonly properties: Struct,
    readonly reason: string,
  ) {
    super(reason);
  }
}

/**
 * Answers one kind of call. Of whatever is thrown the engine prints the message, and nothing more.
 *
 * @param answer is also told whether anybody still waits for it
 * @param hide removes secrets from a message
 */
export function unary<Request, Response>(
  answer: (request: Request, isAwaited: () => boolean) => Promise<Response>,
  run: EngineRun,
  hide: (message: string) => string,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    run.track(
      answer(call.request, () => run.isAwaited(call)).then(
        (response) => callback(null, response),
        (error: unknown) =>
          callback(error instanceof InitFailedError ? initFailed(error) : failed(hide(messageOf(error)))),
      ),
    );
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failed(message: string): Failed {
  return { code: status.UNKNOWN, details: message };
}

function initFailed({ id, properties, reason }: InitFailedError): Failed {
  const detail = new ErrorResourceInitFailed();
  detail.setId(id);
  detail.setProperties(properties);
  detail.setReasonsList([reason]);
  const packed = new Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const whole = new Status();
  whole.setCode(status.UNKNOWN);
  whole.setMessage(reason);
  whole.addDetails(packed);
  const metadata = new Metadata();
  // The name by which gRPC sends a message as part of an error.
  metadata.add("grpc-status-details-bin", Buffer.from(whole.serializeBinary()));
  return { ...failed(reason), metadata };
}
