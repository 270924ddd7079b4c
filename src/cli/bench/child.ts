// A training process to look at from outside: how soon its first step is done, and what memory it takes. Started by
// processes.ts with a job in its arguments; prints one line of JSON.
import { readFileSync } from "node:fs";
import { keepHeapSmall } from "../../node/small_heap.js";
import { findAdapter } from "../../node/open_device.js";
import { provideNavigatorGpu } from "../../bench/open_engines.js";
import type { Contender } from "../../bench/engine.js";
import type { DeviceProbe } from "../../bench/probe.js";
import { gptShapes, trainingSpec, type TrainingSpec } from "../../bench/specs/training.js";
import type { ChildReport, MemorySample, ProcessEngine } from "./child_report.js";

interface Trainer {
  contender: Contender;
  probe: DeviceProbe | null;
  memory?: () => { buffers: number; bytes: number };
}

// As kiln train does; the peers run as Node runs them.
if (process.argv[2] === "kiln") keepHeapSmall();

const [engine, stepsText] = process.argv.slice(2) as [ProcessEngine, string];
const steps = Number(stepsText);
const samplesWanted = 100;

const { contender, probe, memory } = await open(engine, trainingSpec(gptShapes["nanogpt-cpu"]));
contender.run();
await contender.finished();
const firstStepAt = Date.now();

const stepTimes: number[] = [];
const samples: MemorySample[] = [];
const every = Math.max(1, Math.floor(steps / samplesWanted));
let fastest_ms = 0;
for (let step = 2; step <= steps; step++) {
  const start = performance.now();
  // The first steps still warm up.
  if (probe && step > 4) probe.wake_ms = start + 0.85 * fastest_ms;
  contender.run();
  await contender.finished();
  const took_ms = performance.now() - start;
  if (probe) probe.wake_ms = 0;
  if (step > 3) fastest_ms = fastest_ms === 0 ? took_ms : Math.min(fastest_ms, took_ms);
  stepTimes.push(took_ms);
  if (memory && step % every === 0) samples.push({ step, ...memory(), rss: process.memoryUsage.rss() });
}
const [loss] = (await contender.outputs())[0]!;
const report: ChildReport = { firstStepAt, peakRss: peakRss(), stepTimes, samples, loss: loss! };
// Dawn's objects need not be taken down for this.
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));

/** Linux counts the memory of the process that started this one into maxRSS; the kernel's own high-water mark begins with the program. */
function peakRss(): number {
  const mark = process.platform === "linux" && /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return 1024 * (mark ? Number(mark[1]) : process.resourceUsage().maxRSS);
}

/** Loads only what the engine needs: that is part of its start. */
async function open(name: ProcessEngine, spec: TrainingSpec): Promise<Trainer> {
  if (name === "jax-js wasm") {
    const [{ importJax }, { JaxTraining }] = await Promise.all([import("../../bench/engines/jax/load.js"), import("../../bench/engines/jax/training.js")]);
    const jax = await importJax();
    await jax.init("wasm");
    jax.defaultDevice("wasm");
    return { contender: new JaxTraining(jax, spec), probe: null };
  }
  const { adapter, gpu } = await findAdapter();
  const { describeAdapter } = await import("../../gpu/adapter.js");
  const sleeps = describeAdapter(adapter).software;
  if (name === "kiln") {
    const [{ KilnEngine }, { deviceFrom }] = await Promise.all([import("../../bench/engines/kiln/engine.js"), import("../../gpu/device.js")]);
    const device = await deviceFrom(adapter);
    const kiln = new KilnEngine(device, "", sleeps);
    const memory = () => {
      const { liveBytes, pooledBytes } = device.memory();
      return { buffers: device.pool.created, bytes: liveBytes + pooledBytes };
    };
    return { contender: kiln.training(spec), probe: kiln.probe, memory };
  }
  provideNavigatorGpu(gpu);
  const opened = name === "jax-js" ? await (await import("../../bench/engines/jax/engine.js")).JaxEngine.open(sleeps) : await (await import("../../bench/engines/tfjs/engine.js")).TfEngine.open(sleeps);
  return { contender: opened.training(spec), probe: opened.probe };
}
