import { describe, expect, test } from "vitest";
import { faults } from "../server/index";
import { type Rig, rig } from "./rig";

/**
 * What a person reads after each typical mistake, word for word, in mistakes.txt; test/pulumi/transcripts/ shows how
 * the engine frames it. After a change that was meant: run this file with `-u`, and read the difference as if it were
 * two in the morning.
 */

interface Mistake {
  declared?: Record<string, unknown>;
  environment?: Record<string, string>;
  /** What happens before the `up` that fails. */
  before?: (setup: Rig) => Promise<void> | void;
}

const quota = { remainQuota: 100_000 };

const mistakes: Record<string, Mistake> = {
  "neither quota": { declared: {} },
  "both quotas": { declared: { ...quota, unlimitedQuota: true } },
  "quota as text": { declared: { remainQuota: "100000" } },
  "a fraction of quota": { declared: { remainQuota: 0.5 } },
  "fields as CometAPI's own documentation spells them": {
    declared: { remain_quota: 100_000, allow_ips: [] },
  },
  "arguments misspelt": { declared: { ...quota, modelLimit: [], expireTime: "never" } },
  "an argument that is none": { declared: { ...quota, tags: { team: "a" } } },
  "status in capitals": { declared: { ...quota, status: "Enabled" } },
  "status as CometAPI's number": { declared: { ...quota, status: 2 } },
  "models in one text": { declared: { ...quota, modelLimits: "gpt-5, gpt-5-mini" } },
  "models in one element": { declared: { ...quota, modelLimits: ["gpt-5,gpt-5-mini"] } },
  "a model twice": { declared: { ...quota, modelLimits: ["gpt-5", "gpt-5"] } },
  "limits without models": { declared: { ...quota, modelLimitsEnabled: true } },
  "expiry in the past": { declared: { ...quota, expiredTime: "2020-01-01T00:00:00Z" } },
  "expiry in milliseconds": { declared: { ...quota, expiredTime: 4_086_460_800_000 } },
  "expiry without an offset": { declared: { ...quota, expiredTime: "2099-06-30" } },
  "addresses that are none": { declared: { ...quota, allowIps: ["10.0.0.256", "example.com"] } },
  "a name of 51 characters": { declared: { ...quota, name: "x".repeat(51) } },
  "an account that nobody has set up": { declared: { ...quota, account: "billing" } },
  "a retry without a group": { declared: { ...quota, crossGroupRetry: true } },
  "no token": { environment: { COMETAPI_ACCESS_TOKEN: "" } },
  "a token with Bearer": { environment: { COMETAPI_ACCESS_TOKEN: "Bearer 0123456789" } },
  "two lines for a token": { environment: { COMETAPI_ACCESS_TOKEN: "0123456789\n0123456789" } },
  "plain http": { environment: { COMETAPI_BASE_URL: "http://api.cometapi.com" } },
  "a name for a user id": { environment: { COMETAPI_USER_ID: "me" } },
  "a way to check models that is none": { environment: { COMETAPI_CHECK_MODELS: "yes" } },
  "models that the catalogue does not have": {
    declared: { ...quota, modelLimits: ["gpt-5-minni", "GPT5", "llama"] },
    environment: { COMETAPI_CHECK_MODELS: "error" },
  },
  "a token that was revoked": { environment: { COMETAPI_ACCESS_TOKEN: "revoked-0123456789" } },
  "a group that the account lacks": { declared: { ...quota, group: "gold" } },
  "a page that is not CometAPI": {
    before: ({ server }) =>
      void server.fault({}, faults.answer({ status: 200, body: "<html>Hello</html>" }), { times: 100 }),
  },
  "CometAPI out of order": {
    before: ({ server }) => void server.fault({}, faults.answer({ status: 503, body: {} }), { times: 100 }),
  },
  "more quota than the account can grant": {
    before: ({ server }) => void server.fault({ method: "POST" }, faults.refuse("insufficient quota")),
  },
};

describe("what a person reads after", () => {
  const transcript: string[] = [];

  test.each(Object.entries(mistakes))("%s", async (name, mistake) => {
    const setup = await rig();
    Object.assign(setup.environment, mistake.environment);
    await mistake.before?.(setup);
    const key = setup.resource();
    const declared = mistake.declared ?? quota;
    const { failures } = key.check(declared);
    const told =
      failures.length > 0
        ? failures.map(({ reason }) => reason)
        : [
            await key.up(declared).then(
              () => "nothing",
              (error: Error) => error.message,
            ),
          ];
    expect(told).not.toContain("nothing");
    const text = told
      .join("\n")
      .replace(/backend-[0-9a-f]{7}/g, "backend-0123456")
      // The waits between them are random.
      .replace(/after \d+ tries/g, "after 11 tries")
      .replaceAll(setup.server.url, "http://127.0.0.1:3000");
    transcript.push(`# ${name}\n${text}\n`);
  });

  test("all of them, word for word", async () => {
    await expect(transcript.join("\n")).toMatchFileSnapshot("mistakes.txt");
  });
});
