import { afterAll, beforeAll, expect, test } from "vitest";
import { type ImportSample, type Measured, measure, measureImport, steps } from "./measure";
import { Projects, variants } from "./project";
import { growthOf, growthTable, importLine, type Row, rowsOf, tablesOf } from "./report";

/** So small that its times say nothing: it keeps the bench from rotting, and the requests within their goals. */

const keys = 3;
let projects: Projects;
let measured: Measured;
let imports: ImportSample[];
let rows: Row[];

beforeAll(async () => {
  projects = await Projects.install();
  measured = await measure(projects, { variants, keys: [keys], latencies: [0], runs: 1, repeats: 1 });
  imports = await measureImport(projects, 1);
  rows = rowsOf(measured);
}, 300_000);
afterAll(() => projects?.remove(), 60_000);

test("every step of every variant has every figure", () => {
  expect(rows).toHaveLength(steps.length * variants.length);
  for (const row of rows) {
    expect(row).toMatchObject({
      keys,
      latency: 0,
      seconds: expect.toSatisfy(positive),
      toFloor: expect.toSatisfy(positive),
      toTextbook: expect.toSatisfy(positive),
      providerSeconds: expect.toSatisfy(positive),
    });
    if (process.platform === "linux") expect(row.peakMemory).toSatisfy(positive);
  }
  expect(measured.stored.map(({ variant }) => variant)).toEqual(variants);
  for (const stored of measured.stored) {
    expect(stored.bytesPerKey).toSatisfy(positive);
    expect(stored.fileBytes).toBeGreaterThan(stored.bytesPerKey * keys);
    // Only what is not a plugin keeps such a text.
    expect(stored.providerText > 0).toBe(stored.variant !== "plugin");
  }
});

test("the package asks for no more than its goals allow", () => {
  for (const host of ["ours", "plugin"]) expectFewRequests(host);
});

function expectFewRequests(host: string): void {
  const asked = (step: string) => {
    const { requests = {} } = rows.find((row) => row.variant === host && row.step === step) ?? {};
    return Object.values(requests).reduce((sum, count) => sum + count, 0);
  };
  expect(asked("first up")).toBeLessThanOrEqual(2 * keys + 1 + 2);
  expect(asked("no-op preview")).toBe(0);
  expect(asked("no-op up")).toBe(0);
  expect(asked("refresh")).toBeLessThanOrEqual(1 + 2);
  // The last look of each proves that quota did not move; one page of the list, before the first write, whose keys they are.
  expect(asked("change every key")).toBeLessThanOrEqual(1 + 2 * keys + keys);
}

test("the package leaves little in state, and importing it loads nothing of the provider", () => {
  const ours = measured.stored.find(({ variant }) => variant === "ours");
  expect(ours?.providerText).toBeLessThanOrEqual(300);
  expect(ours?.bytesPerKey).toBeLessThanOrEqual(2200);
  expect(imports.flatMap(({ loaded }) => loaded)).toEqual([]);
});

test("the report shows all of it", () => {
  const text = tablesOf(measured);
  for (const { name } of steps) expect(text).toContain(name);
  expect(text).not.toMatch(/NaN|undefined/);
  expect(importLine(imports)).toMatch(/[\d.]+ ms .* nothing of the provider/);
});

test("growth is told as the power that fits", () => {
  const squares = [100, 200, 400].map((n) => ({
    ...(rows[0] as Row),
    keys: n,
    seconds: n * n,
    peakMemory: 1e6,
  }));
  const growth = growthOf(squares);
  expect(growth.map(({ exponent }) => exponent.toFixed(3))).toEqual(["2.000", "0.000"]);
  expect(growthTable(growth)).toContain("2.00");
});

function positive(value: unknown): boolean {
  return typeof value === "number" && value > 0;
}
