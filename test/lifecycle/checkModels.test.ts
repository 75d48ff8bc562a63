import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { expectNoLeak, secretsOf } from "../faults/leaks";
import { type Answer, type Fault, faults, newApi } from "../server";
import { backends, type Rig, rig } from "./rig";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const catalogue = { path: "/api/models" };
const forEver = { times: Number.POSITIVE_INFINITY };
const quota = { remainQuota: 5 };
const missing = (model: string) => `modelLimits names "${model}", which is not in CometAPI's model catalogue`;

/** A run of the engine in which `cometapi:checkModels` is as given. */
async function given(mode: string | undefined, options: Parameters<typeof rig>[0] = {}) {
  const setup = await rig(options);
  run(setup, mode);
  return { setup, server: setup.server, key: setup.resource() };
}

function run(setup: Rig, mode: string | undefined, config: Record<string, string> = {}): void {
  setup.lifecycle = setup.provider({
    ...config,
    ...(mode !== undefined && { "cometapi:checkModels": mode }),
  });
}

const asked = ({ server }: Rig) => server.requests.filter(({ path }) => path === "/api/models").length;

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(backends)("on %s", (_, personality) => {
  test("error: each unknown model is a failure that names the nearest known ones, before anything is created", async () => {
    const { setup, key } = await given("error", { personality });
    const { failures } = await key.checkWhole({ ...quota, modelLimits: ["gpt-55", "gpt-5", "llama"] });
    expect(failures).toEqual([
      {
        property: "modelLimits",
        reason: `${missing("gpt-55")}; did you mean "gpt-5"?`,
      },
      {
        property: "modelLimits",
        reason: `${missing("llama")}. \`getCometApiModels()\` returns all model ids.`,
      },
    ]);
    expect([setup.warned, setup.told]).toEqual([[], []]);
    expect(setup.server.requests[0]).toMatchObject({ method: "GET", path: "/api/models" });
  });

  test("warn: the same is reported as a warning of the resource, and the key is created", async () => {
    const { setup, key } = await given("warn", { personality });
    expect(await key.up({ ...quota, modelLimits: ["gpt-55", "gpt-5"] })).toBe("created");
    expect(setup.warned).toEqual([`backend: ${missing("gpt-55")}; did you mean "gpt-5"?`]);
    expect(setup.told).toEqual([]);
    expect(key.live.model_limits).toBe("gpt-55,gpt-5");
  });

  test.each(["error", "warn"])("%s: known models are passed over in silence", async (mode) => {
    const { setup, key } = await given(mode, { personality });
    const { failures } = await key.checkWhole({ ...quota, modelLimits: ["gpt-5", "claude-opus-4-6"] });
    expect([failures, setup.warned, setup.told]).toEqual([[], [], []]);
  });

  test.each([undefined, "off"])("%s: no request is sent and nothing is reported", async (mode) => {
    const { setup, server, key } = await given(mode, { personality });
    const { failures } = await key.checkWhole({ ...quota, modelLimits: ["gpt-55"] });
    expect([failures, setup.warned, setup.told, server.requests]).toEqual([[], [], [], []]);
  });

  test("a model that left the catalogue may stay where it is declared, and a new one is judged", async () => {
    const { setup, server, key } = await given("error", { personality });
    await key.up({ ...quota, modelLimits: ["gpt-5", "gemini-3-pro"] });
    server.settings.models = ["gpt-5", "gpt-5-mini"];
    run(setup, "error");
    server.clearRequests();
    expect(await key.up({ ...quota, modelLimits: ["gemini-3-pro", "gpt-5"] })).toBe("same");
    expect(server.requests).toEqual([]);
    expect(await key.up({ ...quota, modelLimits: ["gemini-3-pro", "gpt-5-mini"] })).toBe("updated");
    const { failures } = await key.checkWhole({ ...quota, modelLimits: ["gemini-3-pro", "gemini-3-por"] });
    expect(failures).toEqual([expect.objectContaining({ reason: expect.stringContaining("gemini-3-por") })]);
    expect(asked(setup)).toBe(1);
  });
});

