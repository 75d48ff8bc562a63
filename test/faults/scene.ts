import { expect } from "vitest";
import { retryPolicy } from "../../provider/api/retry";
import type { Limits } from "../../provider/api/transport";
import { ResourceInitFailedError } from "../../provider/errors";
import { fieldsOf, resolve } from "../../provider/key/state";
import { type Resource, Rig } from "../lifecycle/rig";
import { type CometServer, type KeyView, type Personality, startServer } from "../server";
import { divert } from "./detour";
import { expectNoLeak, secretsOf } from "./leaks";
import type { Kind, Trouble } from "./troubles";

export type Declared = Record<string, unknown>;

/** Sooner than a person would give up, and still late enough for a busy machine. */
const impatience: Limits = {
  connectMs: 1_000,
  headersMs: 500,
  silenceMs: 60_000,
  bodyMs: 500,
  totalMs: 1_000,
  bodyBytes: 8 * 1024 * 1024,
};

/** What the gateway holds for a request that costs 1. */
export const estimate = 6;

/** One key under test in an account with other people's keys, and what must hold of both. */
export class Scene {
  readonly key: Resource;
  readonly foreign: KeyView[];
  /** Keys that were made on the console to be adopted: nobody's business before one is in state. */
  readonly offered = new Set<number>();
  /** The error of the run that met trouble, if it failed. */
  error: Error | undefined;
  /** All that was said in errors so far: a leftover stays known to whoever read of it. */
  private said = "";
  private usesLeft = 0;
  private held: ReturnType<CometServer["console"]["hold"]> | undefined;

  private constructor(readonly rig: Rig) {
    this.key = rig.resource();
    const { server } = rig;
    this.foreign = [{ name: "mine" }, { name: "pulumi-pending-0123456789abcdef0123456789abcdef" }, {}].map(
      (fields) => server.console.create(fields),
    );
    server.onFinished(() => {
      this.held?.settle(1);
      this.held = undefined;
      if (this.usesLeft === 0 || this.key.id === undefined || this.key.live.remain_quota <= 0) return;
      this.usesLeft--;
      this.held = server.console.hold(Number(this.key.id), estimate);
    });
  }

  static async open(personality: Partial<Personality>, { impatient = false } = {}): Promise<Scene> {
    const rig = new Rig(await startServer({ now: () => Date.UTC(2026, 0), personality }));
    if (impatient) rig.lifecycle = rig.provider({}, impatience);
    return new Scene(rig);
  }

  async close(): Promise<void> {
    await this.rig.close();
  }

  /** A key on the console that can be adopted, and has used 30. */
  offer(fields: Parameters<CometServer["console"]["create"]>[0] = {}): KeyView {
    const { server } = this.rig;
    const { id } = server.console.create({ name: "legacy", remain_quota: 100, ...fields });
    this.offered.add(id);
    return server.console.spend(id, 30);
  }

  /** For so many times, an estimate is held between two requests of the provider, and all but one unit given back later. */
  use(times: number): void {
    this.usesLeft = times;
    if (times > 0) return;
    this.held?.settle(1);
    this.held = undefined;
  }

