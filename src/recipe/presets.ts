// Settings to start from, by name: of the command line and the studio.
import type { TrainSettings } from "./settings.js";

/** Tuned to write word-like text after about a minute on two CPU cores without a GPU. */
const small: TrainSettings = {
  data: "moby-dick",
  tokenizer: "char",
  compactVocab: false,
  layers: 2,
  heads: 4,
  width: 64,
  block: 32,
  dropout: 0,
  bias: false,
  tied: true,
  activationCheckpointing: false,
  norm: "pre",
  normType: "layer",
  activation: "gelu",
  init: "scaled",
  precision: "f32",
  batch: 8,
  accumulate: 1,
  steps: 600,
  optimizer: "adamw",
  lr: 8e-3,
  minLr: 4e-4,
  warmup: 60,
  decay: "cosine",
  schedule: "",
  vectorSchedule: "",
  weightDecay: 0.1,
  betas: [0.9, 0.99],
  clip: 1,
  ema: 0,
  seed: 1337,
  evalEvery: 100,
  evalBatches: 8,
  checkpointEvery: 200,
  sample: 300,
};

/** nanoGPT's settings for a CPU: characters of a small text, about 0.8 million parameters. */
const nanogptCpu: TrainSettings = {
  ...small,
  layers: 4,
  heads: 4,
  width: 128,
  block: 64,
  init: "gpt2",
  batch: 12,
  steps: 2000,
  lr: 1e-3,
  minLr: 1e-4,
  warmup: 100,
  evalEvery: 250,
  evalBatches: 20,
  checkpointEvery: 250,
  sample: 500,
};

/** With the norm after each sublayer, as in the first Transformer: with a warmup of 0 the same run learns late or not at all. */
const postLn: TrainSettings = { ...small, layers: 4, norm: "post", steps: 300, warmup: 100, evalEvery: 50 };

const sgd: TrainSettings = { ...small, optimizer: "sgd", lr: 0.3, minLr: 0.015, weightDecay: 0, steps: 400, warmup: 40, evalEvery: 50 };

/** What large models of today have in place of layer norm and GELU. */
const rms: TrainSettings = { ...small, normType: "rms", activation: "silu", steps: 400, warmup: 40, evalEvery: 50 };

/** Right in all of the sums that it has never seen, after about 400 steps. */
const addition: TrainSettings = { ...small, data: "task:addition", block: 8, batch: 64, steps: 500, lr: 6e-3, minLr: 3e-4, warmup: 50, evalEvery: 50, evalBatches: 4, checkpointEvery: 100, sample: 0 };

/** Half of all sums modulo 59 is held back; the strong decay makes the model find the rule. */
const modular: TrainSettings = { ...addition, data: "task:modular:59", layers: 1, steps: 700, lr: 3e-3, warmup: 35, weightDecay: 1, evalEvery: 100, evalBatches: 8 };

export const presets = { small, "post-ln": postLn, addition, modular, sgd, rms, "nanogpt-cpu": nanogptCpu } as const satisfies Record<string, TrainSettings>;
export type PresetName = keyof typeof presets;
