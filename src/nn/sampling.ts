// Choosing the next token from one row of logits, on the host in float64. Pure.
import { KilnError, UsageError } from "../errors.js";
import { checkNumber } from "../options.js";

/** How the next token is drawn. */
export interface SamplingOptions {
  /** Logits are divided by it; 1 by default. 0 takes the likeliest token. */
  temperature?: number;
  /** Only the k likeliest tokens. */
  topK?: number;
  /** Only the likeliest tokens that together have at least this probability. */
  topP?: number;
}

export const samplingKeys = ["temperature", "topK", "topP"] as const;

/** Throws unless the options are in range. */
export function checkSampling(where: string, { temperature, topK, topP }: SamplingOptions): void {
  if (temperature !== undefined) checkNumber(where, "temperature", temperature, { min: 0 });
  if (topK !== undefined) checkNumber(where, "topK", topK, { min: 1, integer: true });
  if (topP !== undefined) checkNumber(where, "topP", topP, { above: 0, max: 1 });
}

/**
 * A token, given one uniform number in [0, 1): the inverse of the cumulative distribution
 * softmax(logits / temperature), first limited to the topK likeliest, then to the topP nucleus of those.
 *
 * Range:  a tie goes to the lower token.
 * Throws: KilnError if a logit is not finite; UsageError without logits.
 * Source: Holtzman et al. 2020, arXiv 1904.09751 (nucleus); the order of the filters is Hugging Face's.
 */
export function sampleToken(logits: ArrayLike<number>, uniform: number, { temperature = 1, topK, topP }: SamplingOptions = {}): number {
  if (logits.length === 0) throw new UsageError("sampleToken: needs logits, got none");
  for (let token = 0; token < logits.length; token++) {
    if (!Number.isFinite(logits[token]!)) {
      throw new KilnError(`generate: the logits are not finite, got ${logits[token]} for token ${token}; the model's parameters have probably diverged`);
    }
  }
  // Sorting is stable, so of equal logits the lower token comes first.
  const order = Array.from({ length: logits.length }, (_, token) => token).sort((a, b) => logits[b]! - logits[a]!);
  if (temperature === 0) return order[0]!;
  const highest = logits[order[0]!]!;
  let kept = order.slice(0, topK ?? order.length).map((token) => ({ token, weight: Math.exp((logits[token]! - highest) / temperature) }));
  if (topP !== undefined) kept = nucleus(kept, topP);
  return draw(kept, uniform);
}

/** A token with the probability that the model gave it. */
export interface TokenProbability {
  token: number;
  probability: number;
}

/** How likely a token was, and what else was. */
export interface TokenChoice extends TokenProbability {
  /** The likeliest tokens, best first. */
  alternatives: TokenProbability[];
}

/**
 * What the model thought of `token` and of the `count` likeliest: softmax(logits), before temperature and any limit.
 *
 * Range:  a tie goes to the lower token.
 */
export function describeChoice(logits: ArrayLike<number>, token: number, count: number): TokenChoice {
  let best: number[] = [];
  let highest = -Infinity;
  for (let candidate = 0; candidate < logits.length; candidate++) {
    const logit = logits[candidate]!;
    if (logit > highest) highest = logit;
    // Insertion into a short list: vocabularies are long, and few are asked for.
    if (best.length === count && !(count > 0 && logit > logits[best[count - 1]!]!)) continue;
    const at = best.findIndex((other) => logit > logits[other]!);
    best = [...best.slice(0, at < 0 ? best.length : at), candidate, ...(at < 0 ? [] : best.slice(at))].slice(0, count);
  }
  let sum = 0;
  for (let candidate = 0; candidate < logits.length; candidate++) sum += Math.exp(logits[candidate]! - highest);
  const withProbability = (candidate: number) => ({ token: candidate, probability: Math.exp(logits[candidate]! - highest) / sum });
  return { ...withProbability(token), alternatives: best.map(withProbability) };
}

interface Candidate {
  token: number;
  weight: number;
}

function nucleus(candidates: readonly Candidate[], topP: number): Candidate[] {
  const bound = topP * total(candidates);
  let sum = 0;
  const end = candidates.findIndex(({ weight }) => (sum += weight) >= bound);
  return candidates.slice(0, end < 0 ? candidates.length : end + 1);
}

function draw(candidates: readonly Candidate[], uniform: number): number {
  const bound = uniform * total(candidates);
  let sum = 0;
  const chosen = candidates.find(({ weight }) => (sum += weight) > bound);
  return (chosen ?? candidates[0]!).token;
}

function total(candidates: readonly Candidate[]): number {
  return candidates.reduce((sum, { weight }) => sum + weight, 0);
}
