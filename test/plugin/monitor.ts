/** The part of an engine that programs talk to: it registers what they declare. */

import { promisify } from "node:util";
import { Server, ServerCredentials, type ServiceError, status } from "@grpc/grpc-js";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import {
  type RegisterResourceRequest,
  RegisterResourceResponse,
  type SupportsFeatureRequest,
  SupportsFeatureResponse,
} from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { onTestFinished } from "vitest";
import { secret, urnOf } from "./client";

type Callback<T> = (error: Partial<ServiceError> | null, answer?: T) => void;
export type Registered = Omit<ReturnType<RegisterResourceRequest["toObject"]>, "replacementTrigger"> & {
  inputs: object;
  replacementTrigger: unknown;
};

export interface Monitor {
  address: string;
  registered: Registered[];
}

const features = [
  "secrets",
  "resourceReferences",
  "aliasSpecs",
  "deletedWith",
  "resourceHooks",
  "replaceWith",
];

/** @param refused what the engine says when it fails to create a key */
export async function startMonitor(refused?: string): Promise<Monitor> {
  const registered: Registered[] = [];
  const server = new Server();
  server.addService(ResourceMonitorService, {
    supportsFeature(
      { request }: { request: SupportsFeatureRequest },
      done: Callback<SupportsFeatureResponse>,
    ) {
      const response = new SupportsFeatureResponse();
      response.setHassupport(features.includes(request.getId()));
      done(null, response);
    },
    registerResource(
      { request }: { request: RegisterResourceRequest },
      done: Callback<RegisterResourceResponse>,
    ) {
      const type = request.getType();
      const inputs = request.getObject()?.toJavaScript() ?? {};
      const replacementTrigger = request.getReplacementTrigger()?.toJavaScript();
      registered.push({ ...request.toObject(), inputs, replacementTrigger });
      const isKey = type === "cometapi:index:CometApiKey";
      if (isKey && refused !== undefined) {
        done({ code: status.UNKNOWN, details: refused });
        return;
      }
      const response = new RegisterResourceResponse();
      response.setUrn(urnOf(request.getName(), type));
      response.setId(request.getCustom() ? "1001" : "");
      response.setObject(
        Struct.fromJavaScript({ ...inputs, ...(isKey && { key: secret("sk-1"), name: "drawn" }) }),
      );
      done(null, response);
    },
    registerResourceOutputs: (_: unknown, done: Callback<Empty>) => done(null, new Empty()),
  });
  const port = await promisify(server.bindAsync.bind(server))(
    "127.0.0.1:0",
    ServerCredentials.createInsecure(),
  );
  onTestFinished(() => server.forceShutdown());
  return { address: `127.0.0.1:${port}`, registered };
}