describe("groups", () => {
  const onNewApi = { personality: { ...newApi, maskedKeys: false } };
  const noGroup = (group: string) => `group is "${group}", which is not a group of the account`;
  const groupsAsked = ({ server }: Rig) =>
    server.requests.filter(({ path }) => path === "/api/user/self/groups").length;

  test("error: a group that the account does not have is refused before anything is created", async () => {
    const { setup, key } = await given("error", onNewApi);
    const { failures } = await key.checkWhole({ ...quota, group: "vipp" });
    expect(failures).toEqual([{ property: "group", reason: `${noGroup("vipp")}; did you mean "vip"?` }]);
    const other = await setup.resource("other").checkWhole({ ...quota, group: "gold" });
    expect(other.failures.map(({ reason }) => reason)).toEqual([
      `${noGroup("gold")}. Its groups are "auto", "default", "vip".`,
    ]);
    expect(groupsAsked(setup)).toBe(1);
  });

  test("warn: the same is a warning of the resource", async () => {
    const { setup, key } = await given("warn", onNewApi);
    expect(await key.up({ ...quota, group: "gold" })).toBe("created");
    expect(setup.warned).toEqual([`backend: ${noGroup("gold")}. Its groups are "auto", "default", "vip".`]);
  });

  test.each([undefined, "off"])("%s: no request is sent", async (mode) => {
    const { server, key } = await given(mode, onNewApi);
    await key.checkWhole({ ...quota, group: "gold" });
    expect(server.requests).toEqual([]);
  });

  test.each(["vip", "auto", "", null, unknown])("%j is accepted", async (group) => {
    const { setup, key } = await given("error", onNewApi);
    expect((await key.checkWhole({ ...quota, group })).failures).toEqual([]);
    expect(setup.warned).toEqual([]);
  });

  test("a group that the account has lost may stay where it is declared", async () => {
    const { setup, server, key } = await given("off", onNewApi);
    await key.up({ ...quota, group: "gold" });
    run(setup, "error");
    server.clearRequests();
    expect(await key.up({ ...quota, group: "gold" })).toBe("same");
    expect(server.requests).toEqual([]);
  });

  test("on a server that does not list them are one warning a run, and no failure", async () => {
    const { setup } = await given("error");
    for (const name of ["one", "two"])
      expect((await setup.resource(name).checkWhole({ ...quota, group: "gold" })).failures).toEqual([]);
    expect(setup.warned).toEqual([
      "cometapi:checkModels checks no groups in this run: reading the account's groups: this server does not list the groups of an account.",
    ]);
  });
});

