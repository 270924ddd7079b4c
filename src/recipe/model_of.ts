// From settings to the parts of a run, the same way for a new run and a resumed one.
import { isTask, parseTask, TaskData, text, type TokenData, type Tokenizer } from "../data/index.js";
import { CheckpointError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { GPT, type GPTOptions } from "../nn/index.js";
import { Adagrad, Adam, AdamW, GIAdam, Lion, RAdam, RMSprop, SGD, type Optimizer } from "../optim/index.js";
import type { Generator } from "../tensor/random.js";
import type { Checkpoint } from "../train/index.js";
import { parseSchedule } from "./schedule_expression.js";
import { scheduleOf } from "./schedule_of.js";
import type { TrainSettings } from "./settings.js";

/** The data that the settings name, of the text `source`, which a toy task has none of. `vocab` is a checkpoint's. */
export function dataOf(source: string, settings: TrainSettings, vocab: Tokenizer | null): Promise<TokenData> | TokenData {
  const { data, block, batch, seed, tokenizer, compactVocab } = settings;
  const options = { block, batch, seed };
  if (isTask(data)) {
    const { name, size } = parseTask(data);
    return new TaskData(name, { ...options, size });
  }
  if (vocab) return text.withTokenizer(source, vocab, options);
  if (tokenizer === "char") return text.characters(source, options);
  if (tokenizer === "byte") return text.bytes(source, options);
  return text.bpe(source, { ...options, encoding: tokenizer, compact: compactVocab });
}

export function modelOptions({ layers, heads, width, block, dropout, bias, tied, norm, normType, activation, activationCheckpointing, init }: TrainSettings, vocab: number): Omit<GPTOptions, "seed" | "generator"> {
  return { layers, heads, width, block, dropout, bias, tied, norm, normType, activation, activationCheckpointing, init, vocab };
}

export function modelOf(device: Device, options: Omit<GPTOptions, "seed" | "generator">, generator: Generator): GPT {
  return new GPT(device, { ...options, generator });
}

/** Puts a checkpoint's averaged weights in place of the last ones. False where it has none. Throws CheckpointError where they are not the model's. */
export function useAveragedWeights(model: GPT, { optimizer }: Checkpoint): boolean {
  const averages = optimizer?.moments.ema;
  if (!averages) return false;
  const tensors = model.groups({ weightDecay: 0 }).flatMap(({ params }) => params);
  if (averages.length !== tensors.length || tensors.some((tensor, i) => tensor.size !== averages[i]!.length)) {
    throw new CheckpointError(`checkpoint: its averaged weights belong to another model, got ${averages.length} for ${tensors.length} parameters; use another copy of the file`);
  }
  tensors.forEach((tensor, i) => tensor.set(averages[i]!));
  return true;
}

/** Matrices and embeddings, which decay; biases and norms, which do not, with a rate of their own where the settings have one. */
function groupsOf(model: GPT, { weightDecay, vectorSchedule }: TrainSettings) {
  const [matrices, vectors] = model.groups({ weightDecay });
  return [matrices!, ...(vectors ? [vectorSchedule === "" ? vectors : { ...vectors, lr: parseSchedule(vectorSchedule) }] : [])];
}

export function optimizerOf(model: GPT, settings: TrainSettings): Optimizer {
  const { optimizer, betas, clip, ema, precision } = settings;
  const groups = groupsOf(model, settings);
  const options = { lr: scheduleOf(settings), ...(clip > 0 && { clipNorm: clip }), ...(ema > 0 && { emaDecay: ema }), ...(precision === "f16" && { lossScale: "dynamic" as const }) };
  switch (optimizer) {
    case "adamw":
      return new AdamW(groups, { ...options, betas });
    case "adam":
      return new Adam(groups, { ...options, betas });
    case "gi-adam":
      return new GIAdam(groups, { ...options, betas });
    case "radam":
      return new RAdam(groups, { ...options, betas, decoupledWeightDecay: true });
    case "lion":
      return new Lion(groups, { ...options, betas });
    case "sgd":
      return new SGD(groups, { ...options, momentum: 0.9 });
    case "rmsprop":
      return new RMSprop(groups, options);
    case "adagrad":
      return new Adagrad(groups, options);
  }
}
