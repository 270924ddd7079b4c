import { Option, type Command } from "commander";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "../errors.js";
import { newestCheckpoint, newRunFolder, checkpointName, metricsName } from "../node/run_folder.js";
import type { AdapterChoice } from "../node/open_device.js";
import { betasFlag, choiceFlag, numberFlag } from "./flags.js";
import { adapterFlag, adapterHelp, parseAdapter } from "./open.js";
import { planNewRun, planResumedRun } from "./train_plan.js";
import { trainRun } from "./train_run.js";
import { activations, decays, inits, norms, optimizers, presets, settingsOf, tokenizers, type PresetName, type TrainSettings } from "./train_settings.js";

interface TrainFlags extends Partial<TrainSettings> {
  preset: PresetName;
  out?: string;
  resume?: string | true;
  metrics?: string;
  adapter?: AdapterChoice;
}

const atLeastOne = { min: 1, integer: true };
const notNegative = { min: 0, integer: true };

/** Flags that may change when a run is resumed; all others are the checkpoint's. */
const resumable: readonly string[] = ["data", "steps", "evalEvery", "evalBatches", "checkpointEvery", "sample", "out", "resume", "metrics", "adapter"];

export function addTrainCommand(program: Command, setExitCode: (code: number) => void): void {
  const command = program.command("train").description("train a small GPT on a text, then sample from it");
  for (const option of options()) command.addOption(option);
  command.addHelpText("after", "\nDefaults are those of the preset; warmup and the last rate follow --steps and --lr. A new run never overwrites another: without --out it takes out, or the next free out/run-N.");
  command.action(async (flags: TrainFlags) => {
    const given = Object.keys(flags).filter((name) => command.getOptionValueSource(name) === "cli");
    setExitCode(await (flags.resume === undefined ? startRun(flags) : resumeRun(flags, given)));
  });
}

function options(): Option[] {
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
    choice("--norm", "norm before or after each sublayer", norms),
    choice("--activation", "of the MLPs", activations),
    choice("--init", "initial weights: std 0.02, or scaled by fan-in", inits),
    number("--batch", "sequences a step", { ...atLeastOne, example: 12 }),
    number("--accumulate", "batches whose gradients one step averages", { ...atLeastOne, max: 2 ** 24, example: 4 }),
    number("--steps", "steps in all", { ...atLeastOne, example: 2000 }),
    choice("--optimizer", "update rule", optimizers),
    number("--lr", "peak learning rate", { above: 0, example: 1e-3 }),
    number("--min-lr", "learning rate after the decay", { min: 0, example: 1e-4 }),
    number("--warmup", "steps of linear warmup", { ...notNegative, example: 100 }),
    choice("--decay", "shape after the warmup", decays),
    number("--weight-decay", "on matrices", { min: 0, example: 0.1 }),
    new Option("--betas <b1,b2>", "of Adam").argParser(betasFlag("--betas")),
    number("--clip", "largest gradient norm, 0 for none", { min: 0, example: 1 }),
    number("--ema", "decay of averaged weights, which are then validated and sampled; 0 for none", { min: 0, below: 1, example: 0.99 }),
    number("--seed", "of initial values, dropout, batches and sample", { min: 0, max: 2 ** 32 - 1, integer: true, example: 1337 }),
    number("--eval-every", "steps between validations, 0 for none", { ...notNegative, example: 250 }),
    number("--eval-batches", "batches a validation averages over", { ...atLeastOne, example: 20 }),
    number("--checkpoint-every", "steps between checkpoints, 0 for only the last", { ...notNegative, example: 250 }),
    number("--sample", "tokens to sample at the end, 0 for none", { ...notNegative, example: 300 }),
    new Option("--out <folder>", "where the run goes"),
    new Option("--resume [file]", "go on with a checkpoint: this one, or the newest"),
    new Option("--metrics <file>", `JSON lines, ${metricsName} in the run's folder by default`),
    new Option(adapterFlag, adapterHelp).argParser(parseAdapter),
  ];
}

async function startRun({ preset, out, metrics, adapter, resume: _, ...flags }: TrainFlags): Promise<number> {
  const settings = settingsOf(preset, flags);
  const folder = newRunFolder(out);
  const metricsPath = metrics ?? join(folder, metricsName);
  if (existsSync(metricsPath)) throw new UsageError(`--metrics: the file exists, got ${metricsPath}; name another one`);
  return trainRun(await planNewRun(settings), { checkpointPath: join(folder, checkpointName), metricsPath, adapter });
}

async function resumeRun({ out, resume, metrics, adapter, ...flags }: TrainFlags, given: readonly string[]): Promise<number> {
  const fixed = given.find((name) => !resumable.includes(name));
  if (fixed) {
    throw new UsageError(`${flagOf(fixed)}: cannot change when a run is resumed, got ${String(flags[fixed as keyof typeof flags])}; leave it out, or start a new run`);
  }
  const file = typeof resume === "string" ? resume : newestCheckpoint(out, "--resume");
  const changed = Object.fromEntries(given.filter((name) => name in flags).map((name) => [name, flags[name as keyof typeof flags]]));
  const plan = await planResumedRun(file, changed as Partial<TrainSettings>);
  // A file named with another --out stays as it is: the run goes on in that folder.
  const checkpointPath = typeof resume === "string" && out !== undefined ? join(resumeFolder(out, file), checkpointName) : file;
  return trainRun(plan, { checkpointPath, metricsPath: metrics ?? join(dirname(checkpointPath), metricsName), adapter });
}

function resumeFolder(out: string, file: string): string {
  return resolve(out, checkpointName) === resolve(file) ? out : newRunFolder(out);
}

/** "weightDecay" -> "--weight-decay" */
function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
