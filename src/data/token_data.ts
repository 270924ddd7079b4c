// What a language model trains on, whatever it is made of.
import type { RandomState } from "../tensor/random.js";
import type { Tokenizer } from "./tokenizer.js";

/** `targets` are what the model has to predict at each place, -100 where nothing. Both [batch, block]. */
export interface TokenBatch {
  tokens: Int32Array;
  targets: Int32Array;
  shape: readonly [number, number];
}

/** Batches of tokens whose position is two numbers, so that a run goes on exactly where it stopped: a text, or a toy task. */
export interface TokenData {
  readonly vocab: Tokenizer;
  readonly block: number;
  readonly batch: number;
  /** Tells one set of data from another: a checkpoint stores it. */
  readonly fingerprint: string;
  /** Tokens in the part to train on, and in the part to validate on. */
  readonly trainTokens: number;
  readonly validationTokens: number;
  /** Whether targets are answers that can be right or wrong: then validation counts those that are right. */
  readonly hasAnswers: boolean;
  /** What a model of these data can go on from. */
  readonly firstPrompt: string;
  /** The next batch of the training part. */
  next(): TokenBatch;
  /** Batches of the validation part, the same on every call; none without one. */
  validationBatches(count: number): TokenBatch[];
  stateDict(): RandomState;
  loadStateDict(state: RandomState): void;
}
