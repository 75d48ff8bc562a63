// @module-tag nightly

import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { host } from "../../pulumi/host";
import { newStack, startEmulator, type TestStack } from "../../pulumi/stack";
import type { CometServer, Exchange, KeyView } from "../../server";
import { type Ended, type Running, Terminal } from "./terminal";

/**
 * The engine or the provider killed, or the engine interrupted, at every request of an `up` of five keys; then what a
 * person does next.
 *
 * Some of the cells run always: every kind of request, and every phase; on the plugin one or two for each way to end.
 * `npm run test:nightly` runs all.
 */
const all = (process.env["COMETAPI_TEST_ALL"] ?? "") !== "";
vi.setConfig({ testTimeout: 180_000, maxConcurrency: 2 });

/** Each key of a stack: its arguments, and what the server is to hold. */
const declared = {
  a: { args: { remainQuota: 1001 }, stored: { remain_quota: 1001 } },
  d: {
    args: { name: "named d", remainQuota: 1002, allowIps: ["127.0.0.1"] },
    stored: { name: "named d", remain_quota: 1002, allow_ips: "127.0.0.1" },
  },
  b: { args: { unlimitedQuota: true }, stored: { unlimited_quota: true } },
  e: {
    args: { name: "named e", remainQuota: 1004, expiredTime: "2099-01-01T00:00:00Z" },
    stored: { name: "named e", remain_quota: 1004, expired_time: Date.UTC(2099, 0) / 1000 },
  },
  c: {
    args: { remainQuota: 1005, modelLimits: ["gpt-5"] },
    stored: { remain_quota: 1005, model_limits_enabled: true, model_limits: "gpt-5" },
  },
};
const logicalNames = Object.keys(declared) as (keyof typeof declared)[];
const plain = {
  expired_time: -1,
  remain_quota: 0,
  unlimited_quota: false,
  model_limits_enabled: false,
  model_limits: "",
  allow_ips: null,
  group: "",
  cross_group_retry: false,
  status: 1,
  used_quota: 0,
};

/** What other people have in the account: one with a declared name, two that look like leftovers. */
const others = ["named d", "pulumi-pending-0123456789abcdef0123456789abcdef", "a-0000000"];

/** The requests of an `up`, one key after the other. */
type Kind = "POST" | "list" | "PUT";
const requests = logicalNames.flatMap((name) =>
  ("name" in declared[name].args ? (["POST", "list", "PUT"] as const) : (["POST", "list"] as const)).map(
    (kind) => ({
      name,
      kind,
      generated: !("name" in declared[name].args),
    }),
  ),
);

/** A run reads one page of the list before its first write: the keys' own requests come after it. */
const seqOf = (nth: number) => nth + 1;

/** What becomes of the request at which it happens. */
type Phase = "never acted on" | "acted on after the kill" | "acted on before the kill";
const phases: Phase[] = ["acted on after the kill", "acted on before the kill", "never acted on"];

/** In what sort of name a person finds a leftover. */
type Mark =
  | "a name that begins with pulumi-pending-"
  | "a second generated name"
  | "the declared name, twice";

interface Cell {
  nth: number;
  phase: Phase;
  /** How what is left over of the key that was being made can be recognized. */
  leaves: Mark | undefined;
}

const cells = requests.flatMap(({ kind, generated }, index): Cell[] =>
  phases.map((phase) => ({ nth: index + 1, phase, leaves: leftBy(kind, generated, phase) })),
);

function leftBy(kind: Kind, generated: boolean, phase: Phase): Mark | undefined {
  if (kind === "POST" && phase === "never acted on") return undefined;
  if (generated) return "a second generated name";
  return kind === "PUT" && phase !== "never acted on"
    ? "the declared name, twice"
    : "a name that begins with pulumi-pending-";
}

/**
 * The requests at which each way to end happens when not all of them are tried. The first kind takes the phases by turns.
 * What the engine does is the same on both hosts; what the provider does when it is left alone, or told to end, is not.
 */
