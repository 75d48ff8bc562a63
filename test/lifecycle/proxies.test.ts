import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readConfig } from "../../provider/config/config";
import { keys } from "../../provider/lookups";
import { type Behaviour, startProxy, type TestProxy } from "./proxy";
import { type Rig, rig } from "./rig";

/** A name that only the proxy can connect to. */
const host = "api.cometapi.test";
const password = "pr0xy-Passw0rd!";

const proxies: TestProxy[] = [];
beforeEach(() => {
  // The proxy's tunnel ends at a server with a certificate of the test's own.
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

async function behind(
  behaviour: Behaviour,
  { variable = "HTTPS_PROXY", as = (proxy: string) => `http://${proxy}` } = {},
): Promise<{ setup: Rig; proxy: TestProxy }> {
  const setup = await rig();
  const proxy = await startProxy(setup.server.url);
  proxies.push(proxy);
  proxy.behaviour = behaviour;
  Object.assign(setup.environment, { COMETAPI_BASE_URL: `https://${host}`, [variable]: as(proxy.host) });
  return { setup, proxy };
}

/** How long a proxy may take to answer is not waited for in full. */
const limits = {
  silenceMs: 60_000,
  connectMs: 300,
  headersMs: 5_000,
  bodyMs: 5_000,
  totalMs: 10_000,
  bodyBytes: 1_000_000,
};

async function failure(setup: Rig): Promise<string> {
  setup.lifecycle = setup.provider({}, limits);
  return await setup
    .resource()
    .up({ remainQuota: 1 })
    .then(
      () => "nothing failed",
      (error: Error) => error.message,
    );
}

describe("through a proxy", () => {
  test.each([
    ["HTTPS_PROXY", (proxy: string) => `http://${proxy}`],
    ["https_proxy", (proxy: string) => `http://${proxy}/`],
    ["HTTP_PROXY", (proxy: string) => `http://${proxy}`],
    ["HTTPS_PROXY", (proxy: string) => proxy],
    ["https_proxy", (proxy: string) => ` ${proxy} `],
  ])("named by %s, a key is created, read and deleted", async (variable, as) => {
    const { setup, proxy } = await behind(200, { variable, as });
    const key = setup.resource();
    await key.up({ remainQuota: 1 });
    expect(await key.refresh()).toBe(false);
    await key.destroy();
    expect(setup.living()).toEqual([]);
    expect(proxy.asked[0]).toEqual({ target: `${host}:443`, authorization: undefined });
  });

  test.each([
    [`user:${encodeURIComponent(password)}`, `user:${password}`],
    ["user", "user:"],
    ["user:50%off", "user:50%off"],
    ["us%C3%A9r:p%40ss", "usér:p@ss"],
  ])("that wants credentials, %s are sent as basic authorization", async (given, sent) => {
    const { setup, proxy } = await behind(200, { as: (proxy) => `${given}@${proxy}` });
    await setup.resource().up({ remainQuota: 1 });
    expect(proxy.asked[0]?.authorization).toBe(`Basic ${Buffer.from(sent).toString("base64")}`);
    expect(JSON.stringify(setup.server.requests)).not.toContain("proxy-authorization");
  });

  test("whose credentials are changed, a running provider keeps the old ones, a new one sends the new", async () => {
    const { setup, proxy } = await behind(200, { as: (proxy) => `http://a:b@${proxy}` });
    await setup.resource().up({ remainQuota: 1 });
    setup.environment["HTTPS_PROXY"] = `http://c:d@${proxy.host}`;
    setup.lifecycle = setup.provider();
    await setup.resource("second").up({ remainQuota: 1 });
    expect(proxy.asked.at(-1)?.authorization).toBe(`Basic ${btoa("c:d")}`);
  });
});

describe("a proxy that fails is named within seconds, nothing is said to be created, and its password is not shown", () => {
  const withPassword = (proxy: string) => `http://user:${encodeURIComponent(password)}@${proxy}`;

  test.each<[Behaviour, string, number]>([
    [407, "refused the user name or the password in HTTPS_PROXY (HTTP 407). Correct them", 1],
    [403, `refused to connect to ${host} (HTTP 403). Ask whoever runs the proxy to allow ${host}`, 1],
    [404, `refused to connect to ${host} (HTTP 404)`, 1],
    [302, `refused to connect to ${host} (HTTP 302)`, 1],
    [502, `cannot connect to ${host} (HTTP 502). Check HTTPS_PROXY`, 5],
    [504, `cannot connect to ${host} (HTTP 504). Check HTTPS_PROXY`, 5],
    ["closes", "it closed the connection without an answer", 5],
    ["is silent", "it did not answer", 1],
  ])("%s", async (behaviour, says, tries) => {
    const { setup, proxy } = await behind(behaviour, { as: withPassword });
    const began = Date.now();
    const told = await failure(setup);
    expect(told).toContain(says);
    expect(told).toContain(`the proxy http://${proxy.host} (from HTTPS_PROXY)`);
    expect(setup.waited + Date.now() - began).toBeLessThan(15_000);
    expect(proxy.asked).toHaveLength(tries);
    expect(setup.server.requests).toEqual([]);
    expect(told).not.toContain("may have been");
    for (const text of [told, ...setup.told]) {
      expect(text).not.toContain(password);
      expect(text).not.toContain(encodeURIComponent(password));
      expect(text).not.toContain(Buffer.from(`user:${password}`).toString("base64"));
    }
  });

  test("407 without credentials says where to put them", async () => {
    const { setup } = await behind(407, { variable: "https_proxy" });
    expect(await failure(setup)).toContain(
      "wants a user name and a password (HTTP 407). Put them into https_proxy, as in http://user:password@proxy.example.com:3128",
    );
  });

  test("a proxy that is not there", async () => {
    const { setup, proxy } = await behind(200);
    await proxy.close();
    proxies.splice(0);
    const told = await failure(setup);
    expect(told).toContain(`cannot connect through the proxy http://${proxy.host} (from HTTPS_PROXY)`);
    expect(told).toContain("ECONNREFUSED");
    expect(setup.waited).toBeLessThan(10_000);
  });

  test("a proxy that fails once is tried again", async () => {
    const { setup, proxy } = await behind(200);
    proxy.first = ["closes", 503];
    await setup.resource().up({ remainQuota: 1 });
    expect(setup.living()).toHaveLength(1);
  });
});

describe("a proxy whose address cannot be used is refused at preview, without its value", () => {
  test.each([
    `http://user:${password}@:3128`,
    `http://user:${password}@[::1:3128`,
    `ftp://user:${password}@proxy.example`,
    `socks5://user:${password}@proxy.example:1080`,
    `http://user:${password}@proxy.example:99999`,
    "http://",
  ])("%s", async (address) => {
    const { setup } = await behind(200, { as: () => address });
    const { failures } = setup.resource().check({ remainQuota: 1 });
    expect(failures.map(({ reason }) => reason)).toEqual([
      "HTTPS_PROXY is not the address of an http or https proxy, such as http://proxy.example.com:3128. Correct it, or unset it to connect directly.",
    ]);
    expect(setup.server.requests).toEqual([]);
  });

  test("a lookup says the same, and shows no stack", async () => {
    const { setup } = await behind(200, { as: () => `http://user:${password}@:3128` });
    const error = await keys(setup.host(), {}).catch((reason: Error) => reason);
    expect(error).toMatchObject({ message: expect.stringMatching(/^listing the keys: HTTPS_PROXY is not/) });
    expect(String((error as Error).message)).not.toContain(password);
  });
});

describe("NO_PROXY", () => {
  const via = (baseUrl: string, noProxy: string, variable = "NO_PROXY") => {
    const environment = {
      COMETAPI_ACCESS_TOKEN: "0123456789abcdef",
      COMETAPI_BASE_URL: baseUrl,
      HTTPS_PROXY: "proxy.example:3128",
      [variable]: noProxy,
    };
    return readConfig({ config: () => undefined, environment }).settingsOf(undefined).settings?.proxy?.url;
  };

  test.each([
    ["https://api.cometapi.com", "*"],
    ["https://api.cometapi.com", "localhost, api.cometapi.com"],
    ["https://api.cometapi.com", "localhost api.cometapi.com"],
    ["https://api.cometapi.com", "API.CometAPI.com"],
    ["https://api.cometapi.com", ".cometapi.com"],
    ["https://api.cometapi.com", "*.cometapi.com"],
    ["https://api.cometapi.com", "cometapi.com"],
    ["https://api.cometapi.com", "api.cometapi.com:443"],
    ["https://api.cometapi.com:8443", "api.cometapi.com:8443"],
    ["https://10.1.2.3", "10.1.2.3"],
    ["https://10.1.2.3", "192.168.0.0/16,10.0.0.0/8"],
    ["https://10.1.2.3:8443", "10.1.2.3:8443"],
    ["https://[fd00::1]", "fd00::1"],
    ["https://[fd00::1]", "[fd00:0::1]"],
    ["https://[fd00::1]:8443", "[fd00::1]:8443"],
    ["https://[fd00::1]", "fd00::/8"],
  ])("%s is reached directly with %s", (baseUrl, noProxy) => {
    expect(via(baseUrl, noProxy)).toBeUndefined();
    expect(via(baseUrl, noProxy, "no_proxy")).toBeUndefined();
  });

  test.each([
    ["https://api.cometapi.com", ""],
    ["https://api.cometapi.com", ",,"],
    ["https://api.cometapi.com", "tapi.com"],
    ["https://api.cometapi.com", "api.cometapi.com:8443"],
    ["https://api.cometapi.com", "api.cometapi.com.evil.example"],
    ["https://10.1.2.3", "10.1.2.4,11.0.0.0/8,10.1.2.0/33,fd00::/8"],
    ["https://[fd00::1]", "[fd00::2],fe80::/10,10.0.0.0/8"],
    ["https://[fd00::1]", "[fd00::1]:8443"],
  ])("%s is reached through the proxy with %j", (baseUrl, noProxy) => {
    expect(via(baseUrl, noProxy)).toBe("http://proxy.example:3128");
  });
});

test("loopback is never sent through a proxy", async () => {
  const { setup, proxy } = await behind(407);
  setup.environment["COMETAPI_BASE_URL"] = setup.server.url;
  await setup.resource().up({ remainQuota: 1 });
  expect(proxy.asked).toEqual([]);
});