describe("the catalogue", () => {
  test("is asked once a run, however many keys there are and however many are checked at once", async () => {
    const { setup } = await given("error");
    const keys = Array.from({ length: 50 }, (_, i) => setup.resource(`key-${i}`));
    const found = await Promise.all(
      keys.map((key, i) => key.checkWhole({ ...quota, modelLimits: [`gpt-5${i % 2 ? "x" : ""}`] })),
    );
    await setup.resource().checkWhole({ ...quota, modelLimits: ["gemini-3-pro"] });
    expect(found.filter(({ failures }) => failures.length > 0)).toHaveLength(25);
    expect(asked(setup)).toBe(1);
  });

  test("is that of the key's account, each asked with its own token", async () => {
    const { setup, server } = await given(undefined, { accounts: [{}, {}] });
    const accessToken = server.accounts[1]?.token;
    run(setup, "error", { "cometapi:accounts": JSON.stringify({ billing: { accessToken } }) });
    for (const account of [undefined, "billing", "billing", ""])
      await setup.resource().checkWhole({ ...quota, account, modelLimits: ["gpt-5"] });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      server.account.token,
      accessToken,
    ]);
  });

  test("judges every model of a key that moves to another account, and warns of each once", async () => {
    const { setup, server, key } = await given(undefined, { accounts: [{}, {}] });
    const accessToken = server.accounts[1]?.token;
    const config = { "cometapi:accounts": JSON.stringify({ billing: { accessToken } }) };
    run(setup, "off", config);
    await key.up({ ...quota, modelLimits: ["old"] });
    run(setup, "warn", config);
    expect(await key.up({ ...quota, modelLimits: ["old"] })).toBe("same");
    expect(setup.warned).toEqual([]);
    expect(await key.up({ ...quota, modelLimits: ["old"], account: "billing" })).toBe("replaced");
    expect(setup.warned).toEqual([expect.stringContaining(`backend: ${missing("old")}`)]);
  });

  test.each<[string, Record<string, unknown>]>([
    ["no models are declared", {}],
    ["the list is empty", { modelLimits: [] }],
    ["the list is null", { modelLimits: null }],
    ["the list is not known yet", { modelLimits: unknown }],
    ["no element is known yet", { modelLimits: [unknown, unknown] }],
    ["the account is not known yet", { modelLimits: ["x"], account: unknown }],
    ["the list is refused as it is", { modelLimits: ["a,b"] }],
    ["there is no such account", { modelLimits: ["x"], account: "nobody" }],
  ])("is not asked when %s", async (_, declared) => {
    const { server, key } = await given("error");
    await key.checkWhole({ ...quota, ...declared });
    expect(server.requests).toEqual([]);
  });

  test("is not asked when a setting is refused", async () => {
    const { setup, server, key } = await given("error");
    setup.environment["COMETAPI_ACCESS_TOKEN"] = "";
    const { failures } = await key.checkWhole({ ...quota, modelLimits: ["x"] });
    expect(failures).toHaveLength(1);
    expect(server.requests).toEqual([]);
  });

  test("leaves alone what is not known yet, and judges the rest", async () => {
    const { key } = await given("error");
    const { failures } = await key.checkWhole({ ...quota, modelLimits: [unknown, "gpt-55", "gpt-5"] });
    expect(failures.map(({ reason }) => reason)).toEqual([`${missing("gpt-55")}; did you mean "gpt-5"?`]);
  });

  test.each([
    ["GPT5", ["gpt-5"]],
    ["gpt-5-min", ["gpt-5-mini", "gpt-5", "gpt-5-nano"]],
    ["claude-opus-4.6", ["claude-opus-4-6"]],
    ["o9", []],
  ])("is searched for what %s may have meant: %j, nearest first", async (model, nearest) => {
    const { server, key } = await given("error");
    server.settings.models = ["gpt-5", "gpt-5-nano", "gpt-5-mini", "gpt-5-codex", "claude-opus-4-6"];
    const { failures } = await key.checkWhole({ ...quota, modelLimits: [model] });
    const [, ...suggested] = failures[0]?.reason.match(/"[^"]+"/g) ?? [];
    expect(suggested).toEqual(nearest.map((id) => `"${id}"`));
  });

  test("is reported with all other faults, and with those of a key to be adopted", async () => {
    const { key } = await given("error");
    const { failures } = await key.checkWhole({ name: "", adoptId: "7", modelLimits: ["gpt-55"] });
    expect(failures.map(({ property }) => property)).toEqual([
      "name",
      "remainQuota",
      "adoptId",
      "modelLimits",
    ]);
  });
});

