// Optimizer steps: fused over the model, a tensor at a time, an operation at a time, and other engines'.
import { worstDifference } from "../agreement.js";
import { copyName, messageOf, type Bench, type Case, type Identity } from "../bench.js";
import { callsPerRepetition } from "../call_counts.js";
import type { Engine } from "../engine.js";
import { copyContender } from "../peaks.js";
import type { Measurement } from "../row.js";
import type { Entrant, Timing } from "../sampling.js";
import { bytesPerParameter, elements, split, type OptimizerName, type OptimizerSpec, type OptimizerVariant } from "../specs/optimizers.js";
import { summarise } from "../statistics.js";

const suite = "optimizers";
const agreement = 1e-3;

const titles: Record<OptimizerName, string> = { sgd: "SGD with momentum", adam: "Adam", adamw: "AdamW" };

interface Size {
  parameters: number;
  tensors: number;
}

/** The sizes of the project's bar: 10 million parameters in 52 tensors. */
export const barSize: Size = { parameters: 1e7, tensors: 52 };

export function optimizerCases(isQuick: boolean): Case[] {
  const parameterCounts = isQuick ? [1e4] : [1e4, 1e5, 1e6, 1e7, 1e8];
  const tensorCounts = isQuick ? [1, 20] : [1, 50, 500];
  const sizes = parameterCounts.flatMap((parameters) => tensorCounts.map((tensors) => ({ parameters, tensors })));
  const algorithms: OptimizerName[] = ["sgd", "adam", "adamw"];
  const cases = algorithms.flatMap((algorithm) => [...sizes, ...(algorithm === "adamw" && !isQuick ? [barSize] : [])].map((size) => caseOf(algorithm, size)));
  return [...cases, ...rateCases(isQuick ? { parameters: 1e4, tensors: 20 } : { parameters: 1e6, tensors: 50 })];
}

function caseOf(algorithm: OptimizerName, size: Size): Case {
  const identity = { suite, name: `${titles[algorithm]} step`, shape: shapeText(size) };
  return { ...identity, measure: (bench) => measure(bench, identity, { algorithm, sizes: split(size.parameters, size.tensors), variant: "fused", scheduled: false }) };
}

/** The cost of a learning rate that changes: the same step with a constant one and with a scheduled one, of each way of doing it. */
function rateCases(size: Size): Case[] {
  return [false, true].map((scheduled) => {
    const identity = { suite, name: `AdamW step, ${scheduled ? "scheduled" : "constant"} rate`, shape: shapeText(size) };
    const spec: OptimizerSpec = { algorithm: "adamw", sizes: split(size.parameters, size.tensors), variant: "fused", scheduled };
    return { ...identity, measure: (bench) => measure(bench, identity, spec) };
  });
}

export function shapeText({ parameters, tensors }: Size): string {
  return `${parameters.toLocaleString("en")} in ${tensors}`;
}

/** Kiln's three ways; jax-js by one jitted call, and op by op with the rate as a number, as its optax package has it; tfjs's own. */
const ways: readonly { engine: Engine["name"]; variant: OptimizerVariant; name: string }[] = [
  { engine: "kiln", variant: "fused", name: "kiln" },
  { engine: "kiln", variant: "per tensor", name: "kiln, per tensor" },
  { engine: "kiln", variant: "per op", name: "kiln, per op" },
  { engine: "jax-js", variant: "fused", name: "jax-js" },
  { engine: "jax-js", variant: "per op", name: "jax-js, per op" },
  { engine: "tfjs", variant: "fused", name: "tfjs" },
];

/** How many times the time of a copy of the same bytes a step takes, about: to leave out what nobody would wait for. */
const expectedFactor: Record<string, number> = { kiln: 1.5, "kiln, per tensor": 2, "kiln, per op": 16, "jax-js": 10, "jax-js, per op": 25, tfjs: 30 };
/** With fewer parameters a copy measures the launch. */
const fewestForFloor = 1e6;
/** A larger first tensor is not read back for the comparison. */
const mostCompared = 4e6;

async function measure(bench: Bench, identity: Identity, spec: OptimizerSpec): Promise<void> {
  const parameters = elements(spec);
  const bytes = parameters * bytesPerParameter(spec.algorithm);
  const largest = 4 * Math.max(...spec.sizes);
  const limit = bench.kiln.device.pool.maxBytes;
  if (largest > limit) {
    bench.options.report({ ...identity, contender: "kiln", unit: "ms", median: null, error: `a tensor of ${largest} bytes is over the adapter's limit of ${limit} bytes a binding` });
    return;
  }
  const { copyForm, copy_gbps } = await bench.peaks();
  const entrants: Entrant[] = [];
  const remarks = new Map<string, Partial<Measurement>>();
  let reference: Float32Array[] | null = null;
  try {
    for (const { engine: engineName, variant, name } of ways) {
      const engine = bench.engines.find((one) => one.name === engineName);
      if (!engine || (bytes * 1e-6 * expectedFactor[name]!) / copy_gbps > bench.options.patience_ms) continue;
      for (const entrant of bench.entrant(identity, engine, name, () => engine.optimizer({ ...spec, variant }))) {
        entrants.push(entrant);
        const first = await firstStep(entrant, spec.sizes[0]! <= mostCompared ? reference : null);
        reference ??= first.outputs;
        remarks.set(name, first.remarks);
      }
    }
    // Beside the others, over as much memory as one of the step's arrays.
    const { kiln } = bench;
    const copy = copyContender(kiln.device, copyForm, 4 * parameters);
    entrants.push({ name: "copy", contender: copy, engine: kiln });
    await bench.compete(identity, entrants, ({ name }, timings) => {
      if (name === "copy") return { bytes: copy.bytes, note: copyName(copyForm) };
      return { bytes, ...(parameters >= fewestForFloor && { floor_ms: copyTime(timings) * (bytes / copy.bytes) }), ...remarks.get(name) };
    });
  } finally {
    for (const { contender } of entrants) contender.dispose();
  }
}

/** Milliseconds of the copy that ran beside the others. */
function copyTime(timings: readonly Timing[]): number {
  const { times } = timings.at(-1)!;
  return times.length > 0 ? summarise(times).median : NaN;
}

/** Takes a step, compares it with Kiln's, and counts what the following ones ask of WebGPU. */
async function firstStep(entrant: Entrant, reference: Float32Array[] | null): Promise<{ outputs: Float32Array[] | null; remarks: Partial<Measurement> }> {
  const { contender } = entrant;
  try {
    contender.run();
    await contender.finished();
    const outputs = await contender.outputs();
    const apart = reference ? worstDifference(outputs, reference) : 0;
    const calls = await callsPerRepetition(entrant);
    const error = apart > agreement ? `wrong result: ${apart.toExponential(1)} away from Kiln's, relative to the largest value` : null;
    return { outputs, remarks: { calls, ...(error && { error }) } };
  } catch (error) {
    return { outputs: null, remarks: { error: messageOf(error) } };
  }
}
