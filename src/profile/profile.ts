// What a step spends its time on: every kernel's share, against what the adapter could do.
import { FeatureError, UsageError } from "../errors.js";
import { Device } from "../gpu/device.js";
import { Pacer } from "../gpu/pacer.js";
import type { TimedDispatch } from "../gpu/timestamps.js";
import { checkNumber, checkOptions } from "../options.js";
import { scope } from "../tensor/scope.js";
import { peaksOf, type Peaks } from "./peaks.js";
import { quantisationError } from "./quantum.js";
import { timeDispatches } from "./time.js";

/** Options of `profile`. */
export interface ProfileOptions {
  /** Timed runs of the step. 10 by default. */
  runs?: number;
  /** Runs before them, which compile kernels. 2 by default. */
  warmup?: number;
}

/** One kernel variant. All numbers are those of one step. */
export interface KernelProfile {
  /** The WGSL file's stem, with what was specialised. */
  kernel: string;
  calls: number;
  /** Time on the GPU, mean over the runs. */
  ms: number;
  /** Standard error of `ms` from the timestamps' rounding. */
  ms_error: number;
  bytes: number;
  flops: number;
  /** Time that the measured peaks would allow over the time taken: 1 is the roofline. Null where the kernel does too little to tell. */
  ofRoofline: number | null;
  boundBy: "memory" | "arithmetic" | "latency";
}

/** One dispatch of one run, for a timeline. Nanoseconds from the first. */
export interface ProfiledDispatch {
  kernel: string;
  begin_ns: number;
  duration_ns: number;
  grid: readonly [number, number, number];
  bytes: number;
  flops: number;
}

/** What `profile` measured. */
export interface Profile {
  adapter: string;
  runs: number;
  /** One step without profiling, from launch to completion: median. */
  step_ms: number;
  /** The host's share of it: encoding and submitting. Median. */
  host_ms: number;
  /** Sum of the kernels' times in one step. */
  kernels_ms: number;
  /** The step in which the adapter's timestamps count, in nanoseconds; 1 where they are exact. */
  quantum_ns: number;
  peaks: Peaks;
  /** The longest first. */
  kernels: KernelProfile[];
  /** The last run. */
  dispatches: ProfiledDispatch[];
}

/** Below this share of the roofline's time a kernel is too small to be bound by anything but its launch. */
const latencyShare_ms = 0.02;

/**
 * Profiles a step: a captured step, or any function that launches work and returns at once.
 *
 * Range:  runs, warmup >= 1. `fn` runs warmup + 2 * runs times and does what it always does: take a snapshot of the
 *         optimizer before, and restore it, if training must not move.
 * Throws: FeatureError where the adapter has no timestamp-query; UsageError for options out of range or unknown, and if `fn` is
 *         asynchronous or launches nothing.
 * Source: timestamp queries around a pass for each dispatch; roofline as Williams, Waterman and Patterson 2009, with peaks measured
 *         by a copy and by chains of multiply-adds. Bytes are those that must move (each operand once), not those that did.
 */
