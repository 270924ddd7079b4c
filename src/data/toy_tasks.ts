// Toy tasks as training data: problems with one right answer each, of which a fixed part is never trained on.
import { DataError, UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { Generator, type RandomState } from "../tensor/random.js";
import { definitions, type TaskDefinition } from "./tasks/definitions.js";
import { shuffled } from "./tasks/shuffle.js";
import type { TokenBatch, TokenData } from "./token_data.js";
import { CharacterTokenizer } from "./tokenizer.js";

/** A toy task. */
export type TaskName = keyof typeof definitions;

/** The toy tasks by name. `task:` and a name is what `kiln train --data` takes; `task:addition:3` has a size too. */
export const taskNames = Object.keys(definitions) as readonly TaskName[];

/** What stands before a task's name where data are named. */
export const taskPrefix = "task:";

/** A task and how large its problems are. */
export interface TaskChoice {
  name: TaskName;
  /** What it counts depends on the task: digits, letters, bits, or the modulus. */
  size: number;
}

/** How `TaskData` makes its batches. */
export interface TaskOptions {
  /** Tokens a row; a problem must fit. */
  block: number;
  /** Problems a batch. */
  batch: number;
  /** Of the order of problems, not of the split. 0 by default. */
  seed?: number;
  /** By default the task's usual one. */
  size?: number;
}

/** A problem as the model sees it: the prompt ends with "=". */
export interface TaskProblem {
  prompt: string;
  answer: string;
}

/** After the answer, to the end of the row. */
const padding = " ";
/** Cross-entropy leaves such targets out. */
const ignored = -100;
/** Of the shuffle whose first part is held back: the same for every run, so that runs can be compared. */
const splitKey = 0x5eed;

/** Whether `data`, as settings and flags name it, is a toy task. */
export function isTask(data: string): boolean {
  return data.startsWith(taskPrefix);
}

/** What a task is about, in words for its menu. */
export function describeTask(name: TaskName): { about: string; size: { means: string; usual: number; min: number; max: number } } {
  const { about, size } = definitions[name];
  return { about, size };
}

/**
 * The task that "task:name" or "task:name:size" names.
 *
 * Throws: UsageError for a task or a size that there is not. `called` is what its message begins with.
 */
export function parseTask(data: string, called = "data"): TaskChoice {
  const [name = "", sizeText] = data.slice(taskPrefix.length).split(/:(.*)/s);
  if (!isTask(data) || !Object.hasOwn(definitions, name)) {
    throw new UsageError(`${called}: unknown task, got "${data}"; use ${taskNames.map((known) => taskPrefix + known).join(", ")}`);
  }
  const definition: TaskDefinition = definitions[name as TaskName];
  const { usual, min, max, means } = definition.size;
  if (sizeText === undefined) return { name: name as TaskName, size: usual };
  const size = /^\d+$/.test(sizeText) ? Number(sizeText) : NaN;
  if (!(size >= min && size <= max)) throw new UsageError(`${called}: the size of ${name} is its ${means}, from ${min} to ${max}, got "${sizeText}"; for example ${taskPrefix}${name}:${usual}`);
  return { name: name as TaskName, size };
}

/** Tokens that a row must have for a problem of the task. */
export function blockOfTask({ name, size }: TaskChoice): number {
  const definition: TaskDefinition = definitions[name];
  const prompt = definition.prompt(0, size);
  // The last token of the answer is only ever a target.
  return prompt.length + 1 + definition.answer(prompt, size).length - 1;
}

/**
 * Problems of a toy task, one a row: prompt, "=", answer, spaces. Only the answer's tokens are targets.
 *
 * Range:  block at least what a problem takes; size within the task's.
 * Throws: UsageError for options out of range; DataError for a block that a problem does not fit, or a task with too few problems
 *         to hold some back.
 * Source: the part held back is the first in a fixed shuffle of all problems, so that no seed trains on it.
 */
export class TaskData implements TokenData {
  readonly hasAnswers = true;
  /** What it counts depends on the task: see `describeTask`. */
  readonly size: number;
  readonly block: number;
  readonly batch: number;
  readonly vocab: CharacterTokenizer;
  readonly fingerprint: string;
  /** How many different problems `next` draws from. */
  readonly trainProblems: number;
  /** How many others are held back. */
  readonly validationProblems: number;
  private readonly definition: TaskDefinition;
  private readonly count: number;
  private readonly generator: Generator;

  constructor(
    readonly name: TaskName,
    options: TaskOptions,
  ) {
    const where = "TaskData";
    if (!Object.hasOwn(definitions, name)) throw new UsageError(`${where}: unknown task, got "${String(name)}"; use ${taskNames.join(", ")}`);
    checkOptions(where, options, ["block", "batch", "seed", "size"]);
    const definition = (this.definition = definitions[name]);
    const { usual, min, max } = definition.size;
    this.size = checkNumber(where, "size", options.size ?? usual, { min, max, integer: true });
    this.block = checkNumber(where, "block", options.block, { min: 1, integer: true });
    this.batch = checkNumber(where, "batch", options.batch, { min: 1, integer: true });
    this.generator = new Generator(checkNumber(where, "seed", options.seed ?? 0, { min: 0, max: 2 ** 32 - 1, integer: true }));
    const least = blockOfTask(this);
    if (this.block < least) throw new DataError(`block: a problem of ${taskPrefix}${name} takes ${least} tokens, got ${this.block}; use a block of at least ${least}, or a smaller size`);
    this.count = definition.count(this.size);
    this.validationProblems = Math.round(this.count * definition.validation);
    this.trainProblems = this.count - this.validationProblems;
    if (this.validationProblems === 0) throw new DataError(`${taskPrefix}${name}: all ${this.count} problems of size ${this.size} are too few to hold some back; use a larger size`);
    this.vocab = new CharacterTokenizer(`${definition.characters(this.size)}=${padding}`);
    this.fingerprint = `task-${name}-${this.size}-${this.validationProblems}of${this.count}`;
  }

  get trainTokens(): number {
    return this.trainProblems * (blockOfTask(this) + 1);
  }

  get validationTokens(): number {
    return this.validationProblems * (blockOfTask(this) + 1);
  }

  get firstPrompt(): string {
    return this.validationProblem(0).prompt;
  }

  next(): TokenBatch {
    const drawn = this.generator.integers(this.batch, this.trainProblems);
    return this.rows(Array.from(drawn, (rank) => this.problem(this.validationProblems + rank)));
  }

  /** Those held back, in a fixed order; from the first again where there are fewer. */
  validationBatches(count: number): TokenBatch[] {
    checkNumber("validationBatches", "count", count, { min: 1, integer: true });
    return Array.from({ length: count }, (_, b) => this.rows(Array.from({ length: this.batch }, (_, row) => this.validationProblem(b * this.batch + row))));
  }

  /** One of the problems held back. Every number is one; they repeat after `validationProblems`. */
  validationProblem(number: number): TaskProblem {
    return this.problem(checkNumber("validationProblem", "number", number, { min: 0, integer: true }) % this.validationProblems);
  }

  /** The right answer to a prompt, with or without its "="; null for what is no problem of this task. */
  answerTo(prompt: string): string | null {
    const asked = prompt.endsWith("=") ? prompt.slice(0, -1) : prompt;
    return this.definition.isPrompt(asked, this.size) ? this.definition.answer(asked, this.size) : null;
  }

  /** With the "=" that the model expects, where a person left it out. */
  asPrompt(text: string): string {
    return this.answerTo(text) !== null && !text.endsWith("=") ? `${text}=` : text;
  }

  stateDict(): RandomState {
    return this.generator.stateDict();
  }

  loadStateDict(state: RandomState): void {
    this.generator.loadStateDict(state);
  }

  /** By rank in the shuffle: those held back come first. */
  private problem(rank: number): TaskProblem {
    const prompt = this.definition.prompt(shuffled(rank, this.count, splitKey), this.size);
    return { prompt: `${prompt}=`, answer: this.definition.answer(prompt, this.size) };
  }

  private rows(problems: readonly TaskProblem[]): TokenBatch {
    const { block } = this;
    const tokens = new Int32Array(problems.length * block);
    const targets = new Int32Array(problems.length * block).fill(ignored);
    problems.forEach(({ prompt, answer }, row) => {
      const line = this.vocab.encode((prompt + answer).padEnd(block + 1, padding));
      tokens.set(line.subarray(0, block), row * block);
      targets.set(line.subarray(prompt.length, prompt.length + answer.length), row * block + prompt.length - 1);
    });
    return { tokens, targets, shape: [problems.length, block] };
  }
}
