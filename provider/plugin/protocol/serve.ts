import { Server, ServerCredentials } from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { EngineLog } from "./engineLog";
import { EngineRun } from "./engineRun";
import {
  type ComponentHost,
  type Configured,
  lacking,
  type Plugin,
  type PluginHost,
  type ProviderName,
} from "./plugin";
import { checkFailure, logicalName, ResourceCalls } from "./resourceCalls";
import { Secrecy } from "./secrecy";
import { unary } from "./status";
import { type Received, receive, send } from "./values";

/** A plugin that is being served. */
export interface Served {
  port: number;
  /** Ends at once. */
  stop(): void;
  /** The engine is gone. Ends when the calls under way have, which wait for nothing any more. */
  end(): Promise<void>;
}

/** States of a large stack are larger than the 4 MB that gRPC takes by default. */
const largestMessage = 400 * 1024 * 1024;

/**
 * Serves the protocol of Pulumi's resource providers. Knows nothing of what the plugin is about.
 *
 * @param engineAddress as the engine gives it on the command line; most engines give it again by Handshake
 */
export async function serve(plugin: Plugin, engineAddress?: string): Promise<Served> {
  const server = new Server({
    "grpc.max_receive_message_length": largestMessage,
    "grpc.max_send_message_length": largestMessage,
  });
  const run = new EngineRun();
  server.addService(ResourceProviderService, methodsOf(plugin, run, engineAddress));
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const stop = () => server.forceShutdown();
  return { port, stop, end: () => run.end().then(stop) };
}

/** One function for each call of the protocol. What is missing is answered with "unimplemented". */
function methodsOf(plugin: Plugin, run: EngineRun, engineAddress: string | undefined) {
  const secrecy = new Secrecy();
  const log = new EngineLog(secrecy.hide);
  if (engineAddress !== undefined) log.connect(engineAddress);
  let configured: Configured | undefined;
  let self: ComponentHost["provider"];
  let ownerChanged = false;

  const provider = (): Configured => {
    if (configured === undefined) throw new Error("the provider was used before it was configured");
    return configured;
  };
  const received = (struct: Parameters<typeof receive>[0]): Received => receive(struct, secrecy.note);
  const host: PluginHost = {
    info: (line) => log.info(line),
    warn: (line, urn) => log.warn(line, urn),
    cancelled: run.cancelled,
  };
  const calls = new ResourceCalls(provider, () => ownerChanged, log, run, secrecy);

  const plain = <Request, Response>(answer: (request: Request) => Promise<Response>) =>
    unary((request: Request) => answer(request).finally(() => log.flush()), run, secrecy.hide);

  return {
    ...calls.methods(),

    handshake: plain(async (request: rpc.ProviderHandshakeRequest) => {
      log.connect(request.getEngineAddress());
      const response = new rpc.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),

    /** How a plugin that somebody started under a debugger is told of the engine. */
    attach: plain(async (request: { getAddress(): string }) => {
      log.connect(request.getAddress());
      return new Empty();
    }),

    getPluginInfo: plain(async () => {
      const info = new PluginInfo();
      info.setVersion(plugin.version);
      return info;
    }),

    getSchema: plain(async () => {
      const response = new rpc.GetSchemaResponse();
      response.setSchema(plugin.schema());
      return response;
    }),

    checkConfig: plain(async (request: rpc.CheckRequest) => {
      const news = received(request.getNews());
      const olds = received(request.getOlds()).values;
      const about = { olds, news: news.values, provider: providerName(request.getUrn()) };
      const { inputs, failures } = await plugin.checkSettings(about, host);
      const response = new rpc.CheckResponse();
      response.setInputs(send(inputs, new Set([...plugin.secretSettings, ...news.secret])));
      response.setFailuresList(failures.map((failure) => checkFailure(failure, secrecy.hide)));
      return response;
    }),

    /**
     * Never a replacement: the engine would replace every resource of the provider with it. It asks this of the new
     * provider too when a resource goes from one provider to another, even from one of another package.
     */
    diffConfig: plain(async (request: rpc.DiffRequest) => {
      const olds = received(request.getOldInputs() ?? request.getOlds()).values;
      const news = received(request.getNews()).values;
      const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
      const changed = names.filter((name) => JSON.stringify(olds[name]) !== JSON.stringify(news[name]));
      ownerChanged ||= changed.some((name) => plugin.ownerSettings.includes(name));
      const response = new rpc.DiffResponse();
      const { DIFF_NONE, DIFF_SOME } = rpc.DiffResponse.DiffChanges;
      response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
      response.setDiffsList(changed);
      return response;
    }),

    configure: plain(async (request: rpc.ConfigureRequest) => {
      const { values } = received(request.getArgs());
      const urn = request.getUrn() ?? "";
      const name = request.getName() === undefined ? undefined : providerName(urn);
      if (urn !== "") self = { urn, id: request.getId() ?? "" };
      configured = plugin.configure(values, name, host);
      const response = new rpc.ConfigureResponse();
      // For an engine without Handshake.
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),

    invoke: plain(async (request: rpc.InvokeRequest) => {
      const token = request.getTok();
      const work = provider().functions[token];
      if (work === undefined) throw lacking(`function ${token}`);
      const args = received(request.getArgs());
      const result = await work(args.values);
      const response = new rpc.InvokeResponse();
      // For a plugin that takes secrets as secrets, the engine no longer marks what has come of one.
      response.setReturn(send(result, new Set(args.secret.size > 0 ? Object.keys(result) : [])));
      return response;
    }),

    /** Advice to end what can be ended: the engine goes on waiting for the calls under way. */
    cancel: plain(async () => {
      run.cancel();
      return new Empty();
    }),

    construct: plain(async (request: rpc.ConstructRequest) => {
      const { engineAddress } = log;
      if (plugin.construct === undefined || engineAddress === undefined)
        throw lacking(`component ${request.getType()}`);
      // So that no message quotes what is secret in them.
      received(request.getInputs());
      return plugin.construct(request, { engineAddress, provider: self });
    }),
  };
}

/**
 * The engine calls its default provider `default`, with the version and the download URL of a program that asks for them:
 * `default_1_2_3_https_/example.com`. By nothing else does it differ from one that a program calls so.
 */
function providerName(urn: string): ProviderName {
  const name = logicalName(urn);
  return name === "" || /^default(_\d+_\d+_\d+.*|_.*[./].*)?$/.test(name) ? undefined : name;
}