const tried = {
  dynamic: {
    killed: [1, 2, 3, 4, 5, 6],
    together: [1, 2, 3],
    orphaned: [3, 6],
    alone: [3],
    interrupted: [1, 5],
    terminated: [5],
  },
  plugin: {
    killed: [4],
    together: [2],
    orphaned: [3],
    alone: [3],
    interrupted: [5],
    terminated: [5],
  },
}[host];
const killed = cells.filter(
  ({ nth, phase }) => all || (tried.killed.includes(nth) && phases[(nth - 1) % 3] === phase),
);
const answered = cells.filter(({ phase }) => phase === "acted on before the kill");
const at = (nths: number[]) => answered.filter(({ nth }) => all || nths.includes(nth));
const [orphaned, alone] = [at(tried.orphaned), at(tried.alone)];
const [interrupted, terminated] = [at(tried.interrupted), at(tried.terminated)];
const atOnce = [
  { kind: "POST", nth: 3, phase: "acted on after the kill" },
  { kind: "list", nth: 2, phase: "acted on before the kill" },
  { kind: "PUT", nth: 2, phase: "acted on before the kill" },
  ...[1, 2, 4, 5].map((nth) => ({ kind: "POST", nth, phase: "acted on before the kill" }) as const),
] as const;
const together = atOnce.filter((_, index) => all || tried.together.includes(index + 1));

const done = { killed: 0, together: 0, orphaned: 0, alone: 0, interrupted: 0, terminated: 0 };
const left = new Map<Mark, number>();
let emptied = 0;

/** A stack of the five keys, one after the other or all at once, in an account with other people's keys. */
async function scene({ atOnce = false } = {}) {
  const server = await startEmulator();
  const foreign = others.map((name) => server.console.create({ name }));
  const lines = logicalNames.map((name, index) => {
    const before = atOnce ? undefined : logicalNames[index - 1];
    const options = before === undefined ? "" : `, { dependsOn: keys.${before} }`;
    return `keys.${name} = new CometApiKey("${name}", ${JSON.stringify(declared[name].args)}${options});`;
  });
  const program = [
    'import { CometApiKey } from "pulumi-cometapi";',
    "const keys = {};",
    ...lines,
    ...logicalNames.map((name) => `export const ${name} = keys.${name}.key;`),
  ].join("\n");
  const stack = await newStack({ program, server });
  return new Scene(server, foreign, stack);
}

class Scene {
  readonly terminal: Terminal;
  /** What was left over by the run that was cut short. */
  private leftovers: KeyView[] = [];

  constructor(
    readonly server: CometServer,
    readonly foreign: KeyView[],
    readonly stack: TestStack,
  ) {
    this.terminal = new Terminal(stack);
  }

  start(): Running {
    return this.terminal.start("up", "--yes", "--skip-preview");
  }

  up(): Promise<Ended> {
    return this.terminal.succeed("up", "--yes", "--skip-preview");
  }

  /** Holds one request, before or after it is acted on, until it is released. */
  hold(which: { seq: number } | { kind: Kind; nth: number }, phase: Phase) {
    const { promise: released, resolve: release } = deferred<void>();
    const { promise: received, resolve: receive } = deferred<Exchange["request"]>();
    const { promise: settled, resolve: settle } = deferred<void>();
    const matcher =
      "seq" in which
        ? { when: ({ seq }: { seq: number }) => seq === which.seq }
        : { method: which.kind === "list" ? "GET" : which.kind, path: "/api/token/", nth: which.nth };
    this.server.fault(matcher, async (exchange) => {
      if (phase === "acted on before the kill") exchange.act();
      receive(exchange.request);
      await released;
      if (phase !== "never acted on") exchange.act();
      else exchange.response.destroy();
      settle();
      return phase === "never acted on" ? "handled" : undefined;
    });
    return {
      received,
      async release() {
        release();
        await settled;
      },
    };
  }

  get own(): KeyView[] {
    const foreign = new Set(this.foreign.map(({ id }) => id));
    return this.server.keys().filter(({ id, deletedAt }) => !foreign.has(id) && deletedAt === undefined);
  }

  /** The ids in state: of keys alone, which are custom resources of this type. */
  get recorded(): number[] {
    return this.stack
      .resources()
      .filter(({ type }) => type.endsWith(":CometApiKey"))
      .map(({ id }) => Number(id));
  }

  /** What the server holds and state does not, now that the run was cut short and the server has gone on. */
  takeStock(): KeyView[] {
    const recorded = new Set(this.recorded);
    this.leftovers = this.own.filter(({ id }) => !recorded.has(id));
    return this.leftovers;
  }

