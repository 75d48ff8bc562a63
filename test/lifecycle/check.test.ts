import { describe, expect, test } from "vitest";
import { configuredNames } from "../../provider/config/names";
import { check } from "../../provider/lifecycle/check";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const now = Date.UTC(2026, 0, 1);
const accounts = { fallback: undefined, byName: {}, names: configuredNames };

function judge(declared: Record<string, unknown>, old = {}) {
  return check({ declared, old, logicalName: "backend", accounts, now });
}

function refusals(declared: Record<string, unknown>, old = {}): string[] {
  return judge({ remainQuota: 1, ...declared }, old).failures.map(({ property }) => property);
}

function reason(declared: Record<string, unknown>): string | undefined {
  return judge({ remainQuota: 1, ...declared }).failures[0]?.reason;
}

describe("names", () => {
  test("a generated name is the logical name and 7 hex digits", () => {
    const { name, __autoName } = judge({ remainQuota: 1 }).inputs;
    expect(name).toMatch(/^backend-[0-9a-f]{7}$/);
    expect(__autoName).toBe(name);
  });

  test("two generated names differ", () => {
    expect(judge({}).inputs.name).not.toBe(judge({}).inputs.name);
  });

  test.each(["x".repeat(200), "é".repeat(200), "👩‍🚀".repeat(60)])(
    "a generated name fits in 50 bytes, whole characters only",
    (logicalName) => {
      const { name } = check({ declared: {}, old: {}, logicalName, accounts, now }).inputs;
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(50);
      expect(Buffer.byteLength(name)).toBeGreaterThan(45);
      expect(name).toMatch(/-[0-9a-f]{7}$/);
      expect(Buffer.from(name).toString()).toBe(name);
    },
  );

  test("a generated name is kept for life, also after the live key was renamed by somebody else", () => {
    const old = { name: "renamed in the console", __autoName: "backend-0123456" };
    expect(judge({ remainQuota: 1 }, old).inputs).toMatchObject({
      name: "backend-0123456",
      __autoName: "backend-0123456",
    });
  });

  test("a declared name takes the place of a generated one, and leaving it out again brings that back", () => {
    const generated = { name: "backend-0123456", __autoName: "backend-0123456" };
    const declared = judge({ name: "mine", remainQuota: 1 }, generated);
    expect(declared.inputs).toEqual({ ...generated, name: "mine", remainQuota: 1 });
    expect(judge({ remainQuota: 1 }, declared.inputs).inputs).toEqual({ ...generated, remainQuota: 1 });
  });

  test("a name to be generated is unknown at preview, as the update will draw other digits", () => {
    const { inputs } = check({ declared: {}, old: {}, logicalName: unknown, accounts, now });
    expect(inputs).toEqual({ name: unknown, __autoName: unknown });
  });

  test("50 characters are taken and 51 refused, counted in code points", () => {
    expect(refusals({ name: "🚀".repeat(50) })).toEqual([]);
    expect(reason({ name: "🚀".repeat(51) })).toMatch(
      "name has 51 characters, and CometAPI takes at most 50",
    );
    expect(refusals({ name: "e\u0301".repeat(25) })).toEqual([]);
    expect(refusals({ name: `${"e\u0301".repeat(25)}x` })).toEqual(["name"]);
    expect(refusals({ name: "" })).toEqual(["name"]);
  });

  test.each(['"quoted"', "two\nlines", "\u0007", "עברית", "__proto__", "constructor"])(
    "%j is a name like any other",
    (name) => {
      expect(judge({ name, remainQuota: 1 })).toEqual({ inputs: { name, remainQuota: 1 }, failures: [] });
    },
  );
});

describe("quota", () => {
  test("exactly one of remainQuota and unlimitedQuota: true", () => {
    expect(judge({}).failures).toHaveLength(1);
    expect(judge({ unlimitedQuota: false }).failures).toHaveLength(1);
    expect(judge({ remainQuota: 1, unlimitedQuota: true }).failures).toHaveLength(1);
    expect(judge({ remainQuota: 0 }).failures).toEqual([]);
    expect(judge({ remainQuota: 1, unlimitedQuota: false }).failures).toEqual([]);
    expect(judge({ unlimitedQuota: true }).failures).toEqual([]);
  });

  test("two quotas are refused, and a reset of none, also where a refresh has found a limited key to be unlimited", () => {
    const found = { name: "backend", remainQuota: 1, unlimitedQuota: true, quotaReset: "daily" };
    expect(refusals({ unlimitedQuota: true }, found)).toEqual(["remainQuota"]);
    expect(judge({ quotaReset: "daily", unlimitedQuota: true }, found).failures).toHaveLength(1);
    expect(judge({ quotaReset: "daily", remainQuota: 1 }, found).failures).toEqual([]);
  });

  test.each([-1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, "5", true])(
    "%s is no quota",
    (remainQuota) => {
      expect(refusals({ remainQuota })).toEqual(["remainQuota"]);
    },
  );

  test.each([0, 1, 2 ** 53 - 1])("%s is a quota", (remainQuota) => {
    expect(refusals({ remainQuota })).toEqual([]);
  });

  test("an unknown quota is left for the update to judge", () => {
    expect(refusals({ remainQuota: unknown, unlimitedQuota: true })).toEqual([]);
    expect(refusals({ remainQuota: unknown })).toEqual([]);
    expect(judge({ unlimitedQuota: unknown }).failures).toEqual([]);
  });
});

