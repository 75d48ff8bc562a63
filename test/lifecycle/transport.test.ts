import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { type Exchange, faults } from "../server";
import { rig } from "./rig";

const get = { method: "GET" };

async function made() {
  const setup = await rig();
  const key = setup.resource();
  await key.up({ remainQuota: 100 });
  setup.server.clearRequests();
  setup.waited = 0;
  return { setup, server: setup.server, key };
}

const json = (status: number, body: object, headers = {}) => faults.answer({ status, body, headers });

test.each([429, 500, 502, 503, 504, 524])("HTTP %i is tried again", async (status) => {
  const { server, key } = await made();
  server.fault(get, json(status, { error: { code: "busy", message: "later", type: "x" } }), { times: 3 });
  await key.refresh();
  expect(server.requests).toHaveLength(4);
});

test.each([
  [400, { error: { code: "bad", message: "no", type: "x" } }],
  [401, { success: false, message: "no" }],
  [403, {}],
  [500, { error: { code: "invalid_request", message: "no", type: "x" } }],
])("HTTP %i with %j is not tried again", async (status, body) => {
  const { server, key } = await made();
  server.fault(get, json(status, body), { times: 10 });
  await expect(key.refresh()).rejects.toThrow(`CometAPI refused (HTTP ${status})`);
  // The get, and the list that alone could prove the key gone.
  expect(server.requests).toHaveLength(2);
});

test.each([
  ["seconds", () => "20"],
  ["a date", (now: number) => new Date(now + 20_000).toUTCString()],
])("Retry-After in %s is waited for, and the wait is reported", async (_, header) => {
  const { setup, server, key } = await made();
  server.fault(get, (exchange) => {
    const now = Date.now();
    exchange.response.setHeader("date", new Date(now).toUTCString());
    return { status: 429, body: {}, headers: { "retry-after": header(now) } };
  });
  await key.refresh();
  expect(setup.waited).toBeGreaterThanOrEqual(19_000);
  expect(setup.waited).toBeLessThanOrEqual(21_000);
  expect(setup.told.join()).toMatch(/limiting requests: 1 key is waiting; next try in (19|20|21) s/);
});

test("waiting grows, is jittered, and ends within the budget of an operation", async () => {
  const { setup, server, key } = await made();
  server.fault(get, json(503, {}), { times: 1000 });
  await expect(key.refresh()).rejects.toThrow(/HTTP 503.*given up after \d+ tries/);
  expect(setup.waited).toBeGreaterThan(60_000);
  expect(setup.waited).toBeLessThanOrEqual(120_000);
  expect(server.requests.length).toBeGreaterThan(6);
  expect(server.requests.length).toBeLessThan(40);
});

test("a server that asks for more patience than the budget holds is given up on at once", async () => {
  const { setup, server, key } = await made();
  server.fault(get, json(429, {}, { "retry-after": "3600" }));
  await expect(key.refresh()).rejects.toThrow("HTTP 429");
  expect(setup.waited).toBe(0);
});

test("a host that cannot be reached is given up on within seconds", async () => {
  const { setup, key } = await made();
  setup.environment["COMETAPI_BASE_URL"] = "http://127.0.0.1:1";
  setup.lifecycle = setup.provider();
  await expect(key.refresh()).rejects.toThrow("cannot reach http://127.0.0.1:1");
  expect(setup.waited).toBeLessThan(10_000);
});