  /** What holds once the next `up` went well. */
  async expectWhole(): Promise<void> {
    const { server, stack, leftovers, recorded } = this;
    const { stdout } = await this.terminal.succeed("stack", "output", "--json", "--show-secrets");
    const outputs = JSON.parse(stdout) as Record<string, string>;
    const held = logicalNames.map((name) => server.key(stack.keyId(name)));

    expect(new Set(recorded).size, "ids in state").toBe(5);
    expect(ids(this.own), "the five, and what was left over before").toEqual(ids([...held, ...leftovers]));
    for (const [index, name] of logicalNames.entries()) {
      const { stored } = declared[name];
      const key = held[index];
      expect(key, name).toMatchObject({
        ...plain,
        name: expect.stringMatching(`^${name}-[0-9a-f]{7}$`),
        ...stored,
      });
      expect(outputs[name], `the key of ${name} in the stack's outputs`).toBe(key?.key);
    }
    await this.terminal.succeed("preview", "--expect-no-changes");

    for (const name of logicalNames) expect(await ask(server, outputs[name] ?? ""), name).toBe(200);
    expect(
      leftovers.map(({ id }) => server.key(id)),
      "leftovers, which nobody has touched or used",
    ).toEqual(leftovers);
    expect(
      this.foreign.map(({ id }) => server.key(id)),
      "other people's keys",
    ).toEqual(this.foreign);
    expect(server.violations).toEqual([]);
  }

  /** How a person recognizes each leftover among the keys of the stack. */
  marks(): Mark[] {
    return this.leftovers.map(({ name }) => {
      const mark = markOf(name);
      if (mark === undefined) throw new Error(`nobody would recognize a leftover named "${name}"`);
      left.set(mark, (left.get(mark) ?? 0) + 1);
      return mark;
    });
  }
}

function markOf(name: string): Mark | undefined {
  if (/^pulumi-pending-[0-9a-z]{15}$/.test(name)) return "a name that begins with pulumi-pending-";
  if (/^[abc]-[0-9a-f]{7}$/.test(name)) return "a second generated name";
  return /^named [de]$/.test(name) ? "the declared name, twice" : undefined;
}

/** The logical name of the key that a leftover was to be; nothing when its name does not tell. */
function makerOf({ name }: KeyView): string[] {
  return /^(?:named )?([a-e])(?:-[0-9a-f]{7})?$/.exec(name)?.slice(1) ?? [];
}

function ids(keys: KeyView[]): number[] {
  return keys.map(({ id }) => id).sort((one, other) => one - other);
}

