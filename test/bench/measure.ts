import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Projects, Stack, type Stored, type Taken, type Variant } from "./project";

interface Step {
  name: string;
  args: string[];
  /** Which keys the program declares: those of round 2 all differ from those of round 1. */
  round: 1 | 2;
  /** Leaves the stack as it was, so it can be repeated. */
  idle?: true;
}

const at = ["--yes", "--skip-preview"];

/** The life of a stack, in order. */
export const steps: readonly Step[] = [
  { name: "first up", args: ["up", ...at], round: 1 },
  { name: "no-op preview", args: ["preview"], round: 1, idle: true },
  { name: "no-op up", args: ["up", ...at], round: 1, idle: true },
  { name: "refresh", args: ["refresh", ...at], round: 1, idle: true },
  { name: "change every key", args: ["up", ...at], round: 2 },
  { name: "destroy", args: ["destroy", ...at], round: 2 },
];

/** What a figure is of. */
export interface Of {
  variant: Variant;
  keys: number;
  /** Of every answer of the server, in ms. */
  latency: number;
}

export interface Sample extends Of, Taken {
  step: string;
}

export interface StoredSample extends Of, Omit<Stored, "keys"> {}

export interface ImportSample {
  ms: number;
  /** Of the provider's heavy dependencies, those that came along. */
  loaded: string[];
}

export interface Measured {
  /** In the order they were taken: the n-th of a step of one variant was taken beside the n-th of another. */
  samples: Sample[];
  stored: StoredSample[];
}

export interface Plan {
  variants: readonly Variant[];
  keys: readonly number[];
  latencies: readonly number[];
  /** How often a stack is made and destroyed. */
  runs: number;
  /** How often a step that changes nothing is taken in each run. */
  repeats: number;
  steps?: readonly Step[];
  /** How many resources the engine works on at once, if not as many as it chooses. */
  parallel?: number;
  tell?: (line: string) => void;
}

/** Takes every step with every variant in turn, so that what else the machine does hits all of them alike. */
export async function measure(projects: Projects, plan: Plan): Promise<Measured> {
  const measured: Measured = { samples: [], stored: [] };
  for (let run = 0; run < plan.runs; run++)
    for (const latency of plan.latencies)
      for (const keys of plan.keys) await live(projects, plan, keys, latency, measured);
  return measured;
}

/** A life of one stack of each variant, side by side. */
async function live(
  projects: Projects,
  { variants, repeats, steps: wanted = steps, parallel, tell }: Plan,
  keys: number,
  latency: number,
  { samples, stored }: Measured,
): Promise<void> {
  const stacks: { of: Of; stack: Stack }[] = [];
  const atOnce = parallel === undefined ? [] : ["--parallel", String(parallel)];
  try {
    for (const variant of variants)
      stacks.push({
        of: { variant, keys, latency },
        stack: await Stack.create(projects, variant, keys, latency),
      });
    for (const step of wanted)
      for (let taken = 0; taken < (step.idle ? repeats : 1); taken++)
        // Each goes first as often as last.
        for (const { of, stack } of taken % 2 === 0 ? stacks : stacks.toReversed()) {
          const sample = {
            ...of,
            step: step.name,
            ...(await stack.run([...step.args, ...atOnce], step.round)),
          };
          expectDone(sample, stack.stored());
          samples.push(sample);
          tell?.(`${keys} keys, ${latency} ms, ${of.variant}: ${step.name} ${sample.seconds.toFixed(1)} s`);
          if (step.name === "first up") {
            const { keys: _, ...rest } = stack.stored();
            stored.push({ ...of, ...rest });
          }
        }
  } finally {
    for (const { stack } of stacks) await stack.end();
  }
}

/** How fast something is done wrong is of no interest. */
function expectDone({ variant, keys, step, living }: Sample, stored: Stored): void {
  const expected = step === "destroy" ? 0 : keys;
  // The floor makes none.
  const made = variant === "floor" ? expected : living;
  if (stored.keys === expected && made === expected) return;
  throw new Error(
    `after ${step}, ${variant} has ${stored.keys} keys in state and ${made} on the server, not ${expected}`,
  );
}

/** What importing the package takes beyond `@pulumi/pulumi`, in ms, one figure a process, and what it loads with it. */
export async function measureImport(projects: Projects, processes: number): Promise<ImportSample[]> {
  const script = `
    require("@pulumi/pulumi");
    const before = performance.now();
    require("pulumi-cometapi");
    const ms = performance.now() - before;
    const loaded = (name) => Object.keys(require.cache).some((file) => file.includes("/node_modules/" + name + "/"));
    console.log(JSON.stringify({ ms, loaded: ["undici", "zod", "pulumi-cometapi/dist/provider"].filter(loaded) }));`;
  const samples: ImportSample[] = [];
  for (let i = 0; i < processes; i++) {
    const { stdout } = await promisify(execFile)("node", ["-e", script], { cwd: projects.of("ours") });
    samples.push(JSON.parse(stdout) as ImportSample);
  }
  return samples;
}
