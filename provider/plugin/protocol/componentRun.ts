import * as pulumi from "@pulumi/pulumi";
import { type ConstructRequest, ConstructResponse } from "@pulumi/pulumi/proto/provider_pb";
import * as server from "@pulumi/pulumi/provider/server";
import * as state from "@pulumi/pulumi/runtime/state";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { ComponentHost } from "./plugin";

type Inputs = Record<string, pulumi.Input<unknown>>;

/** What a component hands to the program that declares it. */
interface Constructed {
  urn: pulumi.Output<string>;
  state: pulumi.Inputs;
}

/**
 * What Pulumi's own server for components consists of, and its types leave out. That server itself is no use here: it
 * serves no resource with a preview. test/plugin/construct.test.ts uses all of it.
 */
const { awaitFeatureSupport, waitForRPCs, setAllConfig, hookBindingFromProto } =
  pulumi.runtime as unknown as {
    awaitFeatureSupport(): Promise<void>;
    waitForRPCs(): Promise<void>;
    setAllConfig(config: Record<string, string>, secretKeys: string[]): void;
    hookBindingFromProto(
      hooks: ConstructRequest.ResourceHooksBinding | undefined,
    ): pulumi.ResourceHookBinding | undefined;
  };
const { deserializeInputs } = server as unknown as {
  deserializeInputs(
    inputs: Struct | undefined,
    dependencies: Pick<ReturnType<ConstructRequest["getInputdependenciesMap"]>, "get">,
  ): Promise<Inputs>;
};
const { withLocalStorage } = state as unknown as { withLocalStorage<T>(run: () => Promise<T>): Promise<T> };
const { DependencyResource, DependencyProviderResource } = pulumi as unknown as {
  DependencyResource: new (urn: string) => pulumi.Resource;
  DependencyProviderResource: new (reference: string) => pulumi.ProviderResource;
};

/**
 * Runs a component as a part of the program that declares it: what it registers goes to that program's engine.
 *
 * @param plain the arguments whose values have to be there before any resource is
 * @param create declares the component
 */
export function runComponent(
  request: ConstructRequest,
  host: ComponentHost,
  plain: readonly string[],
  create: (name: string, inputs: Inputs, options: pulumi.ComponentResourceOptions) => Constructed,
): Promise<ConstructResponse> {
  return orRejection(() =>
    // The SDK keeps there whose run this is: components are constructed side by side.
    withLocalStorage(async () => {
      await join(request, host.engineAddress);
      const inputs = await deserializeInputs(request.getInputs(), request.getInputdependenciesMap());
      const notPlain = plain.find((argument) => isOutput(inputs[argument]));
      if (notPlain !== undefined)
        throw new Error(
          `${request.getType().split(":").at(-1)} "${request.getName()}": ${notPlain} is secret or comes from a ` +
            "resource. Give a plain value: which resources there are depends on it.",
        );
      const options = {
        ...optionsOf(request),
        ...(await triggerOf(request)),
        providers: providersOf(request, host),
      };
      const response = await answer(create(request.getName(), inputs, options));
      await waitForRPCs();
      return response;
    }),
  );
}

function isOutput(input: unknown): boolean {
  return pulumi.Output.isInstance(input) || pulumi.isUnknown(input);
}

async function join(request: ConstructRequest, engineAddress: string): Promise<void> {
  pulumi.runtime.resetOptions(
    request.getProject(),
    request.getStack(),
    request.getParallel(),
    engineAddress,
    request.getMonitorendpoint(),
    request.getDryrun(),
    request.getOrganization(),
  );
  await awaitFeatureSupport();
  setAllConfig(Object.fromEntries(request.getConfigMap().toArray()), request.getConfigsecretkeysList());
}

