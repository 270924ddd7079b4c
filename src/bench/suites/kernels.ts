// Single operations against what the adapter can do at best, and against the same operation of other engines.
import { worstDifference } from "../agreement.js";
import { floorOf, messageOf, type Bench, type Case, type Identity } from "../bench.js";
import type { Entrant } from "../sampling.js";
import { costOf, kernelSpec, shapeText, type KernelOp, type KernelShape } from "../specs/kernels.js";

const suite = "kernels";
/** Of f32 results whose sums are added in another order. */
const agreement = 1e-3;

const names: Record<KernelOp, string> = {
  matmul: "matmul",
  layerNorm: "layer-norm",
  batchNorm: "batch-norm",
  crossEntropy: "cross-entropy",
  attention: "attention",
  embedding: "embedding",
  dropout: "dropout",
};

const product = (m: number, n: number, k: number, form: "NN" | "NT" | "TN" = "NN"): KernelShape => ({
  op: "matmul",
  ...{ m, n, k },
  transposeA: form === "TN",
  transposeB: form === "NT",
  backward: false,
});

/** y = x W^T, dx = dy W, dW = dy^T x of a linear layer with weight [out, in]. */
const linear = (rows: number, inputs: number, outputs: number) => [product(rows, outputs, inputs, "NT"), product(rows, inputs, outputs), product(outputs, inputs, rows, "TN")];

const both = (shape: Exclude<KernelShape, { op: "matmul" }>): KernelShape[] => [{ ...shape, backward: false }, shape];

/** Those of nanoGPT on a CPU (768 rows of 128) and of GPT-2 small (rows of 768), and a square. */
const shapes: readonly KernelShape[] = [
  product(1024, 1024, 1024),
  product(1024, 1024, 1024, "NT"),
  product(1024, 1024, 1024, "TN"),
  ...linear(768, 128, 384),
  ...linear(768, 128, 512),
  ...linear(768, 128, 65),
  ...linear(1024, 768, 2304),
  ...linear(1024, 768, 3072),
  ...both({ op: "layerNorm", rows: 768, width: 128, backward: true }),
  ...both({ op: "layerNorm", rows: 4096, width: 384, backward: true }),
  ...both({ op: "layerNorm", rows: 1024, width: 768, backward: true }),
  ...both({ op: "batchNorm", rows: 4096, channels: 128, backward: true }),
  ...both({ op: "crossEntropy", rows: 768, classes: 65, backward: true }),
  ...both({ op: "crossEntropy", rows: 512, classes: 50257, backward: true }),
  ...both({ op: "attention", batch: 12, heads: 4, seq: 64, headDim: 32, backward: true }),
  ...both({ op: "attention", batch: 1, heads: 12, seq: 1024, headDim: 64, backward: true }),
  ...both({ op: "embedding", vocab: 65, width: 128, rows: 768, backward: true }),
  ...both({ op: "embedding", vocab: 50257, width: 384, rows: 1024, backward: true }),
  ...both({ op: "dropout", size: 2 ** 20, p: 0.1, backward: true }),
];

/** One small shape of each, for a smoke test. */
const quickShapes: readonly KernelShape[] = [
  product(128, 128, 128),
  ...linear(64, 48, 40),
  ...both({ op: "layerNorm", rows: 64, width: 96, backward: true }),
  ...both({ op: "batchNorm", rows: 64, channels: 24, backward: true }),
  ...both({ op: "crossEntropy", rows: 48, classes: 65, backward: true }),
  ...both({ op: "attention", batch: 2, heads: 2, seq: 16, headDim: 16, backward: true }),
  ...both({ op: "embedding", vocab: 65, width: 32, rows: 48, backward: true }),
  ...both({ op: "dropout", size: 4096, p: 0.1, backward: true }),
];

export function kernelCases(isQuick: boolean): Case[] {
  return (isQuick ? quickShapes : shapes).map((shape) => {
    const name = shape.op === "matmul" ? names.matmul : `${names[shape.op]} ${shape.backward ? "forward+backward" : "forward"}`;
    const identity = { suite, name, shape: shapeText(shape) };
    return { ...identity, measure: (bench) => measure(bench, identity, shape) };
  });
}

async function measure(bench: Bench, identity: Identity, shape: KernelShape): Promise<void> {
  const peaks = await bench.peaks();
  const cost = costOf(shape);
  const spec = kernelSpec(shape);
  const entrants = bench.engines.flatMap((engine) => bench.entrant(identity, engine, engine.name, () => engine.kernel(spec)));
  try {
    const remarks = await remarksOn(entrants, shape);
    await bench.compete(identity, entrants, ({ name }) => ({ ...cost, floor_ms: floorOf(cost, peaks), ...remarks.get(name) }));
  } finally {
    for (const { contender } of entrants) contender.dispose();
  }
}

/** What is wrong with whose results. Masks of dropout are not comparable. */
async function remarksOn(entrants: readonly Entrant[], shape: KernelShape): Promise<Map<string, { error: string }>> {
  const remarks = new Map<string, { error: string }>();
  let reference: Float32Array[] | null = null;
  for (const { name, contender } of entrants) {
    try {
      contender.run();
      await contender.finished();
      if (shape.op === "dropout") continue;
      const outputs = await contender.outputs();
      reference ??= outputs;
      const apart = worstDifference(outputs, reference);
      if (apart > agreement) remarks.set(name, { error: `wrong result: ${apart.toExponential(1)} away from Kiln's, relative to the largest value` });
    } catch (error) {
      remarks.set(name, { error: messageOf(error) });
    }
  }
  return remarks;
}
