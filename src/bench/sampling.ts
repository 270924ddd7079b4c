// Timing contenders against each other: in turn, so that what else the machine does hits all of them alike.
import type { Contender } from "./engine.js";
import type { DeviceProbe } from "./probe.js";

export interface Entrant {
  /** As the rows call it. */
  name: string;
  contender: Contender;
  probe: DeviceProbe;
}

export interface SamplingOptions {
  /** Of each contender. */
  samples: number;
  /** A sample repeats the work until it lasts this long. */
  least_ms: number;
  /** A contender whose repetition takes longer is measured with `fewSamples`. */
  slow_ms: number;
  fewSamples: number;
}

export const thorough: SamplingOptions = { samples: 11, least_ms: 60, slow_ms: 1500, fewSamples: 5 };
export const quick: SamplingOptions = { samples: 5, least_ms: 15, slow_ms: 300, fewSamples: 3 };

export interface Timing {
  name: string;
  /** Milliseconds of one repetition, one a sample. */
  times: number[];
  /** Repetitions a sample. */
  inner: number;
  /** The first repetition: compilation, and whatever else happens once. */
  first_ms: number;
  /** What went wrong instead. */
  error: string | null;
}

/** Waits are slept through for this share of the shortest time seen. */
const sleptShare = 0.85;
const mostInner = 2000;

interface Runner {
  entrant: Entrant;
  timing: Timing;
  fastest_ms: number;
}

/** Times the entrants round robin. One that throws gets its error instead of times; the others go on. */
export async function sample(entrants: readonly Entrant[], options: SamplingOptions): Promise<Timing[]> {
  const runners = entrants.map((entrant): Runner => ({ entrant, fastest_ms: 0, timing: { name: entrant.name, times: [], inner: 1, first_ms: 0, error: null } }));
  for (const runner of runners) await guarded(runner, () => warmUp(runner, options));
  for (let round = 0; round < options.samples; round++) {
    for (const runner of runners) {
      const { timing, fastest_ms } = runner;
      const isSlow = fastest_ms > options.slow_ms;
      if (timing.error === null && (!isSlow || round < options.fewSamples)) await guarded(runner, () => takeSample(runner));
    }
  }
  return runners.map(({ timing }) => timing);
}

async function takeSample(runner: Runner): Promise<void> {
  const took_ms = await timed(runner, runner.timing.inner);
  runner.timing.times.push(took_ms);
  runner.fastest_ms = Math.min(runner.fastest_ms, took_ms);
}

async function guarded({ timing }: Runner, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    timing.error = error instanceof Error ? error.message.split("\n")[0]! : String(error);
  }
}

/** Compiles, then finds how many repetitions make a sample. */
async function warmUp(runner: Runner, { least_ms }: SamplingOptions): Promise<void> {
  runner.timing.first_ms = await timed(runner, 1);
  // The second may still compile: variants for buffers that are used again, code that the host's engine optimises.
  await timed(runner, 1);
  runner.fastest_ms = await timed(runner, 1);
  for (let inner = 1; ; ) {
    runner.timing.inner = inner;
    if (inner >= mostInner || inner * runner.fastest_ms >= 0.7 * least_ms) return;
    inner = Math.min(mostInner, Math.max(2 * inner, Math.ceil(least_ms / runner.fastest_ms)));
    runner.fastest_ms = await timed(runner, inner);
  }
}

/** Milliseconds of one of `inner` repetitions. */
async function timed({ entrant, fastest_ms }: Runner, inner: number): Promise<number> {
  const { contender, probe } = entrant;
  const start = performance.now();
  probe.wake_ms = fastest_ms > 0 ? start + sleptShare * inner * fastest_ms : 0;
  for (let i = 0; i < inner; i++) contender.run();
  await contender.finished();
  const took_ms = (performance.now() - start) / inner;
  probe.wake_ms = 0;
  return took_ms;
}