test("a redirect is not followed, and the token goes nowhere else", async () => {
  const { server, key } = await made();
  let visits = 0;
  const other = createServer((_, response) => {
    visits++;
    response.end("{}");
  }).listen(0, "127.0.0.1");
  await once(other, "listening");
  server.fault(get, faults.redirect(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`));
  await expect(key.refresh()).rejects.toThrow("never followed with the token");
  other.close();
  expect(visits).toBe(0);
});

test.each([
  [
    "HTML with status 200",
    faults.html(),
    'HTTP 200 with a page that is not JSON and begins "Welcome to CometAPI"',
  ],
  ["invalid JSON", faults.invalidJson(), "is not JSON"],
  ["JSON of another shape", faults.wrongShape(), 'lacks a usable "success": success'],
  [
    "a record with a wrong field",
    faults.answer({ status: 200, body: { success: true, data: { id: "x" } } }),
    "data.id",
  ],
  [
    "an integer too large to be exact",
    (exchange: Exchange) => {
      const answer = exchange.act();
      const body = JSON.stringify(answer.body).replace('"used_quota":0', '"used_quota":9007199254740993');
      return { ...answer, body };
    },
    "data.used_quota",
  ],
  [
    "a record with many wrong fields",
    faults.answer({ status: 200, body: { success: true, data: {} } }),
    /data\.id: .*; and \d+ more\. If/,
  ],
])("%s is one clear error", async (_, fault, says) => {
  const { server, key } = await made();
  server.fault(get, fault);
  await expect(key.refresh()).rejects.toThrow(says);
});

test("a body of 100 MB is not swallowed", async () => {
  const { server, key } = await made();
  server.fault(get, faults.huge());
  await expect(key.refresh()).rejects.toThrow("more than 8388608 bytes");
});

test("a server that echoes the token cannot make the provider print it", async () => {
  const { server, key } = await made();
  const { token } = server.account;
  server.fault(get, faults.refuse(`bad token ${token}, also known as ${token.slice(2, 20)}\u0007`), {
    times: 2,
  });
  const error = await key.refresh().then(
    () => undefined,
    (reason: Error) => reason,
  );
  expect(error?.message).toContain('"bad token [secret], also known as [secret]"');
  for (let i = 0; i + 8 <= token.length; i++) expect(error?.message).not.toContain(token.slice(i, i + 8));
});

test("English is asked for, and the documented headers are sent", async () => {
  const { server, key } = await made();
  await key.up({ remainQuota: 50 });
  const { headers } = server.requests.find(({ method }) => method === "PUT") ?? {};
  expect(headers).toMatchObject({
    "accept-language": "en",
    "content-type": "application/json",
    authorization: server.account.token,
  });
});

describe("an answer that is not JSON came from something in between", () => {
  const page =
    "<!DOCTYPE html><html><head><title>Access\n denied </title></head><body>Policy 7</body></html>";

  test.each([
    ["a firewall's 403", 403, page, 'HTTP 403 with a page that is not JSON and begins "Access denied"'],
    ["a 404 of another web server", 404, "<h1>Not Found</h1><p>nginx</p>", 'begins "Not Found nginx"'],
    ["a login page", 200, page, 'HTTP 200 with a page that is not JSON and begins "Access denied"'],
    ["plain text", 401, "no such door", 'HTTP 401 with a page that is not JSON and begins "no such door"'],
    [
      "a page of many words",
      200,
      "<p>This site is closed until the migration of all accounts is over</p>",
      'and begins "This site is closed until the migration of…". Something',
    ],
    [
      "a page with a long title",
      200,
      "<title>Sign in to the portal of Example Corporation, Incorporated</title>",
      'and begins "Sign in to the portal of Example Corporation,…". Something',
    ],
    [
      "a page of eight words",
      200,
      "<p>This site is closed until the first of</p>",
      'and begins "This site is closed until the first of". Something',
    ],
    [
      "a page that says its words late",
      200,
      `<p>Wait</p><style>${" ".repeat(10_000)}</style><p>Blocked</p>`,
      'and begins "Wait…". Something',
    ],
    ["a page without words", 403, "<html><img></html>", "HTTP 403 with a page that is not JSON."],
  ])("%s is named, with whom to ask", async (_, status, body, says) => {
    const { server, key } = await made();
    server.fault({}, faults.answer({ status, body, headers: { "content-type": "text/html" } }), {
      times: 100,
    });
    const error: Error = await key.refresh().then(
      () => new Error("nothing failed"),
      (reason) => reason,
    );
    expect(error.message).toContain(says);
    expect(error.message).toContain("Something in between answered in place of CometAPI");
    expect(error.message).toContain(
      "Check cometapi:baseUrl (from COMETAPI_BASE_URL), and if it is right, ask whoever runs your network",
    );
    expect(server.requests).toHaveLength(1);
  });

  test("a firewall's 403 to a create means that nothing was created", async () => {
    const { setup, server } = await made();
    server.fault({ method: "POST" }, faults.answer({ status: 403, body: page }), { times: 100 });
    const created = setup.resource("second").up({ remainQuota: 1 });
    await expect(created).rejects.toThrow(/^(?!.*may have been).*HTTP 403 with a page/);
  });

  test("a gateway's page is tried again, as CometAPI's own 503 is", async () => {
    const { server, key } = await made();
    server.fault(get, faults.answer({ status: 503, body: page }), { times: 3 });
    await key.refresh();
    expect(server.requests).toHaveLength(4);
  });

  test("a status without a word is CometAPI's own", async () => {
    const { server, key } = await made();
    server.fault(get, faults.answer({ status: 403, body: "" }), { times: 10 });
    await expect(key.refresh()).rejects.toThrow("CometAPI refused (HTTP 403): with no reason given");
  });
});
