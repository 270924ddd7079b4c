// Training processes seen from outside: time to the first step with and without cached shaders, memory.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { KilnError } from "../../errors.js";
import type { Measurement } from "../../bench/row.js";
import { summarise } from "../../bench/statistics.js";
import type { ChildReport, MemorySample, ProcessEngine } from "./child_report.js";

export interface ProcessOptions {
  adapter: string | undefined;
  engines: readonly ProcessEngine[];
  /** Steps over which Kiln's memory must not grow. */
  steps: number;
  report: (measurement: Measurement) => void;
  progress: (text: string) => void;
}

const shape = "nanogpt-cpu";
const cachedRuns = 3;
/** Of an engine whose steps are slow. */
const fewSteps = 12;
const limit_ms = 9 * 60_000;

export async function measureProcesses(options: ProcessOptions): Promise<void> {
  for (const engine of options.engines) {
    const cache = mkdtempSync(join(tmpdir(), "kiln-shaders-"));
    try {
      if (engine !== "jax-js wasm") await starts(engine, cache, options);
      await memory(engine, cache, options);
    } catch (error) {
      options.report({ suite: "process", name: "training process", shape, contender: engine, unit: "ms", median: null, error: error instanceof Error ? error.message : String(error) });
    } finally {
      rmSync(cache, { recursive: true, force: true });
    }
  }
}

async function starts(engine: ProcessEngine, cache: string, options: ProcessOptions): Promise<void> {
  const once = async () => {
    const started = Date.now();
    return (await run(engine, 1, cache, options)).firstStepAt - started;
  };
  options.progress(`process: ${engine}, first step with an empty shader cache`);
  const identity = { suite: "process", shape, contender: engine, unit: "ms" };
  options.report({ ...identity, name: "first step, empty shader cache", median: await once(), samples: 1 });
  options.progress(`process: ${engine}, first step with cached shaders`);
  const times: number[] = [];
  for (let i = 0; i < cachedRuns; i++) times.push(await once());
  options.report({ ...identity, name: "first step, cached shaders", ...summarise(times) });
}

async function memory(engine: ProcessEngine, cache: string, options: ProcessOptions): Promise<void> {
  const steps = engine === "kiln" ? options.steps : fewSteps;
  options.progress(`process: ${engine}, ${steps} steps`);
  const { peakRss, stepTimes, samples } = await run(engine, steps, cache, options);
  const identity = { suite: "process", shape, contender: engine, note: `${steps} steps` };
  options.report({ ...identity, name: "peak RSS", unit: "MB", median: peakRss / 1e6, samples: 1 });
  options.report({ ...identity, name: "training step", unit: "ms", ...summarise(stepTimes.slice(3)) });
  if (samples.length < 8) return;
  for (const [name, value] of [["buffers", "buffers"], ["bytes", "bytes"], ["RSS", "rss"]] as const) {
    options.report({ ...identity, name: `growth of ${name}`, unit: "%", median: growth(samples, value), samples: samples.length });
  }
}

/** From the second quarter of the run to the last, in percent, by the least of each: the collector's sawtooth lies above it. */
function growth(samples: readonly MemorySample[], what: "buffers" | "bytes" | "rss"): number {
  const quarter = samples.length >> 2;
  const values = samples.map((sample) => sample[what]);
  return 100 * (Math.min(...values.slice(-quarter)) / Math.min(...values.slice(quarter, 2 * quarter)) - 1);
}

/** Runs a process of its own to the end. Shaders are cached in `cache` alone. */
function run(engine: ProcessEngine, steps: number, cache: string, { adapter }: ProcessOptions): Promise<ChildReport> {
  const env = { ...process.env, MESA_SHADER_CACHE_DIR: cache, __GL_SHADER_DISK_CACHE_PATH: cache, ...(adapter && { KILN_ADAPTER: adapter }) };
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [childScript(), engine, String(steps)], { env, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const timer = setTimeout(() => child.kill("SIGKILL"), limit_ms);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      const line = stdout.split("\n").findLast((text) => text.startsWith("{"));
      if (code === 0 && line) done(JSON.parse(line) as ChildReport);
      else failed(new KilnError(`kiln bench: the training process of ${engine} ended with ${signal ?? `code ${code}`}; ${stderr.trim().split("\n").at(-1) ?? "it said nothing"}`));
    });
  });
}

/** Built beside cli.js. */
function childScript(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "bench_child.js")) && folder !== dirname(folder)) folder = dirname(folder);
  return join(folder, "bench_child.js");
}
