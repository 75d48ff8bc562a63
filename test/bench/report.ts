import type { ImportSample, Measured, Of, Sample } from "./measure";
import { type Variant, variants } from "./project";

/** One line of the report: medians of a step. */
export interface Row extends Of {
  step: string;
  seconds: number;
  /** Medians of the ratios of figures that were taken side by side. */
  toFloor?: number;
  toTextbook?: number;
  /** Processor time of the provider's process. */
  providerSeconds: number;
  requests: Record<string, number>;
  /** The most requests that were in work at one time. */
  atOnce: number;
  /** Of the provider's process, in bytes; Linux only. */
  peakMemory?: number;
}

export function rowsOf({ samples }: Measured): Row[] {
  return groups(samples, ({ keys, latency, step }) => `${latency} ${keys} ${step}`).flatMap((taken) => {
    const of = (variant: Variant) => taken.filter((sample) => sample.variant === variant);
    return variants.map(of).flatMap((own) => {
      const [first] = own;
      if (first === undefined) return [];
      const { variant, keys, latency, step } = first;
      const ratio = (name: "toFloor" | "toTextbook", other: Sample[]) =>
        other.length > 0 && {
          [name]: median(own.map(({ seconds }, i) => seconds / (other[i]?.seconds ?? Number.NaN))),
        };
      const peaks = own.flatMap(({ peakMemory }) => peakMemory ?? []);
      return {
        ...{ keys, latency, step, variant },
        seconds: median(own.map(({ seconds }) => seconds)),
        ...ratio("toFloor", of("floor")),
        ...ratio("toTextbook", of("textbook")),
        providerSeconds: median(own.map(({ providerSeconds }) => providerSeconds)),
        requests: Object.fromEntries(
          ["POST", "GET", "PUT", "DELETE"].map((method) => [
            method,
            median(own.map(({ requests }) => requests[method] ?? 0)),
          ]),
        ),
        atOnce: Math.max(...own.map(({ atOnce }) => atOnce)),
        ...(peaks.length > 0 && { peakMemory: Math.max(...peaks) }),
      };
    });
  });
}

/** How a figure grows with the number of keys: it is in proportion to keys to the power of `exponent`. */
export interface Growth {
  what: string;
  variant: Variant;
  /** In order of the number of keys. */
  values: { keys: number; value: number }[];
  /** By least squares of the logarithms. */
  exponent: number;
}

export function growthOf(rows: readonly Row[]): Growth[] {
  const figures: [string, string, (row: Row) => number | undefined][] = [
    ["first up, s", "first up", ({ seconds }) => seconds],
    ["refresh, s", "refresh", ({ seconds }) => seconds],
    ["memory, MB", "first up", ({ peakMemory }) => peakMemory && peakMemory / 1e6],
  ];
  return figures.flatMap(([what, step, figure]) =>
    variants.flatMap((variant) => {
      const values = rows
        .filter((row) => row.step === step && row.variant === variant)
        .flatMap((row) => ({ keys: row.keys, value: figure(row) ?? [] }))
        .filter((point): point is { keys: number; value: number } => typeof point.value === "number");
      if (values.length < 2) return [];
      return {
        what,
        variant,
        values,
        exponent: slope(values.map(({ keys, value }) => [Math.log(keys), Math.log(value)])),
      };
    }),
  );
}

export function tablesOf(measured: Measured): string {
  const rows = rowsOf(measured);
  const cells = groups(rows, ({ keys, latency }) => `${latency} ${keys}`).map((own) => {
    const [{ keys, latency }] = own as [Row];
    const body = own.map((row, i) => [
      row.step === own[i - 1]?.step ? "" : row.step,
      row.variant,
      row.seconds.toFixed(2),
      times(row.toFloor),
      times(row.toTextbook),
      row.providerSeconds.toFixed(2),
      asked(row.requests),
      String(row.atOnce),
      megabytes(row.peakMemory),
    ]);
    const head = ["step", "", "s", "× floor", "× textbook", "provider CPU s", "requests", "at once", "MB"];
    return `### ${keys} keys, latency ${latency} ms\n\n${table(head, body)}`;
  });
  const stored = groups(measured.stored, ({ keys, latency, variant }) => `${keys} ${latency} ${variant}`).map(
    (own) => {
      const [{ variant, keys, latency, providerText }] = own as [Measured["stored"][number]];
      return [
        variant,
        String(keys),
        String(latency),
        median(own.map(({ bytesPerKey }) => bytesPerKey)).toFixed(0),
        (median(own.map(({ fileBytes }) => fileBytes)) / keys).toFixed(0),
        String(providerText),
      ];
    },
  );
  const head = [
    "",
    "keys",
    "latency",
    "state, bytes a key",
    "in the state file, indented",
    "`__provider`, bytes",
  ];
  return [...cells, `### State\n\n${table(head, stored)}`].join("\n\n");
}

export function growthTable(growth: readonly Growth[]): string {
  const keys = growth[0]?.values.map((point) => point.keys) ?? [];
  const head = ["", "", ...keys.map(String), "exponent"];
  const body = growth.map(({ what, variant, values, exponent }) => [
    what,
    variant,
    ...values.map(({ value }) => value.toFixed(1)),
    exponent.toFixed(2),
  ]);
  return `### Growth, as a power of the number of keys (least squares of the logarithms)\n\n${table(head, body)}`;
}

export function importLine(samples: readonly ImportSample[]): string {
  const loaded =
    [...new Set(samples.flatMap((sample) => sample.loaded))].join(" and ") || "nothing of the provider";
  const ms = median(samples.map((sample) => sample.ms)).toFixed(1);
  return `Importing the package takes ${ms} ms over \`@pulumi/pulumi\` (median of ${samples.length}) and loads ${loaded}.`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Of the straight line nearest to the points. */
function slope(points: readonly [number, number][]): number {
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const along = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return along / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

function groups<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const found = new Map<string, T[]>();
  for (const item of items) found.set(key(item), [...(found.get(key(item)) ?? []), item]);
  return [...found.values()];
}

const times = (ratio: number | undefined) => (ratio === undefined ? "" : ratio.toFixed(2));
const megabytes = (bytes: number | undefined) => (bytes === undefined ? "" : (bytes / 1e6).toFixed(0));
const asked = (requests: Record<string, number>) =>
  Object.entries(requests)
    .filter(([, count]) => count > 0)
    .map(([method, count]) => `${count} ${method}`)
    .join(", ") || "0";

/** Markdown that can also be read as it is. */
function table(head: string[], body: string[][]): string {
  const widths = head.map((text, i) => Math.max(3, text.length, ...body.map((row) => row[i]?.length ?? 0)));
  const line = (cells: string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}
