import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { perHost, tried } from "../lifecycle/host";
import { backends } from "../lifecycle/rig";
import type { Personality } from "../server";
import { diverting } from "./detour";
import { searched } from "./leaks";
import { kindOf, Scene } from "./scene";
import { type Step, type StepName, stepNames, steps } from "./steps";
import { type Kind, secureUrl, startTls, survived, type Trouble, troubles } from "./troubles";

vi.mock("undici", async (original) => diverting(await original()));

/** One request of one step on one backend that meets one trouble. */
interface Cell {
  step: StepName;
  kind: Kind;
  /** Which of the step's requests of this kind. */
  nth: number;
  trouble: Trouble;
  /** Once, or always from then on. */
  times: number;
  /** A refresh between the failure and the next up: it clears the engine's own mark of a half-made key. */
  refreshed: boolean;
}

const strangers = { other: "", speechless: "", selfSigned: "" };
const table = troubles(strangers);
const received: { path: string; headers: IncomingHttpHeaders }[] = [];
const other = createServer(({ url = "", headers }, response) => {
  received.push({ path: url, headers });
  response.end('{"success":true,"message":""}');
});
let tls: Awaited<ReturnType<typeof startTls>>;

beforeAll(async () => {
  await new Promise<void>((listening) => other.listen(0, "127.0.0.1", listening));
  tls = await startTls();
  strangers.other = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  strangers.speechless = secureUrl(tls.speechless);
  strangers.selfSigned = secureUrl(tls.selfSigned);
});

/** Cells of one trouble. */
const atOnce = 20;

const counts = { cells: 0, failedRuns: 0, planned: 0 };
afterAll(() => {
  for (const server of [other, tls.speechless, tls.selfSigned]) server.close();
  console.log(
    `matrix: ${counts.cells} cells, of which ${counts.failedRuns} had a failing run; ` +
      `${searched.texts} texts searched for secrets`,
  );
  expect(counts.cells, "cells that ran").toBe(counts.planned);
  // Pinned, so that no trouble, request or step drops out unnoticed.
  expect(counts.planned, "cells in the plan").toBe(perHost({ dynamic: 10300, plugin: 1096 }));
  expect(received, "requests at the host that redirects point to").toEqual([]);
});

/** The requests each step makes in peace, and so the ones that can meet trouble. */
const requestsOf: Record<string, Record<StepName, Kind[]>> = {
  CometAPI: {
    "create under a declared name": ["list", "POST", "list", "PUT"],
    "create under a generated name": ["list", "POST", "list"],
    "create disabled": ["list", "POST", "list", "PUT", "get"],
    "update the name": ["get", "PUT", "get"],
    "update the name of a key in use": ["get", "PUT", "PUT", "PUT", "PUT", "PUT", "get"],
    "update the quota": ["get", "PUT"],
    "update the status": ["get", "PUT", "get"],
    "update the quota of an exhausted key": ["get", "PUT", "PUT", "get"],
    "renew the quota": ["get", "PUT"],
    "renew the quota of an exhausted key": ["get", "PUT", "PUT", "get"],
    "adopt a key": ["get", "self", "get", "list", "PUT", "get"],
    "give an exhausted key a total": ["get", "PUT", "get", "PUT", "get"],
    refresh: ["get"],
    delete: ["DELETE", "list"],
  },
  "New API": {
    "create under a declared name": ["list", "POST", "list", "PUT"],
    "create under a generated name": ["list", "POST", "list"],
    "create disabled": ["list", "POST", "list", "PUT", "PUT", "get"],
    "update the name": ["get", "PUT", "get"],
    "update the name of a key in use": ["get", "PUT", "PUT", "PUT", "PUT", "PUT", "get"],
    "update the quota": ["get", "PUT"],
    "update the status": ["get", "PUT", "PUT", "get"],
    "update the quota of an exhausted key": ["get", "PUT", "PUT", "PUT", "get"],
    "renew the quota": ["get", "PUT"],
    "renew the quota of an exhausted key": ["get", "PUT", "PUT", "PUT", "get"],
    "adopt a key": ["get", "self", "get", "list", "PUT", "get"],
    "give an exhausted key a total": ["get", "PUT", "get", "PUT", "PUT", "get"],
    refresh: ["get"],
    delete: ["DELETE", "list"],
  },
};

