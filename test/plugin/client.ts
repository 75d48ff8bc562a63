/**
 * A plain client of the protocol, as the engine is one, and as much of an engine as a plugin talks to. Shares no code with
 * the plugin: what secrets and unknown values look like on the wire is written here once more.
 */

import { promisify } from "node:util";
import {
  type ClientUnaryCall,
  credentials,
  Server,
  ServerCredentials,
  type ServiceError,
} from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { type LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { PluginAttach } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { afterEach } from "vitest";
import { cometapi } from "../../provider/plugin/cometapi";
import { type Served, serve } from "../../provider/plugin/protocol/serve";
import type { CometServer, ServerOptions } from "../server";
import { start } from "../server/testing";

type Bag = Record<string, unknown>;

const signature = "4dabf18193072939515e22adb298388d";
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
export const secret = (value: unknown) => ({ [signature]: "1b47061264138c4ac30d75fd1eb44270", value });

export const keyType = "cometapi:index:CometApiKey";
export const urnOf = (name: string, type = keyType) => `urn:pulumi:dev::program::${type}::${name}`;

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** What a plugin has logged. */
export interface Logged {
  severity: "info" | "warning" | "error" | "debug";
  message: string;
  urn: string;
}

/** The part of an engine that plugins talk to. */
export async function serveEngine(log: (line: Logged) => void): Promise<{ address: string; stop(): void }> {
  const server = new Server();
  server.addService(EngineService, {
    log: ({ request }: { request: LogRequest }, callback: (error: null, answer: Empty) => void) => {
      const severity = (Object.keys(LogSeverity) as (keyof typeof LogSeverity)[]).find(
        (name) => LogSeverity[name] === request.getSeverity(),
      );
      log({
        severity: String(severity).toLowerCase() as Logged["severity"],
        message: request.getMessage(),
        urn: request.getUrn(),
      });
      callback(null, new Empty());
    },
  });
  const port = await promisify(server.bindAsync.bind(server))(
    "127.0.0.1:0",
    ServerCredentials.createInsecure(),
  );
  return { address: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

/** The same until the test ends, with all that was logged. */
export async function startEngine(): Promise<{ address: string; logged: Logged[] }> {
  const logged: Logged[] = [];
  const { address, stop } = await serveEngine((line) => logged.push(line));
  stops.push(stop);
  return { address, logged };
}

/** The failure of a call. */
export class CallFailed extends Error {
  constructor(
    readonly code: number,
    message: string,
    /** Of a resource that exists all the same. */
    readonly half?: { id: string; properties: Bag; reasons: string[] },
  ) {
    super(message);
  }
}

export async function failure(call: Promise<unknown>): Promise<CallFailed> {
  const error = await call.catch((reason: unknown) => reason);
  if (error instanceof CallFailed) return error;
  throw error instanceof Error ? error : new Error("the call succeeded, but was to fail");
}

/** One plugin, as one provider of a program has it. */
export class Client {
  private readonly client: ResourceProviderClient;
  private readonly calls: ClientUnaryCall[] = [];

  constructor(
    served: Pick<Served, "port">,
    readonly logged: Logged[],
    readonly engineAddress: string,
  ) {
    this.client = new ResourceProviderClient(`127.0.0.1:${served.port}`, credentials.createInsecure());
  }

  /** As an engine that goes away. */
  close(): void {
    this.abandon();
    this.client.close();
  }

  /** The calls under way fail: nobody gets their answers. */
  abandon(): void {
    for (const call of this.calls.splice(0)) call.cancel();
  }

  async handshake() {
    const request = new rpc.ProviderHandshakeRequest();
    request.setEngineAddress(this.engineAddress);
    return (await this.call<rpc.ProviderHandshakeResponse>("handshake", request)).toObject();
  }

  async attach(address: string): Promise<void> {
    const request = new PluginAttach();
    request.setAddress(address);
    await this.call("attach", request);
  }

  async pluginInfo() {
    return (await this.call<{ toObject(): { version: string } }>("getPluginInfo", new Empty())).toObject();
  }

  async schema(): Promise<string> {
    return (await this.call<rpc.GetSchemaResponse>("getSchema", new rpc.GetSchemaRequest())).getSchema();
  }

  async cancel(): Promise<void> {
    await this.call("cancel", new Empty());
  }

  unimplemented(method: "getMapping" | "getMappings" | "parameterize" | "call"): Promise<unknown> {
    const requests = {
      getMapping: new rpc.GetMappingRequest(),
      getMappings: new rpc.GetMappingsRequest(),
      parameterize: new rpc.ParameterizeRequest(),
      call: new rpc.CallRequest(),
    };
    return this.call(method, requests[method]);
  }

  async checkConfig(news: Bag, provider = "default", olds: Bag = {}) {
    const request = new rpc.CheckRequest();
    request.setUrn(urnOf(provider, "pulumi:providers:cometapi"));
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    return checked(await this.call<rpc.CheckResponse>("checkConfig", request));
  }

  async diffConfig(olds: Bag, news: Bag) {
    const request = new rpc.DiffRequest();
    request.setUrn(urnOf("default", "pulumi:providers:cometapi"));
    request.setOldInputs(struct(olds));
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    return diffed(await this.call<rpc.DiffResponse>("diffConfig", request));
  }

  async configure(args: Bag, provider = "default") {
    const request = new rpc.ConfigureRequest();
    request.setArgs(struct(args));
    request.setAcceptsecrets(true);
    request.setUrn(urnOf(provider, "pulumi:providers:cometapi"));
    request.setName(provider);
    request.setId("7");
    return (await this.call<rpc.ConfigureResponse>("configure", request)).toObject();
  }

  async invoke(token: string, args: Bag = {}): Promise<Bag> {
    const request = new rpc.InvokeRequest();
    request.setTok(token);
    request.setArgs(struct(args));
    return plain((await this.call<rpc.InvokeResponse>("invoke", request)).getReturn());
  }

  async check(
    name: string,
    news: Bag,
    { olds = {}, seed = "", autonaming, type = keyType, urnOnly = false }: CheckOptions = {},
  ) {
    const request = new rpc.CheckRequest();
    request.setUrn(urnOf(name, type));
    if (!urnOnly) request.setName(name);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    request.setRandomseed(Buffer.from(seed));
    if (autonaming !== undefined) {
      const options = new rpc.CheckRequest.AutonamingOptions();
      options.setMode(rpc.CheckRequest.AutonamingOptions.Mode[autonaming.mode]);
      options.setProposedName(autonaming.name ?? "");
      request.setAutonaming(options);
    }
    return checked(await this.call<rpc.CheckResponse>("check", request));
  }

  async diff(id: string, { olds, oldInputs, news, ignoreChanges = [] }: DiffOptions) {
    const request = new rpc.DiffRequest();
    request.setIgnorechangesList(ignoreChanges);
    request.setId(id);
    request.setUrn(urnOf("backend"));
    request.setOlds(struct(olds));
    request.setOldInputs(struct(oldInputs));
    request.setNews(struct(news));
    return diffed(await this.call<rpc.DiffResponse>("diff", request));
  }

  async create(name: string, inputs: Bag, { preview = false, timeout = 0, type = keyType } = {}) {
    const request = new rpc.CreateRequest();
    request.setUrn(urnOf(name, type));
    request.setProperties(struct(inputs));
    request.setPreview(preview);
    request.setTimeout(timeout);
    const response = await this.call<rpc.CreateResponse>("create", request);
    return { id: response.getId(), properties: plain(response.getProperties()) };
  }

  async read(id: string, { properties, inputs, timeout = 0 }: ReadOptions = {}) {
    const request = new rpc.ReadRequest();
    request.setTimeout(timeout);
    request.setId(id);
    request.setUrn(urnOf("backend"));
    if (properties !== undefined) request.setProperties(struct(properties));
    if (inputs !== undefined) request.setInputs(struct(inputs));
    const response = await this.call<rpc.ReadResponse>("read", request);
    return {
      id: response.getId(),
      properties: plain(response.getProperties()),
      inputs: plain(response.getInputs()),
    };
  }

  async update(
    id: string,
    { name = "backend", olds, news, preview = false, timeout = 0, ignoreChanges = [] }: UpdateOptions,
  ): Promise<Bag> {
    const request = new rpc.UpdateRequest();
    request.setIgnorechangesList(ignoreChanges);
    request.setId(id);
    request.setUrn(urnOf(name));
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    request.setPreview(preview);
    request.setTimeout(timeout);
    return plain((await this.call<rpc.UpdateResponse>("update", request)).getProperties());
  }

  async delete(id: string, properties: Bag, timeout = 0): Promise<void> {
    const request = new rpc.DeleteRequest();
    request.setTimeout(timeout);
    request.setId(id);
    request.setUrn(urnOf("backend"));
    request.setProperties(struct(properties));
    await this.call("delete", request);
  }

  /** @param monitor the address of what registers the resources of programs */
  async construct(
    monitor: string,
    inputs: Bag,
    { type = "cometapi:index:RotatingCometApiKey", preview = false, given }: ConstructOptions = {},
  ) {
    const request = new rpc.ConstructRequest();
    request.setProject("program");
    request.setStack("dev");
    request.setMonitorendpoint(monitor);
    request.setType(type);
    request.setName("rotating");
    request.setInputs(struct(inputs));
    request.setDryrun(preview);
    given?.(request);
    const response = await this.call<rpc.ConstructResponse>("construct", request);
    const dependencies = response.getStatedependenciesMap().toArray();
    return {
      urn: response.getUrn(),
      state: plain(response.getState()),
      dependencies: Object.fromEntries(
        dependencies.map(([name, urns]) => [name, (urns as unknown as string[][]).flat()]),
      ),
    };
  }

  /** Checks and creates, as an `up` does. */
  async up(name: string, declared: Bag) {
    const { inputs, failures } = await this.check(name, declared);
    if (failures.length > 0) throw new Error(JSON.stringify(failures));
    return { inputs, ...(await this.create(name, inputs)) };
  }

  private call<Response>(method: string, request: unknown): Promise<Response> {
    type Done = (error: ServiceError | null, response: Response) => void;
    const methods = this.client as unknown as Record<
      string,
      (request: unknown, done: Done) => ClientUnaryCall
    >;
    return new Promise((resolve, reject) => {
      const call = methods[method]?.call(this.client, request, (error, response) =>
        error ? reject(callFailed(error)) : resolve(response),
      );
      if (call !== undefined) this.calls.push(call);
    });
  }
}

interface CheckOptions {
  /** As an old engine, which does not send the name by itself. */
  urnOnly?: boolean;
  olds?: Bag;
  seed?: string;
  autonaming?: { mode: "PROPOSE" | "ENFORCE" | "DISABLE"; name?: string };
  type?: string;
}

interface ConstructOptions {
  type?: string;
  preview?: boolean;
  /** Gives it options. */
  given?: (request: rpc.ConstructRequest) => void;
}

interface DiffOptions {
  olds: Bag;
  oldInputs: Bag;
  news: Bag;
  ignoreChanges?: string[];
}

interface ReadOptions {
  properties?: Bag;
  inputs?: Bag;
  /** In seconds. */
  timeout?: number;
}

interface UpdateOptions {
  name?: string;
  olds: Bag;
  news: Bag;
  preview?: boolean;
  /** In seconds. */
  timeout?: number;
  ignoreChanges?: string[];
}

/** A client until the test ends. */
export function connect(...given: ConstructorParameters<typeof Client>): Client {
  const client = new Client(...given);
  stops.push(() => client.close());
  return client;
}

/** A plugin that the engine has started, but not spoken to yet. */
export async function startPlugin(): Promise<Client> {
  const { address, logged } = await startEngine();
  const served = await serve(cometapi({ version: "1.2.3", schema: () => '{"name":"cometapi"}' }));
  stops.push(served.stop);
  return connect(served, logged, address);
}

/** A plugin that is ready for the account of a server. */
export async function configured(
  server: CometServer,
  settings: Bag = {},
  provider?: string,
): Promise<Client> {
  const client = await startPlugin();
  await client.handshake();
  const account = { accessToken: secret(server.account.token), baseUrl: server.url };
  await client.configure({ ...account, ...settings }, provider);
  return client;
}

/** The same, with a server of its own. */
export async function setUp(
  options: ServerOptions = {},
  settings: Bag = {},
): Promise<{ server: CometServer; client: Client }> {
  const server = await start({ now: () => Date.now(), ...options });
  return { server, client: await configured(server, settings) };
}

function struct(bag: Bag): Struct {
  return Struct.fromJavaScript(bag as Record<string, JavaScriptValue>);
}

function plain(answered: Struct | undefined): Bag {
  return answered?.toJavaScript() ?? {};
}

function checked(response: rpc.CheckResponse) {
  return {
    inputs: plain(response.getInputs()),
    failures: response.getFailuresList().map((failure) => failure.toObject()),
  };
}

function diffed(response: rpc.DiffResponse) {
  const { DiffChanges } = rpc.DiffResponse;
  const kinds = Object.entries(rpc.PropertyDiff.Kind);
  const details = [...response.getDetaileddiffMap().entries()];
  return {
    changed: response.getChanges() === DiffChanges.DIFF_SOME,
    replaces: response.getReplacesList(),
    diffs: response.getDiffsList(),
    hasDetails: response.getHasdetaileddiff(),
    details: Object.fromEntries(
      details.map(([name, detail]) => [name, kinds.find(([, kind]) => kind === detail.getKind())?.[0]]),
    ),
    /** Whether each of them is about the inputs. */
    aboutInputs: details.every(([, detail]) => detail.getInputdiff()),
  };
}

function callFailed({ code, details, metadata }: ServiceError): CallFailed {
  const [packed] = metadata.get("grpc-status-details-bin");
  if (!(packed instanceof Buffer)) return new CallFailed(code, details);
  const [detail] = Status.deserializeBinary(packed).getDetailsList();
  const half = detail?.unpack(
    (bytes) => rpc.ErrorResourceInitFailed.deserializeBinary(bytes),
    "pulumirpc.ErrorResourceInitFailed",
  );
  if (!half) throw new Error("the details of an error are of an unknown type");
  return new CallFailed(code, details, {
    id: half.getId(),
    properties: plain(half.getProperties()),
    reasons: half.getReasonsList(),
  });
}
