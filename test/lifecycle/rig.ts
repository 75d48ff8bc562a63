import { setImmediate } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { afterEach, expect } from "vitest";
import type { Clock } from "../../provider/api/clock";
import type { Limits } from "../../provider/api/transport";
import { readConfig } from "../../provider/config/config";
import { ResourceInitFailedError } from "../../provider/errors";
import type { KeyInputs, KeyState } from "../../provider/key/types";
import { KeyLifecycle } from "../../provider/lifecycle/lifecycle";
import type { KeyHost } from "../../provider/lifecycle/request";
import { type Keys, PluginKeys } from "../plugin/keys";
import {
  type CometServer,
  faults,
  type KeyView,
  newApi,
  newApi2025December,
  noLimits,
  type Personality,
  type ServerOptions,
  startServer,
} from "../server";
import { isPlugin } from "./host";

/** 2026-01-01. Time passes only when the provider waits, or a test says so. */
const start = 1_767_225_600_000;

/** A server and a provider that share one clock on which waiting takes no time. */
export class Rig {
  readonly told: string[] = [];
  /** Warnings, each with the logical name of its resource in front. */
  readonly warned: string[] = [];
  /** What the provider waited for in all, in milliseconds. */
  waited = 0;
  /** For one thing at a time: what sleeps has time pass at once. */
  clock: Clock = {
    now: () => this.server.now(),
    sleep: async (ms) => {
      this.waited += ms;
      this.server.advance(ms);
      await setImmediate();
    },
  };
  environment: Record<string, string | undefined>;
  lifecycle: Keys;
  private readonly plugins: PluginKeys[] = [];

  constructor(readonly server: CometServer) {
    this.environment = {
      COMETAPI_BASE_URL: server.url,
      COMETAPI_ACCESS_TOKEN: server.account.token,
      COMETAPI_USER_ID: String(server.account.userId),
    };
    this.lifecycle = this.provider();
  }

  /** A provider process of its own, as a second stack would have. */
  provider(config: Record<string, string> = {}, limits?: Limits): Keys {
    const host = this.host(config, limits);
    if (!isPlugin) return new KeyLifecycle(host);
    const plugin = new PluginKeys(host);
    this.plugins.push(plugin);
    return plugin;
  }

  async close(): Promise<void> {
    for (const plugin of this.plugins) plugin.stop();
    await this.server.close();
  }

  host(config: Record<string, string> = {}, limits?: Limits): KeyHost {
    const rig = this;
    return {
      // Read anew each time: tests change the environment on the way.
      get config() {
        return readConfig({ config: (key) => config[key], environment: rig.environment });
      },
      clock: this.clock,
      info: (line) => this.told.push(line),
      warn: async (line, urn) => void this.warned.push(urn === undefined ? line : `${urn}: ${line}`),
      ...(limits && { limits }),
    };
  }

  resource(logicalName = "backend"): Resource {
    return new Resource(this, logicalName);
  }

  /** The keys that are in the account now. */
  living(): KeyView[] {
    return this.server.keys().filter((key) => key.deletedAt === undefined);
  }

  requests(method: string): unknown[] {
    return this.server.requests
      .filter((request) => request.method === method && !isReveal(request))
      .map((request) => request.body);
  }
}

type Declared = Record<string, unknown>;

/** One resource in state, treated as the engine would. */
export class Resource {
  id: string | undefined;
  inputs: KeyInputs | undefined;
  outputs: KeyState | undefined;
  /** The engine's mark of a half-made resource, which a refresh clears. */
  failed = false;
  /** Keys that were replaced, and are still to be deleted. */
  readonly replaced: { id: string; outputs: KeyState }[] = [];

  constructor(
    private readonly rig: Rig,
    private readonly logicalName: string,
  ) {}

  get live(): KeyView {
    return this.rig.server.key(Number(this.id));
  }

  get state(): KeyState {
    if (this.outputs === undefined) throw new Error("nothing is in state");
    return this.outputs;
  }

  /** The part of the check that needs no request. */
  check(declared: Declared) {
    return this.rig.lifecycle.checkLocally(this.request(declared));
  }

  checkWhole(declared: Declared) {
    return this.rig.lifecycle.check(this.request(declared));
  }

  private request(declared: Declared) {
    const { logicalName } = this;
    return { declared, old: this.inputs ?? {}, logicalName, urn: logicalName };
  }

  /** Whether an `up` would change the key. */
  async preview(declared: Declared): Promise<boolean> {
    const { inputs, failures } = this.check(declared);
    expect(failures).toEqual([]);
    return this.outputs === undefined || this.isDue(inputs);
  }