describe("a catalogue that cannot be read", () => {
  const answers = (answer: Answer): Fault => faults.answer(answer);
  const troubles: Record<string, [Fault, string]> = {
    "answers 500": [answers({ status: 500, body: {} }), "HTTP 500"],
    "answers 503": [answers({ status: 503, body: "<html>busy</html>" }), "HTTP 503"],
    "asks for an hour of patience": [
      answers({ status: 429, headers: { "retry-after": "3600" }, body: {} }),
      "HTTP 429",
    ],
    "refuses the token": [answers({ status: 401, body: {} }), "Check cometapi:accessToken"],
    "says no": [faults.refuse("not you"), 'CometAPI refused: "not you"'],
    "is a page": [faults.html(), "is not JSON"],
    "breaks off": [faults.invalidJson(), "is not JSON"],
    "is of no known shape": [faults.wrongShape(), "lacks a usable"],
    "is ordered by channel, on a server that lists none for the account": [
      answers({ status: 200, body: { success: true, data: { 1: ["gpt-5"] } } }),
      "this server does not list the models of an account",
    ],
    "lists what has no ids": [answers({ status: 200, body: { data: [{}] } }), "data.0.id"],
    "is elsewhere": [faults.redirect("https://example.com/api/models"), "redirect"],
    "closes the connection": [faults.close(), "no complete answer"],
    "never answers": [faults.never(), "no complete answer"],
    "is empty": [
      answers({ status: 200, body: { success: true, data: [] } }),
      "there are no models in the answer",
    ],
  };

  test.each(Object.entries(troubles))(
    "because it %s is one warning a run, soon, and no failure",
    async (_, [fault, words]) => {
      const { setup, server } = await given(undefined);
      const limits = {
        silenceMs: 60_000,
        connectMs: 100,
        headersMs: 100,
        bodyMs: 100,
        totalMs: 100,
        bodyBytes: 10_000,
      };
      setup.lifecycle = setup.provider({ "cometapi:checkModels": "error" }, limits);
      server.fault(catalogue, fault, forEver);
      const check = (name: string) =>
        setup.resource(name).checkWhole({ ...quota, modelLimits: ["gpt-55", "gpt-5"] });
      const found = await Promise.all(["one", "two", "three"].map(check));
      found.push(await check("four"));
      expect(found.flatMap(({ failures }) => failures)).toEqual([]);
      expect(setup.warned).toEqual([
        expect.stringMatching(
          /^cometapi:checkModels checks no models in this run: reading the model catalogue: /,
        ),
      ]);
      expect(setup.warned[0]).toContain(words);
      expect(setup.waited).toBeLessThanOrEqual(5_000);
      // Waits are random, but each is on average twice the last.
      expect(asked(setup)).toBeLessThan(20);
      // A long wait, if one is drawn, is reported as ever.
      expect(setup.told.filter((line) => !/; trying again in \d+ s$/.test(line))).toEqual([]);
    },
  );

  test("for want of a server is one too", async () => {
    const { setup, key } = await given("error");
    setup.environment["COMETAPI_BASE_URL"] = "http://127.0.0.1:1";
    const { failures } = await key.checkWhole({ ...quota, modelLimits: ["gpt-55"] });
    expect(failures).toEqual([]);
    expect(setup.warned).toEqual([expect.stringContaining("cannot reach http://127.0.0.1:1")]);
  });

  test("at first is read by another try", async () => {
    const { setup, server, key } = await given("error");
    server.fault(catalogue, answers({ status: 503, body: {} }));
    const { failures } = await key.checkWhole({ ...quota, modelLimits: ["gpt-55"] });
    expect(failures).toHaveLength(1);
    expect([asked(setup), setup.warned]).toEqual([2, []]);
  });

  test("is given no more than is left of five seconds, though any other answer may take a minute", async () => {
    const { setup, server, key } = await given("error");
    vi.spyOn(Math, "random").mockReturnValue(0);
    server.fault(catalogue, () => {
      server.advance(4_900);
      return { status: 503, body: {} };
    });
    server.fault(catalogue, (exchange) => {
      server.advance(200);
      return faults.never()(exchange);
    });
    const { failures } = await key.checkWhole({ ...quota, modelLimits: ["gpt-55"] });
    expect([failures, asked(setup)]).toEqual([[], 2]);
    expect(setup.warned).toEqual([expect.stringContaining("given up after 2 tries")]);
  });
});

describe("the setting", () => {
  test.each(["true", "Error", "", "on"])("%j is refused, with everything else", async (mode) => {
    const { setup, server, key } = await given(mode);
    setup.environment["COMETAPI_CHECK_MODELS"] = "off";
    const { failures } = await key.checkWhole({ remainQuota: -1, modelLimits: ["gpt-55"] });
    expect(failures.map(({ reason }) => reason)).toEqual([
      'cometapi:checkModels must be "error", "warn" or "off".',
      expect.stringContaining("remainQuota"),
    ]);
    expect(server.requests).toEqual([]);
  });

  test("may come from the environment, where an empty variable is none, and config wins", async () => {
    const { setup, key } = await given(undefined);
    const found = async () => (await key.checkWhole({ ...quota, modelLimits: ["gpt-55"] })).failures;
    setup.environment["COMETAPI_CHECK_MODELS"] = "error";
    expect(await found()).toHaveLength(1);
    setup.environment["COMETAPI_CHECK_MODELS"] = "";
    expect(await found()).toEqual([]);
    setup.environment["COMETAPI_CHECK_MODELS"] = "yes";
    expect((await found()).map(({ reason }) => reason)).toEqual([
      'cometapi:checkModels (from COMETAPI_CHECK_MODELS) must be "error", "warn" or "off".',
    ]);
    run(setup, "off");
    expect(await found()).toEqual([]);
  });
});