describe("expiry", () => {
  test.each([
    ["2027-06-30T00:00:00Z", "2027-06-30T00:00:00Z"],
    ["2027-06-30t02:00:00.000+02:00", "2027-06-30T00:00:00Z"],
    [Date.UTC(2027, 5, 30) / 1000, "2027-06-30T00:00:00Z"],
  ])("%s is kept as %s", (expiredTime, kept) => {
    expect(judge({ remainQuota: 1, expiredTime }).inputs.expiredTime).toBe(kept);
  });

  test.each(["never", -1, null, undefined])("%s is never, the default", (expiredTime) => {
    expect(judge({ remainQuota: 1, expiredTime })).toMatchObject({ failures: [] });
    expect(judge({ remainQuota: 1, expiredTime }).inputs).not.toHaveProperty("expiredTime");
  });

  test.each([
    "2027-06-30",
    "2027-06-30T00:00:00",
    "2027-02-30T00:00:00Z",
    "tomorrow",
    "",
    "1798761600",
    1.5,
    -2,
    true,
    {},
  ])("%j is no expiry", (expiredTime) => {
    expect(refusals({ expiredTime })).toEqual(["expiredTime"]);
  });

  test("milliseconds are recognized", () => {
    expect(reason({ expiredTime: Date.UTC(2027, 0) })).toMatch("looks like milliseconds");
  });

  test("a fraction of a second is refused, as CometAPI would drop it", () => {
    expect(reason({ expiredTime: "2027-06-30T00:00:00.500Z" })).toMatch("leave out the fraction");
  });

  test("a new or changed expiry must lie ahead, a kept one need not", () => {
    const past = "2025-06-30T00:00:00Z";
    expect(refusals({ expiredTime: past })).toEqual(["expiredTime"]);
    expect(refusals({ expiredTime: now / 1000 })).toEqual(["expiredTime"]);
    expect(refusals({ expiredTime: past }, { expiredTime: past })).toEqual([]);
    expect(refusals({ expiredTime: Date.parse(past) / 1000 }, { expiredTime: past })).toEqual([]);
    expect(refusals({ expiredTime: past }, { expiredTime: "2025-07-01T00:00:00Z" })).toEqual(["expiredTime"]);
  });
});

describe("lists", () => {
  test.each([[""], ["a,b"], ["a b"], ["a\tb"], ["a", "a"], [1], "gpt-5", {}].map((models) => [models]))(
    "%j are no model ids",
    (modelLimits) => {
      expect(refusals({ modelLimits })).toEqual(["modelLimits"]);
    },
  );

  test.each(["::1", "2001:db8::/32", "203.0.113.7", "203.0.113.0/24", "0.0.0.0/0", "::ffff:192.0.2.1"])(
    "%s is an address",
    (address) => {
      expect(refusals({ allowIps: [address] })).toEqual([]);
    },
  );

  test.each([
    "203.0.113.0/33",
    "::/129",
    "203.0.113",
    "010.0.0.1",
    "0x7f.0.0.1",
    "fe80::1%eth0",
    "1.2.3.4/",
    "1.2.3.4/08",
    "::1/x",
    "",
    " 1.2.3.4",
    "host",
  ])("%j is no address", (address) => {
    expect(refusals({ allowIps: ["::1", address] })).toEqual(["allowIps"]);
  });

  test("limits that are on with no model are refused, as they would block every model", () => {
    expect(refusals({ modelLimitsEnabled: true })).toEqual(["modelLimitsEnabled"]);
    expect(refusals({ modelLimitsEnabled: true, modelLimits: [] })).toEqual(["modelLimitsEnabled"]);
    expect(refusals({ modelLimitsEnabled: true, modelLimits: unknown })).toEqual([]);
    expect(refusals({ modelLimitsEnabled: false, modelLimits: ["a"] })).toEqual([]);
  });

  test("unknown elements are left alone, known ones beside them are judged", () => {
    expect(refusals({ modelLimits: [unknown, unknown, "a"], allowIps: [unknown] })).toEqual([]);
    expect(refusals({ modelLimits: [unknown, "a b"] })).toEqual(["modelLimits"]);
  });
});