  private async isDue(inputs: KeyInputs): Promise<boolean> {
    if (this.failed) return true;
    const { changed, properties } = await this.diff(this.state, inputs);
    // The dynamic host names no properties to the engine, so that it looks for them itself, in the inputs.
    return !isPlugin && properties.length > 0 ? !isDeepStrictEqual(this.inputs, inputs) : changed;
  }

  private diff(old: KeyState, inputs: KeyInputs) {
    return this.rig.lifecycle.diff(String(this.id), old, inputs, this.inputs ?? inputs);
  }

  async up(declared: Declared): Promise<"created" | "updated" | "replaced" | "same"> {
    const { inputs, failures } = await this.checkWhole(declared);
    if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join(" "));
    await this.deleteReplaced();
    if (this.outputs !== undefined && (await this.diff(this.outputs, inputs)).moved) {
      await this.replace(declared);
      return "replaced";
    }
    try {
      if (this.id === undefined || this.outputs === undefined) {
        const made = await this.rig.lifecycle.create(inputs);
        Object.assign(this, { id: made.id, inputs, outputs: made.state, failed: false });
        return "created";
      }
      if (!(await this.isDue(inputs))) {
        this.inputs = inputs;
        return "same";
      }
      this.outputs = await this.rig.lifecycle.update(this.id, this.outputs, inputs);
      this.inputs = inputs;
      this.failed = false;
      return "updated";
    } catch (error) {
      if (error instanceof ResourceInitFailedError) {
        Object.assign(this, { id: error.id, inputs, outputs: error.state, failed: true });
      }
      throw error;
    }
  }

  /** Creates before it deletes, and goes on with the deletion in the next `up` if need be. */
  private async replace(declared: Declared): Promise<void> {
    const { id, outputs, inputs } = this;
    if (id === undefined || outputs === undefined) throw new Error("nothing is in state");
    Object.assign(this, { id: undefined, inputs: undefined, outputs: undefined, failed: false });
    try {
      await this.up(declared);
    } catch (error) {
      if (this.id === undefined) Object.assign(this, { id, outputs, inputs });
      else this.replaced.push({ id, outputs });
      throw error;
    }
    this.replaced.push({ id, outputs });
    await this.deleteReplaced();
  }

  private async deleteReplaced(): Promise<void> {
    for (const { id, outputs } of [...this.replaced]) {
      await this.rig.lifecycle.delete(id, outputs);
      this.replaced.shift();
    }
  }

  /** @returns whether drift was found */
  async refresh(): Promise<boolean> {
    if (this.id === undefined || this.inputs === undefined) throw new Error("nothing is in state");
    const live = await this.rig.lifecycle.read(this.id, this.state);
    if (live === undefined) {
      Object.assign(this, { id: undefined, inputs: undefined, outputs: undefined, failed: false });
      return true;
    }
    const declared = this.inputs;
    this.inputs = live.inputs;
    const drift = (await this.diff(live.state, declared)).changed;
    this.outputs = live.state;
    this.failed = false;
    return drift;
  }

  async destroy(): Promise<void> {
    await this.deleteReplaced();
    if (this.id === undefined) return;
    await this.rig.lifecycle.delete(this.id, this.state);
    Object.assign(this, { id: undefined, inputs: undefined, outputs: undefined, failed: false });
  }
}

const rigs: Rig[] = [];
afterEach(async () => {
  const done = rigs.splice(0);
  await Promise.all(done.map((rig) => rig.close()));
  // Whatever else a test was about, the provider never broke the rules of the API.
  for (const { server } of done) expect(server.violations).toEqual([]);
});

export async function rig(options: ServerOptions = {}): Promise<Rig> {
  const made = new Rig(await startServer({ now: () => start, ...options }));
  rigs.push(made);
  return made;
}

/** What only one backend refuses or lacks. */
const alike: Partial<Personality> = {
  limits: noLimits,
  hold: undefined,
  anyGroup: false,
  catalogue: "rows",
  maxQuota: Number.MAX_SAFE_INTEGER,
};

/** Both backends the provider must be right with. What only one of them refuses or lacks is left out. */
export const backends: [string, Partial<Personality>][] = [
  ["CometAPI", {}],
  ["New API", { ...newApi2025December, ...alike }],
];

/** With the one that shows keys as masks only, for suites that do not count requests. */
export const allBackends: typeof backends = [
  ...backends,
  ["New API that masks keys", { ...newApi, ...alike }],
];

/** Whether a request only reveals a masked key. */
export function isReveal({ pathname }: { pathname: string }): boolean {
  return /^\/api\/token\/(batch\/keys|\d+\/key)$/.test(pathname);
}

/** The ways in which an answer gets lost. */
export const lost = {
  "before the server acted": faults.reset(),
  "after the server acted": faults.reset({ act: true }),
  "half-way through its answer": faults.cutInHalf(),
  "by a gateway's 504 after the server acted": faults.answer({ status: 504, body: {} }, { act: true }),
};
