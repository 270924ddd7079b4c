// Timing contenders against each other: in turn, so that what else the machine does hits all of them alike.
import type { Contender, Engine } from "./engine.js";

export interface Entrant {
  /** As the rows call it. */
  name: string;
  contender: Contender;
  engine: Pick<Engine, "probe">;
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

export const thorough: SamplingOptions = { samples: 21, least_ms: 60, slow_ms: 1500, fewSamples: 7 };
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
/** A result that is there this soon after waking, as a share of the time taken, may have been there before. */
const leastWait = 0.02;
const shorten = 0.6;
/** A sample may fall short of the least time by this factor. */
const enough = 0.7;
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
  runner.timing.times.push(await timed(runner, runner.timing.inner));
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
  // The second may still compile: variants for buffers that are used again, code that the host's engine optimises.
  for (let i = 0; i < 2; i++) {
    const took_ms = await timed(runner, 1);
    if (i === 0) runner.timing.first_ms = took_ms;
    runner.fastest_ms = 0;
  }
  let took_ms = await timed(runner, 1);
  for (let inner = 1; inner < mostInner && inner * took_ms < enough * least_ms; took_ms = await timed(runner, inner)) {
    inner = Math.min(mostInner, Math.max(2 * inner, Math.ceil(least_ms / took_ms)));
    runner.timing.inner = inner;
  }
}

/** Milliseconds of one of `inner` repetitions. Done again where the sleep outlasted the work. */
async function timed(runner: Runner, inner: number): Promise<number> {
  const { contender, engine: { probe } } = runner.entrant;
  for (;;) {
    const start = performance.now();
    const slept_ms = sleptShare * inner * runner.fastest_ms;
    probe.wake_ms = start + slept_ms;
    for (let i = 0; i < inner; i++) contender.run();
    await contender.finished();
    const end = performance.now();
    probe.wake_ms = 0;
    const took_ms = (end - start) / inner;
    if (probe.awoke_ms > start && end - probe.awoke_ms < leastWait * (end - start)) {
      runner.fastest_ms *= shorten;
      continue;
    }
    runner.fastest_ms = runner.fastest_ms > 0 ? Math.min(runner.fastest_ms, took_ms) : took_ms;
    return took_ms;
  }
}
