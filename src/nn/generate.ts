import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { fromArray } from "../ops/index.js";
import { Generator } from "../tensor/random.js";
import { scope } from "../tensor/scope.js";
import { noGrad } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { GPT } from "./gpt.js";
import type { KeyValueCache } from "./kv_cache.js";
import { checkSampling, describeChoice, sampleToken, samplingKeys, type SamplingOptions, type TokenChoice } from "./sampling.js";

/** Options of `generate`. */
export interface GenerateOptions extends SamplingOptions {
  maxNewTokens: number;
  /** Seed of the choices; 0 by default. Not together with `generator`. */
  seed?: number;
  generator?: Generator;
  /** Whether keys and values are kept from token to token; true by default. The tokens are the same to rounding. */
  cache?: boolean;
  /** Called with each new token, and with its `choice` where `alternatives` are asked for; a promise is awaited before the next one. */
  onToken?: (token: number, choice?: TokenChoice) => void | Promise<void>;
  /** How many of the likeliest tokens `onToken` is told of, with the probability of each and of the one chosen. None by default. */
  alternatives?: number;
  /** Aborting rejects with the signal's reason before the next token. */
  signal?: AbortSignal;
}

/**
 * Continues `prompt` by `maxNewTokens` tokens and returns those. One forward pass of a single position a token while
 * prompt and answer fit the model's block; past it, as in nanoGPT, each token is predicted from the last `block` tokens,
 * encoded anew: positions are absolute, so that every cached key would be out of date.
 *
 * Shapes: prompt: at least one token.
 * Range:  temperature >= 0 (1; 0 takes the likeliest), topK >= 1, topP in (0, 1], tokens in [0, vocab). The model's mode
 *         is not changed; dropout is off.
 * Throws: UsageError for options out of range or unknown, or a bad prompt; KilnError if a logit is not finite.
 * Source: softmax(logits / temperature), sampled on the host in float64.
 */
export async function generate(model: GPT, prompt: ArrayLike<number>, options: GenerateOptions): Promise<number[]> {
  checkOptions("generate", options, ["maxNewTokens", ...samplingKeys, "seed", "generator", "cache", "onToken", "alternatives", "signal"]);
  const { maxNewTokens, onToken, alternatives, signal, cache: cached = true, ...sampling } = options ?? {};
  checkNumber("generate", "maxNewTokens", maxNewTokens, { min: 0, integer: true });
  checkSampling("generate", sampling);
  if (alternatives !== undefined) checkNumber("generate", "alternatives", alternatives, { min: 0, integer: true });
  if (onToken !== undefined && typeof onToken !== "function") throw new UsageError(`generate: onToken must be a function, got ${typeof onToken}`);
  const generator = generatorOf(options);
  const tokens = checkPrompt(prompt, model.config.vocab);
  const cache = cached ? model.createCache() : undefined;
  try {
    const start = tokens.length;
    while (tokens.length < start + maxNewTokens) {
      signal?.throwIfAborted();
      const logits = await nextLogits(model, tokens, cache);
      const token = sampleToken(logits, uniform(generator), sampling);
      tokens.push(token);
      if (alternatives === undefined) await onToken?.(token);
      else await onToken?.(token, describeChoice(logits, token, alternatives));
    }
    return tokens.slice(start);
  } finally {
    cache?.dispose();
  }
}

async function nextLogits(model: GPT, tokens: readonly number[], cache: KeyValueCache | undefined): Promise<ArrayLike<number>> {
  const { block } = model.config;
  const logits = model.inEvalMode(() =>
    noGrad(() =>
      scope(() => {
        const fits = tokens.length <= block;
        const fresh = cache && fits ? tokens.slice(cache.length) : tokens.slice(-block);
        return model.lastLogits(asRow(model, fresh), fits ? cache : undefined);
      }),
    ),
  );
  try {
    return await logits.data();
  } finally {
    logits.dispose();
  }
}

function asRow(model: GPT, tokens: readonly number[]): Tensor {
  return fromArray(model.device, tokens, { shape: [1, tokens.length], dtype: "i32" });
}

/** 48 bits: 24 would never choose a token of probability 1e-8. */
function uniform(generator: Generator): number {
  const [high, low] = generator.uniform(2);
  return high! + low! * 2 ** -24;
}

function generatorOf({ generator, seed }: GenerateOptions): Generator {
  if (generator && !(generator instanceof Generator)) throw new UsageError(`generate: generator must be a Generator, got ${typeof generator}; make one with new Generator(seed)`);
  if (generator && seed !== undefined) throw new UsageError("generate: give generator or seed, not both");
  return generator ?? new Generator(checkNumber("generate", "seed", seed ?? 0, { min: 0, below: 2 ** 32, integer: true }));
}

function checkPrompt(prompt: ArrayLike<number>, vocab: number): number[] {
  if (typeof prompt !== "object" || prompt === null) throw new UsageError(`generate: the prompt must be an array of tokens, got ${prompt === null ? "null" : typeof prompt}`);
  const tokens = Array.from(prompt);
  if (tokens.length === 0) throw new UsageError("generate: the prompt is empty, got 0 tokens; start with one, such as a newline");
  const bad = tokens.findIndex((token) => !Number.isInteger(token) || token < 0 || token >= vocab);
  if (bad >= 0) throw new UsageError(`generate: a prompt token must be a whole number in [0, ${vocab}), got ${tokens[bad]} at ${bad}`);
  return tokens;
}
