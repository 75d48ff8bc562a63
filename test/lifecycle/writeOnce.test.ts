import { describe, expect, test } from "vitest";
import { NoAnswerError, RefusedError } from "../../provider/api/errors";
import { Budget } from "../../provider/api/retry";
import { type Write, writeOnce } from "../../provider/live/writeOnce";

const unanswered = new NoAnswerError("reset", { mayHaveActed: true, retry: true });
const untouched = new NoAnswerError("cannot reach it", { mayHaveActed: false, retry: true });
const unreadable = new NoAnswerError("not JSON", { mayHaveActed: true, retry: false });
const refused = new RefusedError('"no"', 200);

/** What each send and each look does, in order; what is done is noted. */
function script(sends: (Error | string | undefined)[], looks: (Error | string | undefined)[] = []) {
  const done: string[] = [];
  const next = (name: string, steps: (Error | string | undefined)[]) => async () => {
    done.push(name);
    const step = steps.shift();
    if (step instanceof Error) throw step;
    return step;
  };
  const write: Write<string> = { send: next("send", sends), observe: next("look", looks) };
  return { done, write };
}

function run(write: Write<string>): Promise<string> {
  let now = 0;
  const sleep = async (ms: number) => {
    now += ms;
  };
  const clock = { now: () => now, sleep };
  return writeOnce(new Budget(clock, () => {}), write);
}

describe("a write", () => {
  test("that is answered is not looked for", async () => {
    const { write, done } = script(["stored"]);
    expect(await run(write)).toBe("stored");
    expect(done).toEqual(["send"]);
  });

  test("whose answer says too little is looked for", async () => {
    const { write, done } = script([undefined], ["found"]);
    expect(await run(write)).toBe("found");
    expect(done).toEqual(["send", "look"]);
  });

  test("that was answered, and cannot be seen, is not sent again", async () => {
    const { write, done } = script([undefined], [undefined]);
    await expect(run({ ...write, unseen: "it is not listed" })).rejects.toThrow("it is not listed");
    expect(done).toEqual(["send", "look"]);
  });

  test("that is unanswered, and is seen to have happened, is not sent again", async () => {
    const { write, done } = script([unanswered], ["found"]);
    expect(await run(write)).toBe("found");
    expect(done).toEqual(["send", "look"]);
  });

  test("that is unanswered, and looked for in vain, is sent again", async () => {
    const { write, done } = script([unanswered, "stored"], [undefined]);
    expect(await run(write)).toBe("stored");
    expect(done).toEqual(["send", "look", "send"]);
  });

  test("that is unanswered, and cannot be looked for, is never sent again", async () => {
    const { write, done } = script([unanswered], [untouched]);
    await expect(run(write)).rejects.toThrow("cannot reach it");
    expect(done).toEqual(["send", "look"]);
  });

  test("that is refused is neither looked for nor sent again", async () => {
    const { write, done } = script([refused]);
    await expect(run(write)).rejects.toBe(refused);
    expect(done).toEqual(["send"]);
  });

  test("that never reached the server is left to whoever sends it", async () => {
    const { write, done } = script([untouched]);
    await expect(run(write)).rejects.toBe(untouched);
    expect(done).toEqual(["send"]);
  });

  test("whose answer cannot be read is looked for, and not sent again", async () => {
    const { write, done } = script([unreadable], [undefined]);
    await expect(run(write)).rejects.toBe(unreadable);
    expect(done).toEqual(["send", "look"]);
  });

  test("that is refused the second time is looked for: the first may have arrived late", async () => {
    const { write, done } = script([unanswered, refused], [undefined, "found"]);
    expect(await run(write)).toBe("found");
    expect(done).toEqual(["send", "look", "send", "look"]);
  });

  test("that may have happened in spite of a refusal is looked for", async () => {
    const { write, done } = script([refused], ["gone"]);
    expect(await run({ ...write, mayHaveHappened: () => true })).toBe("gone");
    expect(done).toEqual(["send", "look"]);
  });

  test("that stays unanswered ends when patience does, with the reason", async () => {
    const { write, done } = script(Array(1000).fill(unanswered));
    await expect(run(write)).rejects.toThrow(/^reset \(given up after \d+ tries\)$/);
    expect(done.length).toBeGreaterThan(10);
  });
});
