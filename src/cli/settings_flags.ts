// The flags that say what is trained, on what and how: those of `kiln train`, and of every tool that works on such a run.
import { Option } from "commander";
import { betasFlag, choiceFlag, numberFlag } from "./flags.js";
import { activations, decays, highestRate, inits, norms, normTypes, optimizers, precisions, presets, tokenizers, type PresetName, type TrainSettings } from "../recipe/settings.js";

/** As commander gives them: what was not typed is absent. */
export interface SettingsFlags extends Partial<TrainSettings> {
  preset: PresetName;
}

const atLeastOne = { min: 1, integer: true };
const notNegative = { min: 0, integer: true };

export function settingsFlags(): Option[] {
  const number = (flag: string, help: string, range: Parameters<typeof numberFlag>[1]) => new Option(`${flag} <n>`, help).argParser(numberFlag(flag, range));
  const choice = (flag: string, help: string, choices: readonly string[]) => new Option(`${flag} <name>`, `${help}: ${choices.join(" | ")}`).argParser(choiceFlag(flag, choices));
  const toggle = (flag: string, help: string) => [new Option(`--${flag}`, help), new Option(`--no-${flag}`).hideHelp()];
  return [
    choice("--preset", "settings to start from", Object.keys(presets)).default("small"),
    new Option("--data <file>", "a UTF-8 text file, or moby-dick (the default)"),
    choice("--tokenizer", "what a token is", tokenizers),
    new Option("--compact-vocab", "byte pairs: keep only those that occur in the text"),
    number("--layers", "Transformer blocks", { ...atLeastOne, example: 4 }),
    number("--heads", "attention heads", { ...atLeastOne, example: 4 }),
    number("--width", "width of the model, a multiple of the heads", { ...atLeastOne, example: 128 }),
    number("--block", "tokens of context", { ...atLeastOne, example: 64 }),
    number("--dropout", "share of activations dropped in training", { min: 0, below: 1, example: 0.1 }),
    ...toggle("bias", "biases in linear layers and norms (--no-bias for none)"),
    ...toggle("tied", "share the token embedding with the head (--no-tied for not)"),
    ...toggle("activation-checkpointing", "keep only each block's input for backward: less memory, one more forward"),
    choice("--norm", "norm before or after each sublayer", norms),
    choice("--norm-type", "layer norm, RMS norm or none", normTypes),
    choice("--activation", "of the MLPs", activations),
    choice("--init", "initial weights: std 0.02, or scaled by fan-in", inits),
    choice("--precision", "of products: f16 is mixed precision, on adapters that have shader-f16", precisions),
    number("--batch", "sequences a step", { ...atLeastOne, example: 12 }),
    number("--accumulate", "batches whose gradients one step averages", { ...atLeastOne, max: 2 ** 24, example: 4 }),
    number("--steps", "steps in all", { ...atLeastOne, max: 1e9, example: 2000 }),
    choice("--optimizer", "update rule", optimizers),
    number("--lr", "peak learning rate", { above: 0, max: highestRate, example: 1e-3 }),
    number("--min-lr", "learning rate after the decay", { min: 0, example: 1e-4 }),
    number("--warmup", "steps of linear warmup", { ...notNegative, example: 100 }),
    choice("--decay", "shape after the warmup", decays),
    new Option("--schedule <expression>", "the learning rate as an expression of kiln schedule, in place of the last four"),
    new Option("--vector-schedule <expression>", "the learning rate of biases and norms, where it is another"),
    number("--weight-decay", "on matrices", { min: 0, example: 0.1 }),
    new Option("--betas <b1,b2>", "of Adam").argParser(betasFlag("--betas")),
    number("--clip", "largest gradient norm, 0 for none", { min: 0, example: 1 }),
    number("--ema", "decay of averaged weights, which are then validated and sampled; 0 for none", { min: 0, below: 1, example: 0.99 }),
    number("--seed", "of initial values, dropout, batches and sample", { min: 0, max: 2 ** 32 - 1, integer: true, example: 1337 }),
    number("--eval-every", "steps between validations, 0 for none", { ...notNegative, example: 250 }),
    number("--eval-batches", "batches a validation averages over", { ...atLeastOne, example: 20 }),
    number("--checkpoint-every", "steps between checkpoints, 0 for only the last", { ...notNegative, example: 250 }),
    number("--sample", "tokens to sample at the end, 0 for none", { ...notNegative, example: 300 }),
  ];
}
