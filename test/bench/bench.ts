import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { engine } from "../engine/locate.mjs";
import { type Measured, measure, measureImport, steps } from "./measure";
import { Projects, type Variant, variants } from "./project";
import { growthOf, growthTable, importLine, rowsOf, tablesOf } from "./report";

const help = `Measures what stacks of keys cost on the real engine: this package beside the floor, a provider that does
nothing, and beside a textbook provider. All are measured in turn, so only ratios within a run count.

Usage: npm run bench -- [options]

  --keys <n,…>       keys in a stack (default 100,400; with --growth 100,200,400,800)
  --latency <ms,…>   how long the server takes to answer (default 0,50; with --growth 0)
  --variants <v,…>   of ${variants.join(",")} (default all; with --growth floor,ours)
  --runs <n>         how often a stack is made and destroyed (default 1)
  --repeats <n>      how often each run takes a step that changes nothing (default 3)
  --parallel <n>     how many resources the engine works on at once (default: its own, 4 a processor)
  --growth           only how up, refresh and memory grow with the number of keys
  --json <file>      also write all figures to a file
  --help             show this text

Memory is measured on Linux only.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      keys: { type: "string" },
      latency: { type: "string" },
      variants: { type: "string" },
      runs: { type: "string", default: "1" },
      repeats: { type: "string", default: "3" },
      parallel: { type: "string" },
      growth: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const { growth } = values;
  const plan = {
    variants: chosen(values.variants ?? (growth ? "floor,ours" : variants.join())),
    keys: numbers(values.keys ?? (growth ? "100,200,400,800" : "100,400")),
    latencies: numbers(values.latency ?? (growth ? "0" : "0,50")),
    runs: number(values.runs),
    repeats: number(values.repeats),
    steps: growth ? steps.filter(({ name }) => name === "first up" || name === "refresh") : steps,
    ...(values.parallel !== undefined && { parallel: number(values.parallel) }),
    tell: (line: string) => process.stderr.write(`bench: ${line}\n`),
  };
  // Ctrl-C reaches the engine too: its failure ends the bench, after what was made for it is removed.
  process.once("SIGINT", () => plan.tell("interrupted"));

  plan.tell("installing the packages");
  const projects = await Projects.install();
  try {
    const imports = plan.variants.includes("ours") ? await measureImport(projects, 15) : [];
    const measured = await measure(projects, plan);
    const machine = { cpus: cpus().length, node: process.version, pulumi: engine().version };
    process.stdout.write(`${reportOf(measured, growth)}\n`);
    if (imports.length > 0) process.stdout.write(`\n${importLine(imports)}\n`);
    if (values.json !== undefined) {
      const rows = rowsOf(measured);
      const data = { machine, rows, growth: growthOf(rows), imports, ...measured };
      writeFileSync(values.json, `${JSON.stringify(data, null, 2)}\n`);
    }
  } finally {
    projects.remove();
  }
}

const reportOf = (measured: Measured, growth: boolean) =>
  growth ? `${tablesOf(measured)}\n\n${growthTable(growthOf(rowsOf(measured)))}` : tablesOf(measured);

function chosen(text: string): Variant[] {
  return text.split(",").map((name) => {
    const variant = variants.find((known) => known === name);
    if (!variant) throw new Error(`unknown variant "${name}": use ${variants.join(", ")}`);
    return variant;
  });
}

const numbers = (text: string) => text.split(",").map(number);

function number(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`"${text}" is no number`);
  return Number(text);
}

main().catch((error: Error) => {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
});