/** The options that the program gave to the component. The engine itself sees to `transforms`. */
function optionsOf(request: ConstructRequest): pulumi.ComponentResourceOptions {
  const [parent, deletedWith] = [request.getParent(), request.getDeletedwith()];
  const timeouts = request.getCustomtimeouts();
  const hooks = hookBindingFromProto(request.getResourceHooks());
  const resource = (urn: string) => new DependencyResource(urn);
  return {
    aliases: request.getAliasesList().map(aliasOf),
    dependsOn: request.getDependenciesList().map(resource),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    replaceWith: request.getReplaceWithList().map(resource),
    ...(parent !== "" && { parent: resource(parent) }),
    ...(deletedWith !== "" && { deletedWith: resource(deletedWith) }),
    ...(timeouts !== undefined && { customTimeouts: timeoutsOf(timeouts) }),
    ...(request.hasProtect() && { protect: request.getProtect() === true }),
    ...(request.hasRetainondelete() && { retainOnDelete: request.getRetainondelete() === true }),
    ...(hooks !== undefined && { hooks }),
  };
}

/** One by one: `toObject()` calls a delete `pb_delete`, and Pulumi's own server loses it so. An older SDK knows no read. */
function timeoutsOf(timeouts: ConstructRequest.CustomTimeouts): pulumi.CustomTimeouts {
  const [create, update, remove] = [timeouts.getCreate(), timeouts.getUpdate(), timeouts.getDelete()];
  return { create, update, delete: remove, read: timeouts.getRead?.() ?? "" };
}

/** A change of it replaces: any value, as an argument is one. An older SDK knows no trigger. */
async function triggerOf(request: Partial<Pick<ConstructRequest, "getReplacementTrigger">>) {
  const value = request.getReplacementTrigger?.();
  if (value === undefined) return {};
  const struct = new Struct();
  struct.getFieldsMap().set("trigger", value);
  const { trigger } = await deserializeInputs(struct, new Map());
  return { replacementTrigger: pulumi.output(trigger) };
}

/**
 * The resources of a component have the provider that constructs it. The engine names that one only where a program has
 * listed it; without it the keys of a component would be in the account of the default provider.
 */
function providersOf(request: ConstructRequest, { provider }: ComponentHost) {
  const references = new Map(request.getProvidersMap().toArray());
  if (provider !== undefined)
    references.set(
      request.getType().split(":")[0] ?? "",
      `${provider.urn}::${provider.id || pulumi.runtime.unknownValue}`,
    );
  return Object.fromEntries(
    [...references].map(([name, reference]) => [name, new DependencyProviderResource(reference)]),
  );
}

/** An older SDK knows URNs alone. */
function aliasOf(
  alias: ReturnType<ConstructRequest["getAliasesList"]>[number] | string,
): string | pulumi.Alias {
  if (typeof alias === "string") return alias;
  const spec = alias.getSpec();
  if (spec === undefined) return alias.getUrn();
  const [name, project, stack] = [spec.getName(), spec.getProject(), spec.getStack()];
  return {
    ...(name !== "" && { name }),
    ...(project !== "" && { project }),
    ...(stack !== "" && { stack }),
    ...(spec.hasParenturn() && { parent: spec.getParenturn() }),
    ...(spec.getNoparent() && { parent: pulumi.rootStackResource }),
  };
}

async function answer({ urn, state }: Constructed): Promise<ConstructResponse> {
  const response = new ConstructResponse();
  response.setUrn(await known(urn));
  const [properties, dependencies] = await pulumi.runtime.serializeResourceProperties("component", state);
  response.setState(Struct.fromJavaScript(properties));
  for (const [name, resources] of dependencies) {
    const urns = new ConstructResponse.PropertyDependencies();
    urns.setUrnsList(await Promise.all([...resources].map((resource) => known(resource.urn))));
    response.getStatedependenciesMap().set(name, urns);
  }
  return response;
}

function known<T>(output: pulumi.Output<T>): Promise<T> {
  return (output as unknown as { promise(): Promise<T> }).promise();
}

const underWay = new Set<(reason: unknown) => void>();

/**
 * Runs `work`, which also ends with what is rejected outside of it. The SDK rejects promises that nobody awaits when a
 * resource of a component fails. Node would end the plugin, and the engine would report that instead of the failure.
 */
function orRejection<T>(work: () => Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    underWay.add(reject);
    void work()
      .then(resolve, reject)
      .finally(() => underWay.delete(reject));
  });
}

process.on("unhandledRejection", (reason) => {
  for (const reject of underWay) reject(reason);
});