  /** One model request with the key, served or not. */
  async request(): Promise<void> {
    const response = await fetch(`${this.rig.server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.key.live.key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Hello?" }] }),
    });
    await response.arrayBuffer();
  }

  /** Makes the nth request of a kind meet trouble, and the ones after it, `times` in all. Returns how to end it. */
  trouble(kind: Kind, nth: number, trouble: Trouble, times: number): { hits(): number; end(): void } {
    const { server } = this.rig;
    if (trouble.fault !== undefined) {
      const when = ({ method, pathname }: { method: string; pathname: string }) =>
        kindOf(method, pathname) === kind;
      const hung = server.fault({ when, nth }, trouble.fault, { times });
      return { hits: () => hung.hits, end: () => hung.remove() };
    }
    let [seen, hits] = [0, 0];
    divert(server.url, (method, path) => {
      if (kindOf(method, path) !== kind || ++seen < nth || hits >= times) return undefined;
      hits++;
      return trouble.elsewhere?.();
    });
    return { hits: () => hits, end: () => divert(server.url, () => undefined) };
  }

  /** Runs the step that meets trouble, and keeps its error. */
  async attempt(work: () => Promise<unknown>): Promise<void> {
    this.error = undefined;
    await work().catch((error: unknown) => {
      if (!(error instanceof Error)) throw error;
      this.error = error;
      this.said += error.message;
    });
  }

  /** The living keys that are nobody else's. */
  get own(): KeyView[] {
    const others = new Set(this.foreign.map(({ id }) => id));
    return this.rig
      .living()
      .filter(({ id }) => !others.has(id) && (!this.offered.has(id) || String(id) === this.key.id));
  }

  /** The keys that only an error speaks of: a person is told to delete them. */
  get named(): KeyView[] {
    return this.own.filter(({ id, name }) => String(id) !== this.key.id && this.said.includes(`"${name}"`));
  }

  /** What holds after every run, failed or not: every key is in state or named by the error, and nothing leaks. */
  expectAccountedFor(): void {
    const { key, rig, own, named, error } = this;
    const { server } = rig;
    const held = own.filter(({ id }) => String(id) === key.id);
    expect(own, "every key is in state or named by the error").toHaveLength(held.length + named.length);
    if (key.id !== undefined && key.outputs?.key !== undefined) {
      expect(key.outputs.key, "the key in state is the key's own").toBe(key.live.key);
    }
    expect(
      this.foreign.map(({ id }) => server.key(id)),
      "other people's keys",
    ).toEqual(this.foreign);
    expect(server.violations).toEqual([]);

    if (error !== undefined) {
      expect(error.message).toMatch(
        /^(adoptId cannot be used: looking up|creating|adopting|updating|reading|deleting) key /,
      );
      expect(error.message.match(/given up after/g)?.length ?? 0, error.message).toBeLessThanOrEqual(1);
    }
    const { key: _, ...plain } = key.outputs ?? {};
    const reasons = error instanceof ResourceInitFailedError ? [error.cause].map(String) : [];
    expectNoLeak(
      [
        error?.message ?? "",
        ...reasons,
        ...rig.told,
        JSON.stringify(plain),
        JSON.stringify(key.inputs ?? {}),
        // An hour of refusals has hundreds of requests to a few paths.
        ...new Set(server.requests.map(({ path }) => path)),
      ],
      secretsOf(server),
    );
  }

  /** One operation waits no longer than its budget, one last look and what the trouble adds. */
  expectInTime(before: number, { waitMs = 0 }: Trouble): void {
    expect(this.rig.waited - before, "time waited").toBeLessThanOrEqual(
      retryPolicy.budgetMs + 20_000 + waitMs,
    );
  }

  /** What holds once an `up` went well: the live key is the declared one, and there is nothing left to do. */
  async expectSettled(declared: Declared, granted: number): Promise<void> {
    this.use(0);
    const { key, named } = this;
    const leftovers = new Set(named.map(({ id }) => id));
    expect(
      this.own.filter(({ id }) => !leftovers.has(id)).map(({ id }) => String(id)),
      "exactly one key",
    ).toEqual([key.id]);
    expectLive(key, declared);
    expect(grantedOf(key.live), "granted on the server's ledger").toBe(granted);
    expect(await key.up(declared), "a second up").toBe("same");
    expect(await key.refresh(), "drift").toBe(false);
    expect(await key.up(declared), "an up after a refresh").toBe("same");
  }
}

export function kindOf(method: string, path: string): Kind {
  if (method !== "GET") return method as Kind;
  if (path === "/api/user/self") return "self";
  return /\/token\/\d/.test(path) ? "get" : "list";
}

/** What was granted in all: the provider has no say in it. */
export function grantedOf({ ledger }: KeyView): number {
  return ledger.filter(({ kind }) => kind === "grant").reduce((sum, { amount }) => sum + amount, 0);
}

/** Whether the live key is the declared one in every field but what is left of its quota. */
export function expectLive(key: Resource, declared: Declared): void {
  const { inputs } = key.check(declared);
  const want = fieldsOf(resolve(inputs), 0);
  const { live } = key;
  expect({
    name: live.name,
    expiredTime: live.expired_time,
    unlimitedQuota: live.unlimited_quota,
    modelLimitsEnabled: live.model_limits_enabled,
    modelLimits: live.model_limits,
    allowIps: live.allow_ips ?? "",
    group: live.group,
    crossGroupRetry: live.cross_group_retry,
    status: live.status === 2 ? "disabled" : "enabled",
    deletedAt: live.deletedAt,
    key: live.key,
  }).toEqual({
    name: want.name,
    expiredTime: want.expiredTime,
    unlimitedQuota: want.unlimitedQuota,
    modelLimitsEnabled: want.modelLimitsEnabled,
    modelLimits: want.modelLimits.join(","),
    allowIps: want.allowIps.join("\n"),
    group: want.group,
    crossGroupRetry: want.crossGroupRetry,
    status: declared["status"] ?? "enabled",
    deletedAt: undefined,
    key: key.state.key,
  });
  expect(key.state).not.toHaveProperty("__unfinished");
}