test("autoGroups need the group auto, and are strings without repeats", () => {
  const group = "auto";
  expect(refusals({ autoGroups: ["vip"] })).toEqual(["autoGroups"]);
  expect(refusals({ autoGroups: ["vip"], group: "vip" })).toEqual(["autoGroups"]);
  expect(refusals({ autoGroups: ["vip"], group: unknown })).toEqual([]);
  expect(refusals({ autoGroups: [], group: "vip" })).toEqual([]);
  expect(refusals({ autoGroups: null })).toEqual([]);
  for (const autoGroups of ["vip", ["vip", "vip"], [""], [1]])
    expect(refusals({ autoGroups, group })).toEqual(["autoGroups"]);
  for (const autoGroups of [["vip", "default"], [unknown, "vip"], unknown])
    expect(refusals({ autoGroups, group })).toEqual([]);
});

test("crossGroupRetry needs a group", () => {
  expect(refusals({ crossGroupRetry: true })).toEqual(["crossGroupRetry"]);
  expect(refusals({ crossGroupRetry: true, group: "" })).toEqual(["crossGroupRetry"]);
  expect(refusals({ crossGroupRetry: true, group: unknown })).toEqual([]);
  expect(refusals({ crossGroupRetry: true, group: "auto" })).toEqual([]);
});

test("every fault is reported at once, each under its property and naming it", () => {
  const { failures } = judge({
    name: "",
    status: "expired",
    expiredTime: "soon",
    remainQuota: -1,
    unlimitedQuota: "yes",
    modelLimits: [","],
    modelLimitsEnabled: 1,
    allowIps: ["x"],
    group: 7,
    crossGroupRetry: "no",
    remainQouta: 5,
  });
  expect(failures.map(({ property }) => property).sort()).toEqual(
    [
      "name",
      "status",
      "expiredTime",
      "remainQuota",
      "unlimitedQuota",
      "modelLimits",
      "modelLimitsEnabled",
      "allowIps",
      "group",
      "crossGroupRetry",
      "remainQouta",
    ].sort(),
  );
  for (const { property, reason } of failures) expect(reason.startsWith(`${property} `)).toBe(true);
});

test.each([
  ["remain_quota", "remainQuota"],
  ["RemainQuota", "remainQuota"],
  ["remainQuotas", "remainQuota"],
  ["model_limit", "modelLimits"],
  ["expireTime", "expiredTime"],
  ["expiration_time", "expiredTime"],
  ["allowIPs", "allowIps"],
  ["Name", "name"],
])("%s is no argument, but %s was meant", (misspelt, meant) => {
  const { failures } = judge({ [misspelt]: 5, ...(meant !== "remainQuota" && { remainQuota: 1 }) });
  // And what was meant is not called missing besides.
  expect(failures.map(({ reason }) => reason)).toEqual([
    `${misspelt} is not an argument of CometApiKey; did you mean ${meant}?`,
  ]);
});

test("an argument that resembles none is answered with the arguments there are", () => {
  expect(reason({ tags: {} })).toMatch(
    /^tags is not an argument of CometApiKey\. The arguments are name, .*\.$/,
  );
});

test.each([
  ["Enabled", '"Enabled"; did you mean "enabled"?'],
  ["disable", '"disable"; did you mean "disabled"?'],
  [1, '1; did you mean "enabled"?'],
  [2, '2; did you mean "disabled"?'],
  [3, "3."],
  ["expired", '"expired".'],
  [{}, "an object."],
])("status %j is refused, with what was meant if that is clear", (status, given) => {
  expect(reason({ status })).toBe(`status must be "enabled" or "disabled", but is ${given}`);
});

test("an expiry that a refresh remembers stays as long as it is declared", () => {
  const declared = "2025-06-30T00:00:00Z";
  const old = { expiredTime: "2028-01-01T00:00:00Z", __expiredTime: declared };
  expect(judge({ remainQuota: 1, expiredTime: declared }, old)).toMatchObject({
    failures: [],
    inputs: { expiredTime: declared, __expiredTime: declared },
  });
  const { inputs } = judge({ remainQuota: 1, expiredTime: "2029-01-01T00:00:00Z" }, old);
  expect(inputs).not.toHaveProperty("__expiredTime");
});

test("null means the default everywhere", () => {
  const nothing = {
    name: null,
    status: null,
    expiredTime: null,
    unlimitedQuota: null,
    modelLimits: null,
    modelLimitsEnabled: null,
    allowIps: null,
    group: null,
    crossGroupRetry: null,
  };
  const { inputs, failures } = judge(
    { ...nothing, remainQuota: 1 },
    { name: "backend-0123456", __autoName: "backend-0123456" },
  );
  expect(failures).toEqual([]);
  expect(inputs).toEqual({ name: "backend-0123456", __autoName: "backend-0123456", remainQuota: 1 });
});

test("what means the same as before keeps its spelling, so that a preview shows real changes only", () => {
  const old = {
    name: "n",
    remainQuota: 1,
    modelLimits: ["b", "a"],
    allowIps: ["2001:DB8::/32", "203.0.113.0/24"],
  };
  const respelled = {
    name: "n",
    remainQuota: 1,
    modelLimits: ["a", "b"],
    allowIps: ["203.0.113.9/24", "2001:db8:0::/32"],
    group: "",
  };
  expect(judge(respelled, old).inputs).toEqual(old);
});
