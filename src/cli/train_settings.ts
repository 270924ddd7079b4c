// What a training run is made of: presets, the flags that change them, and the rules between them.
import { bpeEncodings } from "../data/index.js";
import { UsageError } from "../errors.js";
import type { Schedule } from "../schedule/index.js";
import { flagOf } from "./flags.js";
import { parseSchedule } from "./schedule/expression.js";

export const tokenizers = ["char", "byte", ...bpeEncodings] as const;
export const optimizers = ["adamw", "adam", "sgd", "lion", "radam", "gi-adam", "rmsprop", "adagrad"] as const;
/** Those that mix weight decay into a gradient that they then rescale. */
const coupled: readonly string[] = ["adam", "rmsprop", "adagrad"];
const withBetas: readonly string[] = ["adamw", "adam", "lion", "radam", "gi-adam"];
export const decays = ["cosine", "linear", "constant"] as const;
export const norms = ["pre", "post"] as const;
export const inits = ["gpt2", "scaled"] as const;
export const precisions = ["f32", "f16"] as const;
export const activations = ["gelu", "relu", "silu"] as const;

/** Saved in the checkpoint: `--resume` needs no other flag. */
export interface TrainSettings {
  data: string;
  tokenizer: (typeof tokenizers)[number];
  compactVocab: boolean;
  layers: number;
  heads: number;
  width: number;
  block: number;
  dropout: number;
  bias: boolean;
  tied: boolean;
  activationCheckpointing: boolean;
  norm: (typeof norms)[number];
  activation: (typeof activations)[number];
  init: (typeof inits)[number];
  /** f16: products in half precision, with a dynamic loss scale. */
  precision: (typeof precisions)[number];
  batch: number;
  /** Batches a step averages its gradients over. */
  accumulate: number;
  steps: number;
  optimizer: (typeof optimizers)[number];
  /** The peak. This and the next three give way to `schedule`. */
  lr: number;
  minLr: number;
  warmup: number;
  decay: (typeof decays)[number];
  /** An expression as `kiln schedule` takes it; empty for warmup and decay as above. */
  schedule: string;
  weightDecay: number;
  betas: [number, number];
  /** 0 for none. */
  clip: number;
  /** Decay of the averaged weights, 0 for none. */
  ema: number;
  seed: number;
  /** 0 for none. */
  evalEvery: number;
  evalBatches: number;
  /** 0 for only at the end. */
  checkpointEvery: number;
  /** Tokens sampled after training. */
  sample: number;
}

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

/** A preset with flags over it. What a flag makes senseless in the preset, and no other flag sets, goes along with it. */
export function settingsOf(preset: PresetName, flags: Partial<TrainSettings>): TrainSettings {
  const base: TrainSettings = presets[preset];
  const { optimizer = base.optimizer, steps = base.steps, lr = base.lr * (optimizer === "lion" ? lionRate : 1) } = flags;
  refuseTwoSchedules(flags);
  if (flags.betas && !withBetas.includes(optimizer)) throw new UsageError(`--betas: ${optimizer} has none, got ${flags.betas.join(",")} with --optimizer ${optimizer}; leave it out`);
  return checkSettings({
    ...base,
    lr,
    warmup: Math.round((base.warmup * steps) / base.steps),
    minLr: base.minLr * (lr / base.lr),
    ...(coupled.includes(optimizer) && { weightDecay: 0 }),
    ...flags,
  });
}

/** Lion moves every element by the whole rate: about a tenth of AdamW's is right (Chen et al. 2023). */
const lionRate = 0.1;

function refuseTwoSchedules(flags: Partial<TrainSettings>): void {
  if (flags.schedule === undefined) return;
  if (flags.schedule.trim() === "") throw new UsageError(`--schedule: the expression is empty, got "${flags.schedule}"; leave it out for --warmup and --decay`);
  for (const name of ["lr", "minLr", "warmup", "decay"] as const) {
    if (flags[name] !== undefined) throw new UsageError(`--schedule: says all about the rate, got ${flagOf(name)} ${flags[name]} too; leave it out`);
  }
}

/** Rules that tie two flags together. Throws UsageError. */
export function checkSettings(settings: TrainSettings): TrainSettings {
  const { width, heads, warmup, steps, lr, minLr, optimizer, weightDecay, compactVocab, tokenizer } = settings;
  if (width % heads !== 0) throw new UsageError(`--width: must be a multiple of --heads, got width ${width} and heads ${heads}; for example --width ${Math.ceil(width / heads) * heads}`);
  if (warmup > steps) throw new UsageError(`--warmup: must not be over --steps, got ${warmup} of ${steps}; for example --warmup ${Math.floor(steps / 10)}`);
  if (minLr > lr) throw new UsageError(`--min-lr: must not be over --lr, got ${minLr} over ${lr}; for example --min-lr ${lr / 10}`);
  if (coupled.includes(optimizer) && weightDecay > 0) {
    throw new UsageError(`--weight-decay: ${optimizer} mixes it into the gradient, got ${weightDecay} with --optimizer ${optimizer}; use --optimizer adamw or --weight-decay 0`);
  }
  if (settings.schedule !== "") checkRates(parseSchedule(settings.schedule), steps);
  if (compactVocab && !(bpeEncodings as readonly string[]).includes(tokenizer)) {
    throw new UsageError(`--compact-vocab: only for byte-pair tokenizers, got --tokenizer ${tokenizer}; use ${bpeEncodings.join(", ")}, or leave it out`);
  }
  return settings;
}

const mostChecked = 1e6;
/** Near the end of f32. */
export const highestRate = 1e38;

/** A rate that no optimizer takes is found before the run, not in the middle of it. Of longer runs only the first million steps are looked at. */
function checkRates(schedule: Schedule, steps: number): void {
  if (schedule.isOpen) throw new UsageError("--schedule: starts where another schedule ended, got none before it; give it a from");
  for (let t = 0; t < Math.min(steps, mostChecked); t++) {
    const value = schedule.at(t);
    if (!(value >= 0 && value <= highestRate)) throw new UsageError(`--schedule: a learning rate is from 0 to ${highestRate}, got ${value} at step ${t}; use clamp({ min: 0 })`);
  }
}