export async function profile(device: Device, fn: () => unknown, options: ProfileOptions = {}): Promise<Profile> {
  if (!(device instanceof Device) || typeof fn !== "function") throw new UsageError(`profile: needs a device and a function, got ${typeof device} and ${typeof fn}`);
  checkOptions("profile", options, ["runs", "warmup"]);
  const runs = checkNumber("profile", "runs", options.runs ?? 10, { min: 1, integer: true });
  const warmup = checkNumber("profile", "warmup", options.warmup ?? 2, { min: 1, integer: true });
  if (!device.features.has("timestamp-query")) {
    const message = `profile: kernels cannot be timed without the WebGPU feature "timestamp-query", which this adapter lacks, got ${device.adapter.name}; time whole steps with performance.now() and device.sync()`;
    throw new FeatureError(message, "timestamp-query");
  }
  if (device.isDry) throw new UsageError("profile: nothing runs on a dry device; leave it out of the estimate");
  device.queue.recording?.refuse("profile() is called");
  const run = () => scope(() => checkDone(fn()));
  const { peaks, quantum_ns } = await peaksOf(device);
  for (let i = 0; i < warmup; i++) run();
  await device.sync();
  const pacer = new Pacer(device);
  const steps: { host: number; step: number }[] = [];
  const timed: TimedDispatch[][] = [];
  for (let i = 0; i < runs; i++) {
    steps.push(await timeStep(device, pacer, run));
    timed.push(await timeDispatches(device, run));
  }
  if (timed.every(({ length }) => length === 0)) throw new UsageError("profile: the function launched nothing; it must launch the work and return at once");
  const kernels = summarise(timed, quantum_ns, peaks);
  return {
    adapter: device.adapter.name,
    runs,
    step_ms: median(steps.map(({ step }) => step)),
    host_ms: median(steps.map(({ host }) => host)),
    kernels_ms: kernels.reduce((sum, { ms }) => sum + ms, 0),
    quantum_ns,
    peaks,
    kernels,
    dispatches: timed.at(-1)!.map(({ dispatch, begin_ns, end_ns }) => {
      const { pipeline, grid, cost } = dispatch;
      return { kernel: pipeline.label, begin_ns, duration_ns: end_ns - begin_ns, grid, ...cost };
    }),
  };
}

/** What follows an await would be launched when nobody watches. */
function checkDone(result: unknown): void {
  if (!(result instanceof Promise)) return;
  // The caller gets this error instead.
  result.catch(() => {});
  throw new UsageError("profile: the function returned a promise, and what follows its first await would not be timed; await outside, on what it returns");
}

async function timeStep(device: Device, pacer: Pacer, run: () => void): Promise<{ host: number; step: number }> {
  const start = performance.now();
  run();
  device.queue.flush();
  const host = performance.now() - start;
  const done = pacer.submitted();
  await pacer.rest();
  await device.gpu.queue.onSubmittedWorkDone();
  done();
  return { host, step: performance.now() - start };
}

function summarise(runs: readonly TimedDispatch[][], quantum_ns: number, peaks: Peaks): KernelProfile[] {
  const byKernel = new Map<string, TimedDispatch[]>();
  for (const timed of runs.flat()) {
    const { label } = timed.dispatch.pipeline;
    const same = byKernel.get(label);
    if (same) same.push(timed);
    else byKernel.set(label, [timed]);
  }
  const kernels = [...byKernel].map(([kernel, all]) => {
    const perStep = (value: (timed: TimedDispatch) => number) => all.reduce((sum, timed) => sum + value(timed), 0) / runs.length;
    const ms = perStep(({ begin_ns, end_ns }) => end_ns - begin_ns) * 1e-6;
    const [bytes, flops] = [perStep(({ dispatch }) => dispatch.cost.bytes), perStep(({ dispatch }) => dispatch.cost.flops)];
    const calls = all.length / runs.length;
    const ms_error = quantisationError(quantum_ns, all.length) * calls * 1e-6;
    return { kernel, calls, ms, ms_error, bytes, flops, ...boundOf({ bytes, flops, ms, calls }, peaks) };
  });
  return kernels.sort((a, b) => b.ms - a.ms);
}

function boundOf(work: { bytes: number; flops: number; ms: number; calls: number }, peaks: Peaks): Pick<KernelProfile, "ofRoofline" | "boundBy"> {
  const memory_ms = (work.bytes / peaks.bytesPerSecond) * 1e3;
  const arithmetic_ms = (work.flops / peaks.flopsPerSecond) * 1e3;
  const least_ms = Math.max(memory_ms, arithmetic_ms);
  if (least_ms / work.calls < latencyShare_ms) return { ofRoofline: work.ms > 0 ? least_ms / work.ms : null, boundBy: "latency" };
  return { ofRoofline: work.ms > 0 ? least_ms / work.ms : null, boundBy: memory_ms >= arithmetic_ms ? "memory" : "arithmetic" };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