describe.each(backends)("on %s", (backend, personality) => {
  test.each(stepNames)("in peace, to %s takes the requests the matrix is made of", async (name) => {
    const scene = await Scene.open(personality);
    const step: Step = steps[name];
    await step.prepare?.(scene);
    scene.rig.server.clearRequests();
    await step.run(scene);
    const { requests } = scene.rig.server;
    expect(requests.map(({ method, pathname }) => kindOf(method, pathname))).toEqual(
      requestsOf[backend]?.[name],
    );
    await step.expectDone(scene);
    await scene.close();
  });

  for (const [i, trouble] of table.entries()) {
    const cells = stepNames.flatMap((step, j) =>
      tried(cellsOf(step, requestsOf[backend]?.[step] ?? [], trouble), i + j),
    );
    counts.planned += cells.length;
    test.concurrent(`nothing is lost by: ${trouble.name}`, { timeout: 600_000 }, async () => {
      const failed = await playAll(personality, cells);
      if (failed.length > 0)
        expect.fail(`${failed.length} of ${cells.length} cells failed:\n${failed.join("\n")}`);
    });
  }
});

function cellsOf(step: StepName, kinds: Kind[], trouble: Trouble): Cell[] {
  return kinds.flatMap((kind, i) => {
    const nth = kinds.slice(0, i + 1).filter((earlier) => earlier === kind).length;
    // A read that was answered and one that was not differ in nothing.
    const pointless = trouble.name.endsWith("after acting") && ["list", "get", "self"].includes(kind);
    if (pointless) return [];
    return [1, Number.POSITIVE_INFINITY].flatMap((times) => {
      const cell = { step, kind, nth, trouble, times, refreshed: false };
      // Where nothing fails, or nothing is in state yet, there is nothing a refresh could change.
      const inState = step.startsWith("create") ? kind === "PUT" : true;
      return inState && expected(cell) !== true ? [cell, { ...cell, refreshed: true }] : [cell];
    });
  });
}

function expected({ step, kind, trouble, times }: Omit<Cell, "refreshed">): boolean | undefined {
  // Use may look as if an update was not carried out, and then it is an error that asks for the next up.
  if (step === "update the name of a key in use" && kind === "PUT" && trouble.acted && !trouble.harmless) {
    return trouble.retried && times === 1 ? true : undefined;
  }
  return survived(trouble, kind, times);
}

/**
 * Plays a few cells at once and returns what is wrong with them. All of them at once keep the process so busy that
 * connections time out, and then a request meets another trouble than the cell's.
 */
async function playAll(personality: Partial<Personality>, cells: readonly Cell[]): Promise<string[]> {
  const waiting = [...cells];
  const failures: string[] = [];
  const playOn = async () => {
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
      const failure = await play(personality, cell);
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, playOn));
  return failures;
}

/** Plays one cell and says what is wrong with it, if anything. */
async function play(personality: Partial<Personality>, cell: Cell): Promise<string | undefined> {
  const { kind, nth, trouble, times, refreshed } = cell;
  const step: Step = steps[cell.step];
  const scene = await Scene.open(personality, { impatient: trouble.impatient === true });
  let during = "in peace";
  try {
    await step.prepare?.(scene);
    const hung = scene.trouble(kind, nth, trouble, times);
    const before = scene.rig.waited;

    during = "after the run that met trouble";
    await scene.attempt(() => step.run(scene));
    expect(hung.hits(), "requests that met trouble").toBeGreaterThan(0);
    hung.end();
    scene.expectAccountedFor();
    scene.expectInTime(before, trouble);
    const success = expected(cell);
    if (scene.error === undefined && success === false) expect.fail("succeeded, although it cannot have");
    if (scene.error !== undefined && success === true) throw scene.error;
    if (scene.error !== undefined) counts.failedRuns++;
    if (scene.error !== undefined && step.ends)
      expect(scene.key.id, "a key that may be there stays in state").toBeDefined();

    during = refreshed ? "after a refresh and the next up" : "after the next up";
    if (refreshed && scene.key.id !== undefined) await scene.key.refresh();
    if (scene.error !== undefined) await step.next(scene);
    await step.expectDone(scene);
    scene.expectAccountedFor();
    return undefined;
  } catch (error) {
    const often = times === 1 ? "once" : "always";
    const { message } = error as Error;
    return `${cell.step}, ${kind} ${nth}, ${often}${refreshed ? ", refreshed" : ""}, ${during}: ${message}`;
  } finally {
    counts.cells++;
    await scene.close();
  }
}
