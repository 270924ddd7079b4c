// Training jobs that every engine runs alike: the same model, the same initial weights, the same batches.
import { Generator } from "../../tensor/random.js";
import { randomIndices, type HostArray, type HostIndices } from "./host.js";

/** A GPT as nanoGPT has it, without biases and dropout, its head tied to the token embedding. */
export interface GptShape {
  layers: number;
  heads: number;
  width: number;
  block: number;
  vocab: number;
  batch: number;
}

/** AdamW with decay of matrices only, after clipping by global norm. */
export interface TrainingHyper {
  lr: number;
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
  clip: number;
}

export interface TokenPair {
  tokens: HostIndices;
  targets: HostIndices;
}

export interface TrainingSpec {
  shape: GptShape;
  hyper: TrainingHyper;
  /** By nanoGPT's names; Linear weights [out, in]. */
  weights: Readonly<Record<string, HostArray>>;
  /** Taken in turn. */
  batches: readonly TokenPair[];
}

/** nanoGPT's settings for a CPU, but for the schedule: the rate is constant. */
export const nanogptHyper: TrainingHyper = { lr: 1e-3, betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.1, clip: 1 };

export const gptShapes = {
  "nanogpt-cpu": { layers: 4, heads: 4, width: 128, block: 64, batch: 12, vocab: 65 },
  "gpt-2.7m": { layers: 6, heads: 6, width: 192, block: 128, batch: 8, vocab: 65 },
  "nanogpt-char": { layers: 6, heads: 6, width: 384, block: 256, batch: 4, vocab: 65 },
} as const satisfies Record<string, GptShape>;
export type GptName = keyof typeof gptShapes;

/** Weights as GPT-2's, and random tokens whose successors are learnable: each target is a function of its token. */
export function trainingSpec(shape: GptShape, hyper: TrainingHyper = nanogptHyper, seed = 1): TrainingSpec {
  const generator = new Generator(seed);
  const { layers, width, block, vocab, batch } = shape;
  const residual = 0.02 / Math.sqrt(2 * layers);
  const weights: Record<string, HostArray> = {};
  const normal = (name: string, rows: number, columns: number, std: number) => {
    weights[name] = { shape: [rows, columns], data: generator.normal(rows * columns).map((z) => std * z) };
  };
  const ones = (name: string) => {
    weights[name] = { shape: [width], data: new Float32Array(width).fill(1) };
  };
  normal("transformer.wte.weight", vocab, width, 0.02);
  normal("transformer.wpe.weight", block, width, 0.02);
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `transformer.h.${layer}`;
    ones(`${prefix}.ln_1.weight`);
    normal(`${prefix}.attn.c_attn.weight`, 3 * width, width, 0.02);
    normal(`${prefix}.attn.c_proj.weight`, width, width, residual);
    ones(`${prefix}.ln_2.weight`);
    normal(`${prefix}.mlp.c_fc.weight`, 4 * width, width, 0.02);
    normal(`${prefix}.mlp.c_proj.weight`, width, 4 * width, residual);
  }
  ones("transformer.ln_f.weight");
  const batches = Array.from({ length: 8 }, () => {
    const tokens = randomIndices(generator, [batch, block], vocab);
    return { tokens, targets: { shape: tokens.shape, data: tokens.data.map((token) => (7 * token + 3) % vocab) } };
  });
  return { shape, hyper, weights, batches };
}

export function parameterCount({ weights }: TrainingSpec): number {
  return Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);
}