async function ask(server: CometServer, key: string): Promise<number> {
  const answer = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Hello?" }] }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** What the CLI wants of a person after a kill, before the next `up`. */
async function unlock({ terminal, stack }: Scene): Promise<void> {
  let locked = await terminal.fail("up", "--yes", "--skip-preview");
  if (locked.output.includes("failed to load checkpoint: EOF")) {
    // The file backend was killed while it wrote what it keeps beside the state, which itself is whole.
    const attributes = join(stack.backend.folder, ".pulumi/stacks/program/dev.json.attrs");
    expect(statSync(attributes).size).toBe(0);
    rmSync(attributes);
    emptied++;
    locked = await terminal.fail("up", "--yes", "--skip-preview");
  }
  expect(locked.output).toContain("error: the stack is currently locked by 1 lock(s).");
  expect(locked.output).toContain("delete the lock file with `pulumi cancel`");
  await terminal.succeed("cancel", "--yes");
}

/** The logical names that the CLI says were being made when the run was cut short. */
function pending({ output }: Ended): string[] {
  return [
    ...new Set(
      [...output.matchAll(/CometApiKey::(\w+), interrupted while creating/g)].map(([, name]) => name ?? ""),
    ),
  ];
}

/** Cells with a title each: vitest cuts a long one when it is but a property. */
function titled<T extends { nth: number; phase: Phase }>(chosen: readonly T[]): [string, T][] {
  return chosen.map((cell) => {
    const { kind, name } = requests[cell.nth - 1] ?? { kind: "?", name: "?" };
    return [`at request ${cell.nth}, ${kind} for ${name}, ${cell.phase}`, cell];
  });
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

test("an undisturbed up of the five keys makes the requests that the kills go by", async () => {
  const { server, terminal } = await scene();
  await terminal.succeed("up", "--yes", "--skip-preview");
  const kindOf = ({ method }: { method: string }) => (method === "GET" ? "list" : method);
  expect(server.requests.map(kindOf)).toEqual(["list", ...requests.map(({ kind }) => kind)]);
});

describe.concurrent("after SIGKILL to engine, program and provider, the next up makes five working keys", () => {
  test.each(titled(killed))("%s", async (_, { nth, phase, leaves }) => {
    const it = await scene();
    const held = it.hold({ seq: seqOf(nth) }, phase);
    const up = it.start();
    const request = await held.received;
    up.killAll();
    // That its connection is gone is how the server learns of the provider's end.
    await Promise.all([up.ended, it.server.finished(({ seq }) => seq === request.seq)]);
    await held.release();

    await unlock(it);
    expect(it.takeStock()).toHaveLength(leaves === undefined ? 0 : 1);
    expect(it.marks()).toEqual(leaves === undefined ? [] : [leaves]);
    expect(pending(await it.up())).toEqual([requests[nth - 1]?.name]);
    await it.expectWhole();
    done.killed++;
  });
});

describe.concurrent("with all five in flight, a SIGKILL leaves at most one key for each", () => {
  test.each(together.map((cell) => [`at ${cell.kind} ${cell.nth}, ${cell.phase}`, cell] as const))(
    "%s",
    async (_, { kind, nth, phase }) => {
      const it = await scene({ atOnce: true });
      const held = it.hold({ kind, nth }, phase);
      const up = it.start();
      const request = await held.received;
      up.killAll();
      await Promise.all([up.ended, it.server.finished(({ seq }) => seq === request.seq)]);
      await held.release();

      // Requests that the provider had sent may come in until now.
      await unlock(it);
      const leftovers = it.takeStock();
      it.marks();
      const inFlight = pending(await it.up());
      expect(inFlight).toEqual(expect.arrayContaining(leftovers.flatMap(makerOf)));
      expect(leftovers.length).toBeLessThanOrEqual(inFlight.length);
      expect(new Set(leftovers.flatMap(makerOf)).size, "of each key one").toBe(
        leftovers.flatMap(makerOf).length,
      );
      await it.expectWhole();
      done.together++;
    },
  );
});

describe.concurrent("when the engine alone is killed, the provider ends the create it is at and begins no other", () => {
  test.each(titled(orphaned))("%s", async (_, { nth }) => {
    const it = await scene();
    const held = it.hold({ seq: seqOf(nth) }, "acted on before the kill");
    const up = it.start();
    await held.received;
    up.killEngine();
    await up.ended;
    await held.release();
    const name = requests[nth - 1]?.name;
    const last = requests.findLastIndex((request) => request.name === name) + 1;
    await it.server.finished(({ seq }) => seq === seqOf(last));

    const provider = expect.objectContaining({ role: "provider" });
    if (host === "plugin")
      await vi.waitFor(() => expect(up.processes()).not.toContainEqual(provider), { timeout: 30_000 });

    await unlock(it);
    it.takeStock();
    const mark = requests[nth - 1]?.generated ? "a second generated name" : "the declared name, twice";
    // The plugin deletes a key that no state will ever have.
    expect(it.marks()).toEqual(host === "plugin" ? [] : [mark]);
    const before = it.server.requests.length;
    expect(pending(await it.up())).toEqual([name]);
    const since = it.server.requests.slice(before).filter(({ method }) => method === "POST");
    expect(since, "creates of the second up alone").toHaveLength(
      5 - new Set(requests.slice(0, nth).map((r) => r.name)).size + 1,
    );
    await it.expectWhole();
    up.killAll();
    done.orphaned++;
  });
});

describe.concurrent("when the provider alone is killed, the up ends in an error and with no lock, and leaves one key", () => {
  test.each(titled(alone))("%s", async (_, { nth, leaves }) => {
    const it = await scene();
    const held = it.hold({ seq: seqOf(nth) }, "acted on before the kill");
    const up = it.start();
    const request = await held.received;
    up.killProvider();
    const { code, output } = await up.ended;
    expect(code).not.toBe(0);
    expect(output).toMatch(/error: /);
    expect(up.processes()).toEqual([]);
    await it.server.finished(({ seq }) => seq === request.seq);
    await held.release();

    expect(it.takeStock()).toHaveLength(1);
    expect(it.marks()).toEqual([leaves]);
    const before = it.server.requests.length;
    await it.up();
    const since = it.server.requests.slice(before).filter(({ method }) => method === "POST");
    const finished = logicalNames.findIndex((name) => name === requests[nth - 1]?.name);
    expect(since, "creates of the second up").toHaveLength(5 - finished);
    await it.expectWhole();
    done.alone++;
  });
});

describe.concurrent("Ctrl-C waits for the create that is in flight: nothing is left over, and no lock", () => {
  test.each(titled(interrupted))("%s", async (_, { nth }) => {
    const it = await scene();
    const held = it.hold({ seq: seqOf(nth) }, "acted on before the kill");
    const up = it.start();
    await held.received;
    up.interrupt();
    await up.printed("^C received; cancelling.");
    await held.release();
    const { code, output } = await up.ended;
    expect(code).not.toBe(0);
    expect(output).toContain("error: update canceled");
    expect(up.processes()).toEqual([]);

    expect(it.takeStock()).toEqual([]);
    expect(pending(await it.up())).toEqual([]);
    await it.expectWhole();
    done.interrupted++;
  });
});

describe.concurrent("Ctrl-C twice ends at once and leaves at most the key in flight, and no lock", () => {
  test.each(titled(terminated))("%s", async (_, { nth, leaves }) => {
    const it = await scene();
    const held = it.hold({ seq: seqOf(nth) }, "acted on before the kill");
    const up = it.start();
    await held.received;
    up.interrupt();
    await up.printed("^C received; cancelling.");
    up.interrupt();
    const { code, output } = await up.ended;
    expect(code).not.toBe(0);
    expect(output).toContain("^C received; terminating");
    await it.server.finished(({ seq }) => seq === seqOf(nth));
    await held.release();

    it.takeStock();
    const marks = it.marks();
    // The plugin has five seconds to delete the key, before the engine kills it.
    expect([[leaves], ...(host === "plugin" ? [[]] : [])]).toContainEqual(marks);
    expect(pending(await it.up())).toEqual([requests[nth - 1]?.name]);
    await it.expectWhole();
    done.terminated++;
  });
});

// The CLI says the same of both hosts.
test.runIf(host === "dynamic")(
  "after a kill the CLI tells of a lock and of pending creates, and which ids are the stack's own",
  async () => {
    const it = await scene();
    const held = it.hold({ seq: seqOf(4) }, "acted on before the kill");
    const up = it.start();
    await held.received;
    up.killAll();
    await up.ended;
    await held.release();
    await unlock(it);
    const [leftover] = it.takeStock();

    const next = await it.up();
    expect(next.output).toContain(
      "warning: Attempting to deploy or update resources with 1 pending operations",
    );
    expect(pending(next)).toEqual(["d"]);
    expect(pending(await it.up()), "told every time").toEqual(["d"]);
    await it.terminal.succeed("refresh", "--yes", "--skip-preview", "--clear-pending-creates");
    expect((await it.up()).output).not.toContain("pending operations");

    const shown = (await it.terminal.succeed("stack", "--show-ids")).output;
    const listed = [...shown.matchAll(/ID: (\d+)$/gm)].map(([, id]) => Number(id));
    expect(listed.sort()).toEqual([...it.recorded].sort());
    expect(listed).not.toContain(leftover?.id);
    await it.expectWhole();
    await it.terminal.succeed("destroy", "--yes", "--skip-preview");
    expect(it.own.map(({ id }) => id)).toEqual([leftover?.id]);
  },
);

// Not in afterAll: a failure there would keep stacks and processes from being cleaned up.
test("none of the cells was left out", () => {
  const leftovers = [...left].map(([mark, count]) => `${count} by ${mark}`).join(", ");
  console.log(
    `killed: ${done.killed} of ${cells.length} cells by SIGKILL at one request after another, ${done.together} with five ` +
      `creates in flight, ${done.orphaned} of ${answered.length} with the provider left alive, ${done.alone} with the ` +
      `provider alone killed; ${done.interrupted} of ${answered.length} by Ctrl-C, ${done.terminated} of ${answered.length} by Ctrl-C twice. Leftovers: ${leftovers || "none"}. ` +
      `The file backend's dev.json.attrs was left empty ${emptied} times`,
  );
  const every = { killed: 36, together: 7, orphaned: 12, alone: 12, interrupted: 12, terminated: 12 };
  const some = Object.fromEntries(Object.entries(tried).map(([way, nths]) => [way, nths.length]));
  expect(done).toEqual(all ? every : some);
});
