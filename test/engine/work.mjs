// What setup.mjs works with: child processes that end with it, progress, and a lock between set-ups.

import { spawn } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** What went wrong in words for the person at the terminal: shown without a stack. */
export class SetupError extends Error {}

const windows = process.platform === "win32";
const running = new Set();
const interrupted = new AbortController();

/** At a signal the children are asked to end and the work unwinds; at a second one, or in time, they are killed. */
export function endOnSignals() {
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }))
    process.on(signal, () => {
      const again = interrupted.signal.aborted;
      process.exitCode = code;
      const killAll = (how) => {
        for (const child of running) kill(child, how);
      };
      killAll(again ? "SIGKILL" : "SIGTERM");
      setTimeout(killAll, 5_000, "SIGKILL").unref();
      interrupted.abort(new SetupError(`interrupted by ${signal}`));
    });
}

export const wasInterrupted = () => interrupted.signal.aborted;

function kill(child, signal) {
  try {
    // The group: npm and sh do not pass the signal on to what they started.
    if (windows) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {}
}

/** Runs a command to its end and gives what it printed; throws its last lines when it fails. */
export function run(command, args, { timeout, ...options } = {}) {
  interrupted.signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, detached: !windows, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let late = false;
    const collect = (text) => {
      output = (output + text).slice(-8000);
    };
    child.stdout.setEncoding("utf8").on("data", collect);
    child.stderr.setEncoding("utf8").on("data", collect);
    const limit =
      timeout &&
      setTimeout(() => {
        late = true;
        kill(child, "SIGKILL");
      }, timeout);
    running.add(child);
    child.on("error", (error) => {
      running.delete(child);
      reject(new SetupError(error.code === "ENOENT" ? `${command} is not on PATH` : error.message));
    });
    child.on("close", (code) => {
      clearTimeout(limit);
      running.delete(child);
      if (wasInterrupted()) reject(interrupted.signal.reason);
      else if (late) reject(new SetupError(`no answer within ${timeout / 1000} s`));
      else if (code === 0) resolve(output.trim());
      else reject(new SetupError(output.trim().split("\n").slice(-30).join("\n") || `exit code ${code}`));
    });
  });
}

export const say = (text) => process.stderr.write(`engine: ${text}\n`);

/** Does `work`, telling how long it has taken: in place on a terminal, else with a line every ten seconds. */
export async function step(label, work) {
  const started = performance.now();
  const elapsed = () => `${((performance.now() - started) / 1000).toFixed(tty ? 0 : 1)} s`;
  const tty = process.stderr.isTTY;
  const tell = () =>
    tty ? process.stderr.write(`\r\x1b[Kengine: ${label} … ${elapsed()}`) : say(`${label} … ${elapsed()}`);
  if (tty) tell();
  else say(`${label} …`);
  const ticking = setInterval(tell, tty ? 1_000 : 10_000);
  const end = (how) => {
    clearInterval(ticking);
    if (tty) process.stderr.write("\r\x1b[K");
    say(`${label} … ${how} after ${elapsed()}`);
  };
  try {
    const result = await work();
    end("done");
    return result;
  } catch (error) {
    end(wasInterrupted() ? "interrupted" : "failed");
    throw error;
  }
}

const HEARTBEAT = 2_000;
const DEAD_AFTER = 15_000;

/** Does `work` while no other set-up does work under the same lock file. */
export async function locked(file, work) {
  mkdirSync(dirname(file), { recursive: true });
  if (!take(file)) await step("waiting for another set-up", () => untilTaken(file));
  const beat = setInterval(() => {
    if (read(file)?.pid === process.pid) utimesSync(file, new Date(), new Date());
  }, HEARTBEAT);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (read(file)?.pid === process.pid) rmSync(file, { force: true });
  }
}

async function untilTaken(file) {
  let seen;
  while (!take(file)) {
    const lock = read(file);
    if (!lock) continue;
    if (lock.pid !== seen?.pid || lock.beat !== seen.beat) seen = { ...lock, since: performance.now() };
    // A recycled pid, or one in another container, tells nothing: only the heartbeat does.
    const silent = performance.now() - seen.since > DEAD_AFTER;
    if (silent || !isAlive(lock.pid)) bury(file, lock.pid);
    else await sleep(200, undefined, { signal: interrupted.signal });
  }
}

/** A link appears at once and with its content, so that nobody sees a lock without its pid. */
function take(file) {
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

function read(file) {
  try {
    return { pid: Number(readFileSync(file, "utf8")), beat: statSync(file).mtimeMs };
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== "ESRCH";
  }
}

/** Renamed before it is removed: where two find the same dead lock, only one of them takes it away. */
function bury(file, deadPid) {
  const grave = `${file}.${process.pid}`;
  try {
    renameSync(file, grave);
    // Another had buried it before us and taken the lock: that one goes back.
    if (read(grave)?.pid !== deadPid) linkSync(grave, file);
  } catch {
  } finally {
    rmSync(grave, { force: true });
  }
}
