import { expect, test } from "vitest";
import { type CometServer, faults } from "../server";
import { startProxy } from "./proxy";
import { type Resource, type Rig, rig } from "./rig";

/**
 * Each piece of advice that an error gives, followed to the letter in the situation that printed it. Advice about
 * commands is followed on the real engine, in test/pulumi/advice.test.ts.
 */

interface Situation {
  setup: Rig;
  server: CometServer;
  key: Resource;
  hung?: { remove(): void };
}

interface Case {
  /** Makes the operation fail. */
  given(situation: Situation): unknown;
  declared?: Record<string, unknown>;
  /** The advice, as it is printed. */
  advice: string;
  /** Does what it says. */
  follow(situation: Situation): unknown;
  /** What is declared afterwards. Default: the same as before. */
  fixed?: Record<string, unknown>;
}

const quota = { remainQuota: 100 };
const anew = ({ setup }: Situation) => {
  setup.lifecycle = setup.provider();
};
const set = (values: Record<string, string>) => (situation: Situation) => {
  Object.assign(situation.setup.environment, values);
  anew(situation);
};
const refusing = (words: string) => (situation: Situation) =>
  situation.server.fault({ method: "POST" }, faults.refuse(words));

const outage = (matcher: object) => (situation: Situation) => {
  situation.hung = situation.server.fault(matcher, faults.answer({ status: 503, body: {} }), {
    times: 1_000,
  });
};

const cases: Record<string, Case> = {
  "a token that was reset": {
    given: ({ server }) => server.resetToken(),
    advice:
      "Check cometapi:accessToken (from COMETAPI_ACCESS_TOKEN): it must be a valid personal access token",
    follow: (situation) => set({ COMETAPI_ACCESS_TOKEN: situation.server.account.token })(situation),
  },
  "a base URL of something else": {
    given: ({ server }) =>
      server.fault({}, faults.answer({ status: 404, body: { message: "?" } }), { times: 1 }),
    advice: "Check cometapi:baseUrl (from COMETAPI_BASE_URL): CometAPI is not at that address",
    follow: (situation) => set({ COMETAPI_BASE_URL: `${situation.server.url}/v1/` })(situation),
  },
  "too many keys": {
    given: ({ server }) => {
      server.personality.maxKeys = 1;
      server.console.create();
    },
    advice: "Delete keys that are no longer used",
    follow: ({ server }) => server.console.delete(Number(server.keys()[0]?.id)),
  },
  "a group that the account lacks": {
    given: () => undefined,
    declared: { ...quota, group: "gold" },
    advice: "name a group that this account has, or leave it out",
    follow: () => undefined,
    fixed: { ...quota, group: "vip" },
  },
  "a name that is refused": {
    given: ({ server }) => server.fault({ method: "PUT" }, faults.refuse("name too long")),
    declared: { ...quota, name: "x".repeat(50) },
    advice: "Check the property name: at most 50 characters",
    follow: () => undefined,
    fixed: { ...quota, name: "short" },
  },
  "more quota than the account can grant": {
    given: refusing("insufficient quota"),
    advice: "Check the property remainQuota or totalQuota",
    follow: () => undefined,
    fixed: { remainQuota: 1 },
  },
  "a refusal that is not understood": {
    given: refusing("今天不行"),
    advice: "Fix what CometAPI reports, then run the same command again",
    follow: () => undefined,
  },
  "an outage while a key is updated": {
    given: async (situation) => {
      await situation.key.up(quota);
      outage({})(situation);
    },
    declared: { ...quota, name: "renamed" },
    advice: "Run the same command again later: it first looks for what was done",
    follow: ({ hung }) => hung?.remove(),
  },
  "an outage after a key was created": {
    given: (situation) => {
      situation.server.fault({ method: "POST" }, (exchange) => {
        outage({ method: "GET" })(situation);
        return faults.reset({ act: true })(exchange);
      });
    },
    advice: "delete it in the CometAPI console if it is there",
    follow: ({ hung, server, setup }) => {
      hung?.remove();
      for (const { id } of setup.living()) server.console.delete(id);
    },
  },
  "a server that cannot be reached": {
    given: set({ COMETAPI_BASE_URL: "http://127.0.0.1:1" }),
    advice: "Nothing was changed by this request: run the same command again later",
    follow: (situation) => set({ COMETAPI_BASE_URL: situation.server.url })(situation),
  },
  "a page in place of an answer": {
    given: ({ server }) => server.fault({}, faults.html(), { times: 1 }),
    advice:
      "Check cometapi:baseUrl (from COMETAPI_BASE_URL), and if it is right, ask whoever runs your network",
    follow: anew,
  },
  "a proxy that is not one": {
    given: set({ COMETAPI_BASE_URL: "https://api.cometapi.test", HTTPS_PROXY: "proxy:port" }),
    advice: "Correct it, or unset it to connect directly",
    follow: (situation) => set({ COMETAPI_BASE_URL: situation.server.url, HTTPS_PROXY: "" })(situation),
  },
  "a key that is gone": {
    given: async ({ key, server }) => {
      await key.up(quota);
      server.console.delete(Number(key.id));
    },
    declared: { ...quota, name: "renamed" },
    advice: "Run `pulumi refresh` to drop it from the stack; the next `pulumi up`",
    follow: ({ key }) => key.refresh(),
  },
  "a field that the server does not keep": {
    given: ({ setup }) => {
      setup.server.personality.dropsCrossGroupRetry = true;
    },
    declared: { ...quota, group: "vip", crossGroupRetry: true },
    advice: "declare what this server can keep, then run `pulumi up` again",
    follow: () => undefined,
    fixed: { ...quota, group: "vip" },
  },
  "an account that is not set up": {
    given: () => undefined,
    declared: { ...quota, account: "billing" },
    advice: "pulumi config set --secret --path cometapi:accounts.billing.accessToken",
    follow: ({ setup, server }) => {
      const accounts = JSON.stringify({ billing: { accessToken: server.account.token } });
      setup.lifecycle = setup.provider({ "cometapi:accounts": accounts });
    },
  },
  "a key to adopt that is not there": {
    given: () => undefined,
    declared: { ...quota, adoptId: "999999" },
    advice: "if it was deleted, remove adoptId",
    follow: anew,
    fixed: quota,
  },
};

