import { expect } from "vitest";
import { ResourceInitFailedError } from "../../provider/errors";
import type { KeyInputs, KeyState } from "../../provider/key/types";
import { KeyLifecycle } from "../../provider/lifecycle/lifecycle";
import type { KeyCheck, KeyHost } from "../../provider/lifecycle/request";
import { keyResource } from "../../provider/plugin/keys";
import type { PluginHost } from "../../provider/plugin/protocol/plugin";
import { serve } from "../../provider/plugin/protocol/serve";
import { CallFailed, Client, keyType, type Logged, secret, serveEngine } from "./client";

type Bag = Record<string, unknown>;

/** What an engine asks about a key. */
export interface Keys extends Pick<KeyLifecycle, "checkLocally" | "check" | "create" | "read"> {
  diff(id: string, old: KeyState, inputs: KeyInputs, oldInputs: KeyInputs): Due | Promise<Due>;
  update(id: string, old: KeyState, inputs: KeyInputs): Promise<KeyState>;
  delete(id: string, old: Partial<KeyState>): Promise<void>;
}

type Due = ReturnType<KeyLifecycle["diff"]>;

/**
 * The lifecycle as an engine reaches it: by gRPC, through a plugin of its own. Holds what every answer has to keep to,
 * whatever a test is about: `key` is a secret and nothing else is, and a half-made key says nothing of values.
 */
export class PluginKeys implements Keys {
  private readonly logged: Logged[] = [];
  private started: Promise<Client> | undefined;
  private readonly stops: (() => void)[] = [];
  private calls = 0;

  /** @param host what the lifecycle in the plugin gets, but for its log, which goes through the engine */
  constructor(private readonly host: KeyHost) {}

  stop(): void {
    for (const stop of this.stops.splice(0).reverse()) stop();
  }

  /** No call of the protocol: what a declaration means is the same in every process. */
  checkLocally(request: KeyCheck) {
    return new KeyLifecycle(this.host).checkLocally(request);
  }

  async check({ declared, old, logicalName }: KeyCheck) {
    const { inputs, failures } = await (await this.client()).check(logicalName, defined(declared), {
      olds: defined(old),
      seed: crypto.randomUUID(),
    });
    return { inputs: inputs as unknown as KeyInputs, failures };
  }

  async diff(id: string, old: KeyState, inputs: KeyInputs, oldInputs: KeyInputs): Promise<Due> {
    const states = { olds: sealed(old), oldInputs: defined(oldInputs), news: defined(inputs) };
    const { changed, replaces, diffs } = await (await this.client()).diff(id, states);
    return { changed, moved: replaces.length > 0, properties: diffs as Due["properties"] };
  }

  create(inputs: KeyInputs, timeoutMs = 0) {
    return this.orHalfMade(async (client, name) => {
      const { id, properties } = await client.create(name, defined(inputs), { timeout: timeoutMs / 1000 });
      return { id, state: opened(properties) };
    });
  }

  async read(id: string, old: Partial<KeyState>) {
    const isImport = Object.keys(old).length === 0;
    const found = await (await this.client()).read(id, isImport ? {} : { properties: sealed(old) });
    if (found.id === "") return undefined;
    return { state: opened(found.properties), inputs: found.inputs as unknown as KeyInputs };
  }

  update(id: string, old: KeyState, inputs: KeyInputs): Promise<KeyState> {
    return this.orHalfMade(async (client, name) =>
      opened(await client.update(id, { name, olds: sealed(old), news: defined(inputs) })),
    );
  }

  async delete(id: string, old: Partial<KeyState>): Promise<void> {
    await (await this.client()).delete(id, sealed(old));
  }

  /** @param work is given a name that no other call has, by which the log tells whose error it shows */
  private async orHalfMade<T>(work: (client: Client, name: string) => Promise<T>): Promise<T> {
    const name = `call-${++this.calls}`;
    try {
      return await work(await this.client(), name);
    } catch (error) {
      if (!(error instanceof CallFailed) || error.half === undefined) throw error;
      const { id, properties, reasons } = error.half;
      expect(reasons, "what state keeps in plain text").toEqual([
        expect.stringMatching(/^the key exists, but/),
      ]);
      const shown = this.logged.filter((line) => line.severity === "error" && nameOf(line) === name);
      expect(shown, "the engine shows why, once").toHaveLength(1);
      throw new ResourceInitFailedError(id, opened(properties), new Error(shown[0]?.message));
    }
  }

  private client(): Promise<Client> {
    this.started ??= this.start();
    return this.started;
  }

  private async start(): Promise<Client> {
    const engine = await serveEngine((line) => this.hear(line));
    this.stops.push(engine.stop);
    const lifecycleIn = ({ info, warn, cancelled }: PluginHost) =>
      new KeyLifecycle({ ...this.host, info, warn, cancelled });
    const served = await serve({
      version: "1.2.3",
      schema: () => "{}",
      secretSettings: [],
      ownerSettings: [],
      checkSettings: async ({ news }) => ({ inputs: news, failures: [] }),
      configure: (_settings, _provider, pluginHost) => ({
        resources: { [keyType]: keyResource(lifecycleIn(pluginHost), () => undefined) },
        functions: {},
      }),
    });
    this.stops.push(served.stop);
    const client = new Client(served, this.logged, engine.address);
    this.stops.push(() => client.close());
    await client.handshake();
    await client.configure({});
    return client;
  }

  private hear(line: Logged): void {
    this.logged.push(line);
    if (line.severity === "info") this.host.info(line.message);
    if (line.severity === "warning") void this.host.warn(line.message, nameOf(line) || undefined);
  }
}

function nameOf({ urn }: Logged): string {
  return urn.split("::").at(-1) ?? "";
}

/** A state as the engine gives it back: with the secret marked as one. */
function sealed({ key, ...plain }: Partial<KeyState>): Bag {
  return defined({ ...plain, ...(key !== undefined && { key: secret(key) }) });
}

/** The outputs of a key that has a secret, but for what is the dynamic host's. */
function opened({ __provider, key, ...plain }: Bag): KeyState {
  expect(__provider, "for a stack that moves back").toEqual(expect.any(String));
  // A key whose secret could not be read yet has none.
  if (key !== undefined) expect(key, "marked as a secret").toEqual(secret(expect.any(String)));
  expect(JSON.stringify(plain), "nothing else is a secret").not.toContain(Object.keys(secret(""))[0]);
  return {
    ...plain,
    ...(key !== undefined && { key: (key as { value: string }).value }),
  } as unknown as KeyState;
}

/** A protobuf struct cannot hold undefined, nor can an engine send it. */
function defined(bag: object): Bag {
  return JSON.parse(JSON.stringify(bag)) as Bag;
}