describe("what is reported", () => {
  test.each(["error", "warn"])(
    "%s: repeats no secret and no control character of the catalogue",
    async (mode) => {
      const { setup, server } = await given("off");
      for (let i = 0; i < 3; i++) await setup.resource(`key-${i}`).up(quota);
      run(setup, mode);
      const secrets = secretsOf(server);
      server.settings.models = ["gpt-5\u0007", "gpt\u200b-5", "gpt-5\n", ...secrets, "gpt-4"];
      const said: string[] = [];
      for (const model of ["gpt-5", ...secrets.map((secret) => `${secret}x`)]) {
        const { failures } = await setup.resource(model).checkWhole({ ...quota, modelLimits: [model] });
        said.push(...failures.map(({ reason }) => reason));
      }
      const lines = [...said, ...setup.warned.map((line) => line.slice(line.indexOf("modelLimits")))];
      expect(lines).toHaveLength(1 + secrets.length);
      expect(lines[0]).toContain(`${missing("gpt-5")}; did you mean "gpt-4"?`);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      for (const line of lines) expect(line).not.toMatch(/[\u0000-\u001f\u200b]/);
      expectNoLeak(lines, secrets);
    },
  );

  test("repeats no secret of a refusal either", async () => {
    const { setup, server } = await given("warn");
    await setup.resource().up(quota);
    const gossip = () => secretsOf(server).join(" ");
    for (const status of [200, 400, 401, 503]) {
      run(setup, "warn");
      const body = { success: false, message: gossip(), error: { code: gossip(), message: gossip() } };
      const hung = server.fault(catalogue, faults.answer({ status, body }), forEver);
      await setup.resource().checkWhole({ ...quota, modelLimits: ["gpt-55"] });
      hung.remove();
    }
    expect(setup.warned).toHaveLength(4);
    expectNoLeak([...setup.warned, ...setup.told], secretsOf(server));
  });
});

test("in any history a run reports what is new and unknown and of nothing else, by one request at most", async () => {
  const all = ["gpt-5", "gpt-5-mini", "claude-opus-4-6", "llama"];
  const step = fc.record({
    mode: fc.constantFrom("error", "warn", "off"),
    known: fc.subarray(all, { minLength: 1 }),
    declared: fc.shuffledSubarray(all),
    broken: fc.boolean(),
  });
  const history = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
    const { setup, server, key } = await given("off");
    let before: string[] = [];
    for (const { mode, known, declared, broken } of steps) {
      run(setup, mode);
      server.settings.models = known;
      server.clearRequests();
      setup.warned.length = 0;
      const hung = broken ? server.fault(catalogue, faults.html(), forEver) : undefined;
      const fresh = mode === "off" ? [] : declared.filter((model) => !before.includes(model));
      const wrong = broken ? [] : fresh.filter((model) => !known.includes(model));
      const refused = mode === "error" && wrong.length > 0;
      const outcome = await key
        .up({ ...quota, modelLimits: declared })
        .catch((error: Error) => error.message);
      hung?.remove();

      expect(asked(setup)).toBe(fresh.length > 0 ? 1 : 0);
      const said = refused ? [outcome] : setup.warned;
      for (const model of wrong) expect(said.join()).toContain(missing(model));
      expect(said.join().match(/modelLimits names/g) ?? []).toHaveLength(wrong.length);
      expect(said.join().match(/checks no models/g) ?? []).toHaveLength(broken && fresh.length > 0 ? 1 : 0);
      if (!refused) before = declared;
      expect(key.inputs?.modelLimits ?? []).toHaveLength(before.length);
    }
    await server.close();
  });
  await fc.assert(history, { numRuns: 50, seed: 20260101 });
});
