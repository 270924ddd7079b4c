import type { Command } from "commander";
import pc from "picocolors";
import { isTask, parseTask, TaskData, tokenizerFromJSON, TokenStream, type Tokenizer } from "../data/index.js";
import { CheckpointError } from "../errors.js";
import { generate, type GPTOptions } from "../nn/index.js";
import { loadCheckpoint } from "../node/checkpoint_file.js";
import type { AdapterChoice } from "../node/open_device.js";
import { newestCheckpoint } from "../node/run_folder.js";
import { modelOptionsOf } from "../recipe/checkpoint_model.js";
import { modelOf, useAveragedWeights } from "../recipe/model_of.js";
import type { TrainSettings } from "../recipe/settings.js";
import { Generator } from "../tensor/random.js";
import { restoreCheckpoint, type Checkpoint } from "../train/index.js";
import { printAnswers } from "./answers.js";
import { exitCodes } from "./errors.js";
import { numberOf } from "../recipe/values.js";
import { catchInterrupts } from "./interrupts.js";
import { adapterFlag, adapterHelp, announce, parseAdapter, withDevice } from "./open.js";

const usualTokens = 300;

interface SampleFlags {
  checkpoint?: string;
  prompt?: string;
  tokens?: number;
  temperature: number;
  topK?: number;
  topP?: number;
  seed: number;
  adapter?: AdapterChoice;
}

export function addSampleCommand(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("sample")
    .description("write text with a trained model, or answer problems of its toy task; only the text goes to standard output")
    .option("--checkpoint <file>", "the newest under out by default")
    .option("--prompt <text>", "what to go on from; a line end by default, or problems held back from a toy task")
    .option("--tokens <n>", "how many to write; 300 by default, or as many as an answer has", numberOf("--tokens", { min: 1, integer: true, example: 300 }))
    .option("--temperature <n>", "0 takes the likeliest, above 1 is wild", numberOf("--temperature", { min: 0, example: 0.8 }), 0.8)
    .option("--top-k <n>", "only the k likeliest tokens", numberOf("--top-k", { min: 1, integer: true, example: 40 }))
    .option("--top-p <n>", "only the likeliest that together have this probability", numberOf("--top-p", { above: 0, max: 1, example: 0.9 }))
    .option("--seed <n>", "the same seed writes the same text", numberOf("--seed", { min: 0, max: 2 ** 32 - 1, integer: true, example: 1 }), 1)
    .option(adapterFlag, adapterHelp, parseAdapter)
    .action(async (flags: SampleFlags) => setExitCode(await sample(flags)));
}

async function sample({ checkpoint: named, prompt: given, tokens, adapter, ...sampling }: SampleFlags): Promise<number> {
  const file = named ?? newestCheckpoint();
  const checkpoint = loadCheckpoint(file, "--checkpoint");
  const { options, vocab } = await languageModelOf(checkpoint, file);
  const task = taskOf(checkpoint);
  const typed = given ?? "\n";
  const prompt = task ? task.asPrompt(typed) : typed;
  const start = task && given === undefined ? null : vocab.encode(prompt);
  return withDevice(adapter, async (device) => {
    const model = modelOf(device, options, new Generator());
    restoreCheckpoint(checkpoint, model);
    const averaged = useAveragedWeights(model, checkpoint) ? ", averaged weights" : "";
    process.stderr.write(`${announce(device)}\n${pc.dim(`${file}, step ${checkpoint.state.step}${averaged}`)}\n`);
    const interrupts = catchInterrupts(() => {});
    const writer = start && new TextWriter(vocab, start);
    try {
      if (writer) await generate(model, start, { maxNewTokens: tokens ?? task?.answerTo(prompt)?.length ?? usualTokens, ...sampling, signal: interrupts.signal, onToken: (token) => writer.add(token) });
      else await printAnswers(model, task!, interrupts.signal);
    } catch (error) {
      if (!interrupts.signal.aborted) throw error;
      return exitCodes.interrupted;
    } finally {
      writer?.end();
      interrupts.release();
    }
    return exitCodes.ok;
  });
}

/** The toy task that the model was trained on; null for text. */
function taskOf({ state }: Checkpoint): TaskData | null {
  const { data } = (state.settings ?? {}) as Partial<TrainSettings>;
  if (typeof data !== "string" || !isTask(data)) return null;
  const { name, size } = parseTask(data, "--checkpoint");
  return new TaskData(name, { size, block: (state.model as GPTOptions).block, batch: 32 });
}

async function languageModelOf(checkpoint: Checkpoint, file: string): Promise<{ options: Omit<GPTOptions, "seed" | "generator">; vocab: Tokenizer }> {
  const { tokenizer } = checkpoint.state;
  const options = modelOptionsOf(checkpoint);
  if (options === null || tokenizer === undefined) {
    throw new CheckpointError(`--checkpoint: the file has no model settings or no tokenizer, got ${file}; use one that kiln train wrote`);
  }
  return { options, vocab: await tokenizerFromJSON(tokenizer) };
}

/** Prints text as it grows. */
class TextWriter {
  private readonly stream: TokenStream;

  constructor(vocab: Tokenizer, prompt: ArrayLike<number>) {
    this.stream = new TokenStream(vocab);
    process.stdout.write(vocab.decode(prompt));
  }

  add(token: number): void {
    process.stdout.write(this.stream.add(token));
  }

  end(): void {
    process.stdout.write(`${this.stream.end()}\n`);
  }
}
