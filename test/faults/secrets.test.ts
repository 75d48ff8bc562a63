import { afterAll, describe, expect, test } from "vitest";
import { perHost, tried } from "../lifecycle/host";
import { backends } from "../lifecycle/rig";
import { type Answer, type Exchange, type Fault, faults } from "../server";
import { expectNoLeak, searched, secretsOf } from "./leaks";
import { Scene } from "./scene";
import { type Step, type StepName, stepNames, steps } from "./steps";
import type { Kind, Trouble } from "./troubles";

let leaksSought = 0;
afterAll(() => {
  console.log(
    `secrets: ${leaksSought} runs with a server that tells secrets; ${searched.texts} texts searched for ${searched.secrets} secrets`,
  );
  expect(leaksSought).toBe(perHost({ dynamic: 1540, plugin: 308 }));
});

const kinds: Kind[] = ["POST", "list", "PUT", "get", "DELETE"];

/** The token, and the resource's key once the provider was shown it, as an unwise server or a proxy's error page would repeat them. */
function secretsKnown(scene: Scene, { request }: Exchange): string {
  const shown = JSON.stringify(scene.rig.server.requests.map(({ answer }) => answer?.body));
  const keys = scene.own.map(({ key }) => key);
  return [request.headers.authorization, ...keys.filter((key) => shown.includes(key))].join(" ");
}

type Telling = (secrets: string) => Answer;
const gossip: Record<string, Telling> = {
  "a refusal": (secrets) => ({ status: 200, body: { success: false, message: `no: ${secrets}` } }),
  "a refusal that hides it among control characters": (secrets) => ({
    status: 200,
    body: { success: false, message: `no: ${[...secrets].join("\u200b")} \u0007${secrets}\u0000` },
  }),
  "a refusal with nothing between": (secrets) => ({
    status: 200,
    body: { success: false, message: `x${secrets.replaceAll(" ", "")}x`.repeat(3) },
  }),
  "an error with a status": (secrets) => ({
    status: 400,
    body: { error: { code: secrets, message: secrets, type: secrets } },
  }),
  "an error that is tried again": (secrets) => ({
    status: 503,
    body: { error: { code: 1, message: secrets } },
  }),
  "a 429 whose line is shown while it waits": (secrets) => ({
    status: 429,
    headers: { "retry-after": "9" },
    body: { success: false, message: secrets },
  }),
  "a page": (secrets) => ({
    status: 200,
    headers: { "content-type": "text/html" },
    body: `<p>${secrets}</p>`,
  }),
  "a page with an error": (secrets) => ({ status: 502, body: `<title>${secrets}</title>` }),
  "a redirect": (secrets) => ({
    status: 302,
    headers: { location: `http://127.0.0.1:1/?q=${encodeURIComponent(secrets)}` },
    body: secrets,
  }),
  "a shape nobody knows": (secrets) => ({
    status: 200,
    body: { success: secrets, [secrets]: secrets, data: secrets },
  }),
  "a field of the wrong type": (secrets) => ({
    status: 200,
    body: {
      success: true,
      data: { id: secrets, status: secrets, items: [{ id: secrets, status: secrets }] },
    },
  }),
};

describe.each(backends)("on %s", (_, personality) => {
  test.each(Object.entries(gossip))(
    "a server that repeats secrets in %s is not quoted",
    { timeout: 30_000 },
    async (_name, telling) => {
      const turn = Object.values(gossip).indexOf(telling);
      for (const [i, name] of stepNames.entries())
        for (const kind of tried(kinds, turn + i)) await meet(name, kind, telling);
    },
  );

  /** Runs one step with every request of a kind answered by a secret, and searches all that is told. */
  async function meet(name: StepName, kind: Kind, telling: Telling): Promise<void> {
    const scene = await Scene.open(personality);
    const { server } = scene.rig;
    const step: Step = steps[name];
    await step.prepare?.(scene);
    const fault: Fault = (exchange) => telling(secretsKnown(scene, exchange));
    const trouble: Trouble = { name, acted: false, retried: false, fault };
    const hung = scene.trouble(kind, 1, trouble, Number.POSITIVE_INFINITY);
    await scene.attempt(() => step.run(scene));
    hung.end();
    leaksSought++;
    scene.expectAccountedFor();
    await scene.close();
    expect(server.violations).toEqual([]);
  }
});

test("a field the server did not keep, and filled with secrets, is named without them", async () => {
  const scene = await Scene.open({});
  const { server } = scene.rig;
  for (const field of ["name", "group", "model_limits", "allow_ips"]) {
    server.fault({ method: "PUT" }, (exchange) => {
      const { status, body } = exchange.act();
      const { data } = body as { data: Record<string, unknown> };
      const secrets = `${exchange.request.headers.authorization}\n${data["key"]}`;
      return { status, body: { success: true, message: "", data: { ...data, [field]: secrets } } };
    });
    await scene.attempt(() => scene.rig.resource().up({ name: "mine", remainQuota: 5 }));
    expect(scene.error?.message).toContain("did not keep");
    expectNoLeak([scene.error?.message ?? "", ...scene.rig.told], secretsOf(server));
  }
  await scene.close();
});

