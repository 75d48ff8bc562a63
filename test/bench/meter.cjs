// Loaded into every Node process of a run: the one that hosts the provider reports what it has taken, as the engine
// ends it.
const { existsSync, readFileSync, writeFileSync } = require("node:fs");

if (/dynamic-provider|provider.plugin.main/.test(process.argv[1] ?? "")) {
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit());
  process.on("exit", () => {
    const { user, system } = process.cpuUsage();
    writeFileSync(
      process.env.BENCH_METER,
      JSON.stringify({ providerSeconds: (user + system) / 1e6, peakMemory: peakMemory() }),
    );
  });
}

/** In bytes, on Linux. What getrusage says elsewhere counts the engine's memory too, from which this was started. */
function peakMemory() {
  const status = "/proc/self/status";
  if (!existsSync(status)) return undefined;
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(status, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}
