// The settings of a training run, for the command line and the studio, and the rules between them.
import { blockOfTask, bpeEncodings, isTask, parseTask } from "../data/index.js";
import { UsageError } from "../errors.js";
import type { Schedule } from "../schedule/index.js";
import { presets, type PresetName } from "./presets.js";
import { parseSchedule } from "./schedule_expression.js";

export const tokenizers = ["char", "byte", ...bpeEncodings] as const;
export const optimizers = ["adamw", "adam", "sgd", "lion", "radam", "gi-adam", "rmsprop", "adagrad"] as const;
/** Those that mix weight decay into a gradient that they then rescale. */
const coupled: readonly string[] = ["adam", "rmsprop", "adagrad"];
/** Those with betas. */
export const withBetas: readonly string[] = ["adamw", "adam", "lion", "radam", "gi-adam"];
export const decays = ["cosine", "linear", "constant"] as const;
export const norms = ["pre", "post"] as const;
export const normTypes = ["layer", "rms", "none"] as const;
export const inits = ["gpt2", "scaled"] as const;
export const precisions = ["f32", "f16"] as const;
export const activations = ["gelu", "relu", "silu"] as const;

/** All that a run is made of but its text. Saved in its checkpoint, so that going on needs nothing else. */
export interface TrainSettings {
  /** "moby-dick", "task:" and the name of a toy task, or what the program that trains calls its text: a file's path. */
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
  normType: (typeof normTypes)[number];
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
  /** The same for biases and norms, which make up the second parameter group; empty for the rate of all others. */
  vectorSchedule: string;
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

/** How a setting is called where the settings come from: by its name, or as a flag. */
export type NameOf = (setting: keyof TrainSettings) => string;

/** A preset with changes over it, checked. */
export function settingsOf(preset: PresetName, changes: Partial<TrainSettings>, nameOf: NameOf = String): TrainSettings {
  const { optimizer = presets[preset].optimizer } = changes;
  refuseTwoSchedules(changes, nameOf);
  if (changes.betas && !withBetas.includes(optimizer)) {
    throw new UsageError(`${nameOf("betas")}: ${optimizer} has none, got ${changes.betas.join(",")} with ${nameOf("optimizer")} ${optimizer}; leave it out`);
  }
  return checkSettings(mergeSettings(preset, changes), nameOf);
}

/** A preset with changes over it. What a change makes senseless in the preset, and no other change sets, goes along with it. */
export function mergeSettings(preset: PresetName, changes: Partial<TrainSettings>): TrainSettings {
  const base: TrainSettings = presets[preset];
  const { optimizer = base.optimizer, steps = base.steps, lr = base.lr * (optimizer === "lion" && base.optimizer !== "lion" ? lionRate : 1) } = changes;
  return {
    ...base,
    lr,
    warmup: Math.round((base.warmup * steps) / base.steps),
    minLr: base.minLr * (lr / base.lr),
    ...(coupled.includes(optimizer) && { weightDecay: 0 }),
    ...changes,
  };
}

/** Lion moves every element by the whole rate: about a tenth of AdamW's is right (Chen et al. 2023). */
const lionRate = 0.1;

function refuseTwoSchedules(changes: Partial<TrainSettings>, nameOf: NameOf): void {
  const { schedule } = changes;
  if (schedule === undefined) return;
  if (schedule.trim() === "") throw new UsageError(`${nameOf("schedule")}: the expression is empty, got "${schedule}"; leave it out for ${nameOf("warmup")} and ${nameOf("decay")}`);
  for (const name of ["lr", "minLr", "warmup", "decay"] as const) {
    if (changes[name] !== undefined) throw new UsageError(`${nameOf("schedule")}: says all about the rate, got ${nameOf(name)} ${changes[name]} too; leave it out`);
  }
}

/** Rules that tie two settings together. Throws UsageError that begins with the name of the setting to change. */
export function checkSettings(settings: TrainSettings, nameOf: NameOf = String): TrainSettings {
  const { width, heads, warmup, steps, lr, minLr, optimizer, weightDecay, compactVocab, tokenizer } = settings;
  if (isTask(settings.data)) checkTask(settings, nameOf);
  if (width % heads !== 0) {
    throw new UsageError(`${nameOf("width")}: must be a multiple of ${nameOf("heads")}, got width ${width} and heads ${heads}; for example ${nameOf("width")} ${Math.ceil(width / heads) * heads}`);
  }
  if (warmup > steps) throw new UsageError(`${nameOf("warmup")}: must not be over ${nameOf("steps")}, got ${warmup} of ${steps}; for example ${nameOf("warmup")} ${Math.floor(steps / 10)}`);
  if (minLr > lr) throw new UsageError(`${nameOf("minLr")}: must not be over ${nameOf("lr")}, got ${minLr} over ${lr}; for example ${nameOf("minLr")} ${lr / 10}`);
  if (coupled.includes(optimizer) && weightDecay > 0) {
    const wayOut = `use ${nameOf("optimizer")} adamw or ${nameOf("weightDecay")} 0`;
    throw new UsageError(`${nameOf("weightDecay")}: ${optimizer} mixes it into the gradient, got ${weightDecay} with ${nameOf("optimizer")} ${optimizer}; ${wayOut}`);
  }
  for (const name of ["schedule", "vectorSchedule"] as const) if (settings[name] !== "") checkRates(parseSchedule(settings[name]), steps, nameOf(name));
  if (compactVocab && !(bpeEncodings as readonly string[]).includes(tokenizer)) {
    throw new UsageError(`${nameOf("compactVocab")}: only for byte-pair tokenizers, got ${nameOf("tokenizer")} ${tokenizer}; use ${bpeEncodings.join(", ")}, or leave it out`);
  }
  return settings;
}

function checkTask({ data, block, tokenizer }: TrainSettings, nameOf: NameOf): void {
  const least = blockOfTask(parseTask(data, nameOf("data")));
  if (block < least) throw new UsageError(`${nameOf("block")}: a problem of ${data} takes ${least} tokens, got ${block}; use ${nameOf("block")} ${least}, or more`);
  if (tokenizer !== "char") throw new UsageError(`${nameOf("tokenizer")}: a toy task has characters of its own, got ${tokenizer} with ${nameOf("data")} ${data}; leave it out`);
}

const mostChecked = 1e6;
/** Near the end of f32. */
export const highestRate = 1e38;

/** A rate that no optimizer takes is found before the run, not in the middle of it. Of longer runs only the first million steps are looked at. */
function checkRates(schedule: Schedule, steps: number, name: string): void {
  if (schedule.isOpen) throw new UsageError(`${name}: starts where another schedule ended, got none before it; give it a from`);
  for (let t = 0; t < Math.min(steps, mostChecked); t++) {
    const value = schedule.at(t);
    if (!(value >= 0 && value <= highestRate)) throw new UsageError(`${name}: a learning rate is from 0 to ${highestRate}, got ${value} at step ${t}; use clamp({ min: 0 })`);
  }
}
