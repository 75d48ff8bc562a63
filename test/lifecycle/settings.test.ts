import { describe, expect, test } from "vitest";
import { readConfig } from "../../provider/config/config";
import { rig } from "./rig";

function read(environment: Record<string, string>, config: Record<string, string> = {}) {
  return readConfig({ config: (key) => config[key], environment }).settingsOf(undefined);
}

const token = "0123456789abcdefABCDEF==";

test("the token is all that is needed", () => {
  expect(read({ COMETAPI_ACCESS_TOKEN: token }).settings).toEqual({
    accessToken: token,
    baseUrl: "https://api.cometapi.com",
    userId: undefined,
    proxy: undefined,
  });
});

test("config wins over the environment", () => {
  const environment = {
    COMETAPI_ACCESS_TOKEN: "x",
    COMETAPI_BASE_URL: "https://a.example",
    COMETAPI_USER_ID: "1",
  };
  const config = {
    "cometapi:accessToken": token,
    "cometapi:baseUrl": "https://b.example/gateway/",
    "cometapi:userId": "2",
  };
  expect(read(environment, config).settings).toEqual({
    accessToken: token,
    baseUrl: "https://b.example/gateway",
    userId: "2",
    proxy: undefined,
  });
});

test("an empty variable is one that is not set", () => {
  expect(
    read({ COMETAPI_ACCESS_TOKEN: token, COMETAPI_BASE_URL: "", COMETAPI_USER_ID: "" }).settings?.userId,
  ).toBeUndefined();
  expect(read({ COMETAPI_ACCESS_TOKEN: "" }).refused).toHaveLength(1);
});

describe("a token is refused", () => {
  test.each([
    ["that is missing", undefined, "pulumi config set --secret cometapi:accessToken"],
    ["with a Bearer prefix", `Bearer ${token}`, 'leave out the "Bearer "'],
    ["with a newline", `${token}\nx-evil: 1`, "one line of visible ASCII"],
    ["with a newline at its end", `${token}\n`, "one line of visible ASCII"],
    ["with spaces", `${token} ${token}`, "one line of visible ASCII"],
    ["with letters no header takes", `${token}é`, "one line of visible ASCII"],
  ])("%s", (_, value, hint) => {
    const { refused = [] } = read(value === undefined ? {} : { COMETAPI_ACCESS_TOKEN: value });
    expect(refused).toEqual([expect.stringContaining(hint)]);
    expect(refused[0]).toContain("cometapi:accessToken");
    expect(refused[0]).not.toContain(token);
  });
});

describe("an address", () => {
  test.each([
    "http://localhost:1",
    "http://127.0.0.1:1",
    "http://127.8.9.1",
    "http://[::1]:1",
    "https://any.example/path",
  ])("%s is taken", (baseUrl) => {
    expect(read({ COMETAPI_ACCESS_TOKEN: token, COMETAPI_BASE_URL: baseUrl }).settings?.baseUrl).toBe(
      baseUrl,
    );
  });

  test.each([
    ["https://x.example/v1", "https://x.example"],
    ["https://x.example/v1/", "https://x.example"],
    ["https://x.example/gateway/v1//", "https://x.example/gateway"],
    ["https://x.example/v10", "https://x.example/v10"],
    ["https://v1.example", "https://v1.example"],
  ])("%s, as model clients want it, means %s", (baseUrl, meant) => {
    expect(read({ COMETAPI_ACCESS_TOKEN: token, COMETAPI_BASE_URL: baseUrl }).settings?.baseUrl).toBe(meant);
    const accounts = JSON.stringify({ b: { accessToken: token, baseUrl } });
    const config = readConfig({
      config: (key) => (key === "cometapi:accounts" ? accounts : undefined),
      environment: {},
    });
    expect(config.settingsOf("b").settings?.baseUrl).toBe(meant);
  });

  test.each([
    ["http://api.cometapi.com", "in the clear"],
    ["http://127.0.0.1.example.com", "in the clear"],
    ["http://localhost.example.com", "in the clear"],
    ["ftp://x", "https://"],
    ["api.cometapi.com", "must be an address"],
    ["https://user:pass@x.example", "user name or a password"],
    ["https://x.example?a=1", "without ?, # or spaces"],
    ["https://x.example/?", "without ?, # or spaces"],
    [" https://x.example", "without ?, # or spaces"],
    ["https://x.example/api/", "leave that part out"],
  ])("%s is refused", (baseUrl, hint) => {
    const { refused } = read({ COMETAPI_ACCESS_TOKEN: token, COMETAPI_BASE_URL: baseUrl });
    expect(refused).toEqual([expect.stringContaining(hint)]);
    expect(refused?.[0]).toContain("cometapi:baseUrl (from COMETAPI_BASE_URL)");
  });
});

test("all settings that are wrong are reported at once, with the arguments that are, before any request", async () => {
  const setup = await rig();
  setup.environment = {
    COMETAPI_ACCESS_TOKEN: "Bearer x",
    COMETAPI_BASE_URL: "nowhere",
    COMETAPI_USER_ID: "me",
  };
  const { failures } = setup
    .provider()
    .checkLocally({ declared: { status: "on" }, old: {}, logicalName: "x" });
  expect(failures.map(({ property }) => property)).toEqual(["", "", "", "status", "remainQuota"]);
  await expect(setup.provider().delete("1", {})).rejects.toThrow("cometapi:accessToken");
  expect(setup.server.requests).toEqual([]);
});

test("a user id is sent as New-Api-User, and no header without one", async () => {
  const setup = await rig({ personality: { requireUserHeader: true } });
  await setup.resource().up({ remainQuota: 1 });
  const { COMETAPI_USER_ID: _, ...without } = setup.environment;
  setup.environment = without;
  setup.lifecycle = setup.provider();
  await expect(setup.resource().up({ remainQuota: 1 })).rejects.toThrow("cometapi:userId");
  expect(setup.server.requests.at(-1)?.headers).not.toHaveProperty("new-api-user");
});
