// A run of the benchmarks: its engines, its settings, and where measurements go.
import { copyForms, type CopyForm } from "../kernels/peaks.js";
import type { Engine } from "./engine.js";
import type { KilnEngine } from "./engines/kiln/engine.js";
import { arithmeticContender, copyBytes, copyContender } from "./peaks.js";
import { timed, type Measurement } from "./row.js";
import { sample, type Entrant, type SamplingOptions, type Timing } from "./sampling.js";
import { ratioOf, summarise } from "./statistics.js";

export interface BenchOptions {
  sampling: SamplingOptions;
  /** Small sizes only: to see that everything runs. */
  isQuick: boolean;
  /** A contender that would need longer than this for one repetition is left out. */
  patience_ms: number;
  report: (measurement: Measurement) => void;
  /** What is going on, for people. */
  progress: (text: string) => void;
}

/** One thing to measure: with every contender that can do it. */
export interface Case {
  suite: string;
  name: string;
  shape: string;
  measure: (bench: Bench) => Promise<void>;
}

export type Identity = Pick<Case, "suite" | "name" | "shape">;

export interface Peaks {
  /** The best of the copy kernels, and its form. */
  copy_gbps: number;
  copyForm: CopyForm;
  arithmetic_gflops: number;
}

export interface Work {
  flops?: number;
  bytes?: number;
  /** The time that both take at the peaks. */
  floor_ms?: number;
}

export class Bench {
  private measuredPeaks: Peaks | null = null;
  private readonly problems = new Map<Entrant["engine"], string>();

  constructor(
    readonly kiln: KilnEngine,
    readonly peers: readonly Engine[],
    readonly options: BenchOptions,
  ) {
    for (const engine of peers) {
      engine.probe.gpu.addEventListener("uncapturederror", (event) => {
        event.preventDefault();
        const { message } = (event as GPUUncapturedErrorEvent).error;
        if (!this.problems.has(engine)) this.problems.set(engine, message.split("\n")[0]!);
      });
    }
  }

  get engines(): readonly Engine[] {
    return [this.kiln, ...this.peers];
  }

  async run(cases: readonly Case[]): Promise<void> {
    for (const one of cases) {
      this.options.progress(`${one.suite}: ${one.name} ${one.shape}`);
      this.problems.clear();
      await one.measure(this);
    }
  }

  /** Copy and arithmetic, measured once a run. */
  async peaks(): Promise<Peaks> {
    return (this.measuredPeaks ??= await this.measurePeaks());
  }

  /** Times the entrants in turn and reports each, Kiln being what the others are held against. */
  async compete(identity: Identity, entrants: readonly Entrant[], more: (timing: Timing, timings: readonly Timing[]) => Work & Partial<Measurement>): Promise<void> {
    const timings = await sample(entrants, this.options.sampling);
    timings.forEach((timing, i) => {
      // The time of work that the device refused is the time of nothing.
      timing.error ??= this.problems.get(entrants[i]!.engine) ?? null;
      if (timing.error !== null) timing.times = [];
    });
    const own = timings.find(({ name }) => name === this.kiln.name) ?? null;
    for (const timing of timings) this.options.report(measurementOf({ ...identity, contender: timing.name }, timing, own, more(timing, timings)));
  }

  /** What can make a contender; one that cannot is reported with its error, and left out. */
  entrant(identity: Identity, engine: Engine, name: string, make: () => Entrant["contender"] | null): Entrant[] {
    try {
      const contender = make();
      return contender ? [{ name, contender, engine }] : [];
    } catch (error) {
      this.options.report({ ...identity, contender: name, unit: "ms", median: null, error: messageOf(error) });
      return [];
    }
  }

  private async measurePeaks(): Promise<Peaks> {
    const { kiln } = this;
    const { device } = kiln;
    const { progress, sampling } = this.options;
    progress("peaks: copy and arithmetic");
    const copies = copyForms.map((form) => ({ name: copyName(form), contender: copyContender(device, form), engine: kiln, form }));
    const arithmetic = arithmeticContender(device);
    const timings = await sample([...copies, { name: "kiln", contender: arithmetic, engine: kiln }], sampling);
    for (const contender of [...copies.map((copy) => copy.contender), arithmetic]) contender.dispose();
    const medians = timings.map(({ times }) => (times.length > 0 ? summarise(times).median : Infinity));
    const best = medians.indexOf(Math.min(...medians.slice(0, copies.length)));
    const bytes = copies[0]!.contender.bytes;
    const { flops } = arithmetic;
    const identity = { suite: "kernels", contender: "kiln" };
    this.options.report({ ...timed({ ...identity, name: "copy", shape: `${copyBytes / 2 ** 20} MiB` }, summarise(timings[best]!.times), { bytes }), note: copyName(copies[best]!.form) });
    this.options.report(timed({ ...identity, name: "arithmetic", shape: "f32 multiply-add" }, summarise(timings.at(-1)!.times), { flops }));
    return { copy_gbps: (bytes * 1e-6) / medians[best]!, copyForm: copies[best]!.form, arithmetic_gflops: (flops * 1e-6) / medians.at(-1)! };
  }
}

function measurementOf(identity: Identity & { contender: string }, timing: Timing, own: Timing | null, more: Work & Partial<Measurement>): Measurement {
  const { flops, bytes, floor_ms, ...rest } = more;
  if (timing.times.length === 0) return { ...identity, unit: "ms", median: null, ...rest, error: timing.error ?? rest.error ?? "no sample" };
  const summary = summarise(timing.times);
  return {
    ...timed(identity, summary, { ...(flops && { flops }), ...(bytes && { bytes }) }),
    inner: timing.inner,
    first_ms: timing.first_ms,
    ...(floor_ms && { floorShare: floor_ms / summary.median }),
    ...(own && timing !== own && own.times.length > 0 && { overKiln: ratioOf(timing.times, own.times).median }),
    ...rest,
  };
}

/** The time in milliseconds that the work takes at least. */
export function floorOf({ flops, bytes }: { flops: number; bytes: number }, { copy_gbps, arithmetic_gflops }: Peaks): number {
  return Math.max((flops * 1e-6) / arithmetic_gflops, (bytes * 1e-6) / copy_gbps);
}

export function copyName({ workgroup, workgroups }: CopyForm): string {
  return `vec4, ${workgroups ?? "all"} workgroups of ${workgroup}`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.split("\n")[0]! : String(error);
}