describe("a mask is never an output", () => {
  const masks: Record<string, (key: string) => string> = {
    "stars in the middle": (key) => `${key.slice(0, 4)}**********${key.slice(-4)}`,
    "three dots": (key) => `${key.slice(0, 7)}...${key.slice(-4)}`,
    "an ellipsis": (key) => `${key.slice(0, 3)}…${key.slice(-4)}`,
    "bullets only": () => "••••••••••••",
    "a run of x": (key) => `sk-${"x".repeat(44)}${key.slice(-4)}`,
    "its last four only": (key) => key.slice(-4),
    "as long as the key": (key) => key.slice(0, 6) + "*".repeat(key.length - 6),
    "nothing at all": () => "",
  };
  test.each(Object.entries(masks))("%s, when the server begins to mask", async (_, mask) => {
    const scene = await Scene.open({});
    const { server } = scene.rig;
    const { key } = scene;
    await key.up({ name: "mine", remainQuota: 5 });
    const before = key.state.key;
    const masking: Fault = (exchange) => {
      const { status, body } = exchange.act();
      const text = JSON.stringify(body, (name, value) => (name === "key" ? mask(String(value)) : value));
      return { status, body: text };
    };
    const hung = server.fault({ path: /^\/api\/token\// }, masking, { times: Number.POSITIVE_INFINITY });
    expect(await key.refresh()).toBe(false);
    expect(key.state.key).toBe(before);
    expect(await key.up({ name: "other", remainQuota: 5 })).toBe("updated");
    expect(key.state.key).toBe(before);
    const made = scene.rig.resource("second");
    await scene.attempt(() => made.up({ name: "second", remainQuota: 5 }));
    expect(scene.error?.message).toContain("Use a server that returns keys in full");
    expect(made.outputs?.key).toBeUndefined();
    hung.remove();
    await key.up({ name: "other", remainQuota: 5 });
    await made.up({ name: "second", remainQuota: 5 });
    expect([key.state.key, made.state.key]).toEqual([key.live.key, made.live.key]);
    await scene.close();
  });
});

test("somebody else's key, seen in passing in the list, is not quoted", async () => {
  const scene = await Scene.open({});
  const { server } = scene.rig;
  server.fault({ method: "PUT" }, () => ({
    status: 200,
    body: { success: false, message: `not like ${scene.foreign[0]?.key}` },
  }));
  await scene.attempt(() => scene.key.up({ name: "mine", remainQuota: 5 }));
  expect(scene.error?.message).toContain("refused");
  expectNoLeak([scene.error?.message ?? "", ...scene.rig.told], secretsOf(server));
  await scene.close();
});

test("a key that the provider was never shown, in the answer to its create, is not quoted", async () => {
  const scene = await Scene.open({});
  const { server } = scene.rig;
  server.fault({ method: "POST" }, (exchange) => {
    exchange.act();
    return {
      status: 503,
      headers: { "retry-after": "9" },
      body: { success: false, message: `made ${scene.own[0]?.key}` },
    };
  });
  // The list is read once before the first write.
  server.fault({ method: "GET", nth: 2 }, faults.html(), { times: Number.POSITIVE_INFINITY });
  await scene.attempt(() => scene.key.up({ name: "mine", remainQuota: 5 }));
  server.fault({ method: "POST" }, () => ({
    status: 200,
    body: { success: false, message: scene.own[0]?.key },
  }));
  await scene.attempt(() => scene.rig.resource("second").up({ name: "second", remainQuota: 5 }));
  expect(scene.error?.message).toContain("refused");
  expectNoLeak([scene.error?.message ?? "", ...scene.rig.told], secretsOf(server));
  await scene.close();
});

test.each([
  { status: 503, line: /slow down, \[secret\].*trying again in \d+ s/ },
  // Its line is the provider's own, without a word of the server's.
  { status: 429, line: /^CometAPI is limiting requests: 1 key is waiting; next try in \d+ s$/ },
])("the line that reports the wait after a $status names no secret either", async ({ status, line }) => {
  const scene = await Scene.open({});
  const { rig, key } = scene;
  await key.up({ name: "mine", remainQuota: 5 });
  rig.server.fault({ method: "GET" }, (exchange) => ({
    status,
    headers: { "retry-after": "9" },
    body: {
      success: false,
      message: `slow down, ${exchange.request.headers.authorization} with ${key.live.key}`,
    },
  }));
  await key.refresh();
  expect(rig.told).toHaveLength(1);
  expect(rig.told[0]).toMatch(line);
  expectNoLeak(rig.told, secretsOf(rig.server));
  await scene.close();
});

test("the search itself finds a leak of 8 characters", () => {
  expect(() => expectNoLeak(["…cdefghij…"], ["abcdefghijkl"])).toThrow("leaked");
  expectNoLeak(["…cdefghi…"], ["abcdefghijkl"]);
});
