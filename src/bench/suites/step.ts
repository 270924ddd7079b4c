// Training steps of whole models: first that all engines train alike, then how fast.
import { messageOf, type Bench, type Case, type Identity } from "../bench.js";
import { profile } from "../../profile/index.js";
import { callsPerRepetition } from "../call_counts.js";
import { digits } from "../report/text.js";
import type { Measurement } from "../row.js";
import type { Entrant } from "../sampling.js";
import { gptShapes, parameterCount, trainingSpec, type GptName, type GptShape } from "../specs/training.js";
import { summarise } from "../statistics.js";

const suite = "step";
const comparedSteps = 10;
/** Of losses after as many steps: rounding of gradients grows with them. */
const agreement = 1e-3;
const hostSamples = 15;
const hostInARow = 6;
const profiledRuns = 10;

const tiny: GptShape = { layers: 1, heads: 2, width: 16, block: 16, vocab: 65, batch: 2 };

export function stepCases(isQuick: boolean): Case[] {
  const jobs: [string, GptShape][] = isQuick ? [["tiny", tiny]] : (Object.keys(gptShapes) as GptName[]).map((name) => [name, gptShapes[name]]);
  return jobs.map(([name, shape]) => {
    const identity = { suite, name: "training step", shape: shapeText(name, shape) };
    return { ...identity, measure: (bench) => measure(bench, identity, shape) };
  });
}

function shapeText(name: string, { layers, heads, width, block, batch }: GptShape): string {
  return `${name}: ${layers} layers, ${heads} heads, width ${width}, block ${block}, batch ${batch}`;
}

async function measure(bench: Bench, identity: Identity, shape: GptShape): Promise<void> {
  const spec = trainingSpec(shape);
  const flops = stepFlops(shape, parameterCount(spec));
  const entrants: Entrant[] = [];
  const remarks = new Map<string, Partial<Measurement>>();
  let reference: number[] | null = null;
  try {
    for (const engine of bench.engines) {
      bench.options.progress(`${suite}: ${identity.shape}, ${engine.name}'s first steps`);
      for (const entrant of bench.entrant(identity, engine, engine.name, () => engine.training(spec))) {
        entrants.push(entrant);
        const first = await firstSteps(entrant, reference);
        reference ??= first.values ?? null;
        remarks.set(engine.name, first);
      }
    }
    bench.options.progress(`${suite}: ${identity.shape}, in turn`);
    await bench.compete(identity, entrants, ({ name }) => ({ flops, ...remarks.get(name) }));
    await hostTime(bench, identity, entrants[0]!);
    await overKernels(bench, identity, entrants[0]!);
  } finally {
    for (const { contender } of entrants) contender.dispose();
  }
}

/** Products of a step: 6 flops a parameter and token (not of the position table), and attention's. */
function stepFlops({ layers, width, block, batch }: GptShape, parameters: number): number {
  const tokens = batch * block;
  return 6 * (parameters - block * width) * tokens + 12 * layers * width * block * tokens;
}

/** The losses of the first steps, which must be Kiln's, and what a step asks of WebGPU. */
async function firstSteps(entrant: Entrant, reference: readonly number[] | null): Promise<Partial<Measurement>> {
  const { contender } = entrant;
  try {
    const values: number[] = [];
    for (let step = 0; step < comparedSteps; step++) {
      contender.run();
      await contender.finished();
      values.push((await contender.outputs())[0]![0]!);
    }
    const calls = await callsPerRepetition(entrant);
    const apart = reference ? Math.max(...values.map((value, i) => Math.abs(value - reference[i]!) / Math.abs(reference[i]!))) : 0;
    const error = apart <= agreement ? null : `wrong losses: up to ${apart.toExponential(1)} away from Kiln's, relatively`;
    return { values, calls, ...(error && { error }) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/**
 * Milliseconds for which a step holds the program: encoding and submitting, not waiting. Steps queued back to back, as a
 * loop that runs ahead does, and one at a time. On software adapters the kernels of the step before have then emptied
 * the caches of the cores that the host runs on, which a GPU does not.
 */
async function hostTime(bench: Bench, identity: Identity, { name, contender }: Entrant): Promise<void> {
  for (const [what, inARow] of [["host time a step", hostInARow], ["host time a step, one at a time", 1]] as const) {
    const times: number[] = [];
    for (let i = 0; i < hostSamples; i++) {
      for (let step = 0; step < inARow; step++) {
        const start = performance.now();
        contender.run();
        bench.kiln.device.queue.flush();
        times.push(performance.now() - start);
      }
      await contender.finished();
    }
    const { median, q1, q3, min, samples } = summarise(times);
    // Pages get a clock in steps of up to 0.1 ms.
    if (median === 0) bench.options.report({ ...identity, name: what, contender: name, unit: "ms", median: null, error: "shorter than this clock's steps" });
    else bench.options.report({ ...identity, name: what, contender: name, unit: "ms", median, q1, q3, min, samples });
  }
}

/** The step's time over the sum of its kernels' times: what launching, waiting between kernels and the host add. */
async function overKernels(bench: Bench, identity: Identity, { name: contender, contender: step }: Entrant): Promise<void> {
  const { device } = bench.kiln;
  if (!device.features.has("timestamp-query")) return;
  const runs = bench.options.isQuick ? 3 : profiledRuns;
  const { step_ms, kernels_ms } = await profile(device, () => step.run(), { runs });
  const note = `${digits(step_ms)} ms over ${digits(kernels_ms)} ms`;
  bench.options.report({ ...identity, name: "step over kernels", contender, unit: "x", median: step_ms / kernels_ms, samples: runs, note });
}
