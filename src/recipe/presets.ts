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

export const presets = { small, "nanogpt-cpu": nanogptCpu } as const satisfies Record<string, TrainSettings>;
export type PresetName = keyof typeof presets;
