// What each setting may be, alone: the one list behind the flags of the command line, the studio's form and its links.
// Rules between settings are checkSettings's.
import { taskNames, taskPrefix } from "../data/index.js";
import { activations, decays, highestRate, inits, norms, normTypes, optimizers, precisions, tokenizers, type TrainSettings } from "./settings.js";
import { betasOf, choiceOf, numberOf, type ValueRange } from "./values.js";

export type SettingRule = { help: string } & (
  | { kind: "number"; range: ValueRange }
  | { kind: "choice"; choices: readonly string[] }
  | { kind: "toggle" }
  /** Two numbers with a comma between. */
  | { kind: "betas" }
  /** `placeholder` says in a word what it is. */
  | { kind: "text"; placeholder: string }
);

const number = (help: string, range: ValueRange): SettingRule => ({ kind: "number", help, range });
const choice = (help: string, choices: readonly string[]): SettingRule => ({ kind: "choice", help, choices });
const atLeastOne = { min: 1, integer: true };
const notNegative = { min: 0, integer: true };

export const settingRules: { readonly [Name in keyof TrainSettings]: SettingRule } = {
  data: { kind: "text", placeholder: "file", help: `a UTF-8 text file, a table (letters.csv, or letters.csv#title,body for those columns), moby-dick (the default), or a toy task: ${taskNames.map((name) => taskPrefix + name).join(", ")}` },
  tokenizer: choice("what a token is", tokenizers),
  compactVocab: { kind: "toggle", help: "byte pairs: keep only those that occur in the text" },
  layers: number("Transformer blocks", { ...atLeastOne, example: 4 }),
  heads: number("attention heads", { ...atLeastOne, example: 4 }),
  width: number("width of the model, a multiple of the heads", { ...atLeastOne, example: 128 }),
  block: number("tokens of context", { ...atLeastOne, example: 64 }),
  dropout: number("share of activations dropped in training", { min: 0, below: 1, example: 0.1 }),
  bias: { kind: "toggle", help: "biases in linear layers and norms (--no-bias for none)" },
  tied: { kind: "toggle", help: "share the token embedding with the head (--no-tied for not)" },
  activationCheckpointing: { kind: "toggle", help: "keep only each block's input for backward: less memory, one more forward" },
  norm: choice("norm before or after each sublayer", norms),
  normType: choice("layer norm, RMS norm or none", normTypes),
  activation: choice("of the MLPs", activations),
  init: choice("initial weights: std 0.02, or scaled by fan-in", inits),
  precision: choice("of products: f16 is mixed precision, on adapters that have shader-f16", precisions),
  batch: number("sequences a step", { ...atLeastOne, example: 12 }),
  accumulate: number("batches whose gradients one step averages", { ...atLeastOne, max: 2 ** 24, example: 4 }),
  steps: number("steps in all", { ...atLeastOne, max: 1e9, example: 2000 }),
  optimizer: choice("update rule", optimizers),
  lr: number("peak learning rate", { above: 0, max: highestRate, example: 1e-3 }),
  minLr: number("learning rate after the decay", { min: 0, example: 1e-4 }),
  warmup: number("steps of linear warmup", { ...notNegative, example: 100 }),
  decay: choice("shape after the warmup", decays),
  schedule: { kind: "text", placeholder: "expression", help: "the learning rate as an expression of kiln schedule, in place of the last four" },
  vectorSchedule: { kind: "text", placeholder: "expression", help: "the learning rate of biases and norms, where it is another" },
  weightDecay: number("on matrices", { min: 0, example: 0.1 }),
  betas: { kind: "betas", help: "of Adam" },
  clip: number("largest gradient norm, 0 for none", { min: 0, example: 1 }),
  ema: number("decay of averaged weights, which are then validated and sampled; 0 for none", { min: 0, below: 1, example: 0.99 }),
  seed: number("of initial values, dropout, batches and sample", { min: 0, max: 2 ** 32 - 1, integer: true, example: 1337 }),
  evalEvery: number("steps between validations, 0 for none", { ...notNegative, example: 250 }),
  evalBatches: number("batches a validation averages over", { ...atLeastOne, example: 20 }),
  checkpointEvery: number("steps between checkpoints, 0 for only the last", { ...notNegative, example: 250 }),
  sample: number("tokens to sample at the end, 0 for none", { ...notNegative, example: 300 }),
};

export const settingNames = Object.keys(settingRules) as (keyof TrainSettings)[];

/** The value that a person typed for a setting, called `called` in messages. Throws UsageError. */
export function parseSetting(name: keyof TrainSettings, text: string, called: string = name): TrainSettings[keyof TrainSettings] {
  const rule = settingRules[name];
  switch (rule.kind) {
    case "number":
      return numberOf(called, rule.range)(text);
    case "choice":
      return choiceOf(called, rule.choices)(text) as TrainSettings[keyof TrainSettings];
    case "toggle":
      return choiceOf(called, ["true", "false"])(text) === "true";
    case "betas":
      return betasOf(called)(text);
    case "text":
      return text;
  }
}