test.each(Object.entries(cases))("%s", async (_, { given, declared = quota, advice, follow, fixed }) => {
  const setup = await rig();
  const situation: Situation = { setup, server: setup.server, key: setup.resource() };
  await given(situation);
  const told = await situation.key.up(declared).then(
    () => "nothing failed",
    (error: Error) => error.message,
  );
  expect(told).toContain(advice);
  await follow(situation);
  expect(await situation.key.up(fixed ?? declared)).toMatch(/^(created|updated)$/);
  expect(await situation.key.up(fixed ?? declared)).toBe("same");
  expect(setup.living().length).toBeLessThanOrEqual(1);
});

test("a proxy that wants credentials works with what its error shows", async () => {
  const setup = await rig();
  const proxy = await startProxy(setup.server.url);
  proxy.behaviour = 407;
  Object.assign(setup.environment, {
    COMETAPI_BASE_URL: "https://api.cometapi.test",
    HTTPS_PROXY: proxy.host,
  });
  setup.lifecycle = setup.provider();
  const told = await setup
    .resource()
    .up(quota)
    .catch((error: Error) => error.message);
  const [, form = ""] = /as in (http:\/\/user:password@)/.exec(String(told)) ?? [];
  expect(form).not.toBe("");
  proxy.behaviour = 200;
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  setup.environment["HTTPS_PROXY"] = `${form}${proxy.host}`;
  setup.lifecycle = setup.provider();
  expect(await setup.resource().up(quota)).toBe("created");
  expect(proxy.asked.at(-1)?.authorization).toBe(`Basic ${btoa("user:password")}`);
  await proxy.close();
});
