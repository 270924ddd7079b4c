// The minimum of a unimodal function of one number: a bracket, then golden sections.
import type { Line, LineResult, Trial } from "./armijo.js";

/** low < middle < high, with phi(middle) below phi at both ends. */
export interface Bracket {
  low: Trial;
  middle: Trial;
  high: Trial;
}

export interface BracketOptions {
  /** phi(0). */
  value: number;
  /** The first step tried. */
  start: number;
  maxEvaluations: number;
}

export interface GoldenOptions extends BracketOptions {
  /** Stop when the bracket is this share of its middle. phi in f32 shows no less than about 1e-3. */
  tolerance: number;
}

const golden = (1 + Math.sqrt(5)) / 2;
/** Share of the bracket from its nearer end to its middle: 0.382. */
const section = 2 - golden;

/** NaN and infinities are too high. */
const height = ({ value }: Trial) => (Number.isFinite(value) ? value : Infinity);

/** Evaluates, counts, and records. */
class Tries {
  readonly all: Trial[] = [];

  constructor(
    private readonly phi: Line,
    private readonly most: number,
  ) {}

  get spent(): boolean {
    return this.all.length >= this.most;
  }

  async at(alpha: number): Promise<Trial> {
    const trial = { alpha, value: await this.phi(alpha) };
    this.all.push(trial);
    return trial;
  }
}

/**
 * argmin phi for alpha > 0, where phi falls from 0 and then rises: steps grow or shrink by the golden ratio until three
 * of them enclose the minimum, then golden sections.
 *
 * Shapes: numbers; alpha is 0 where no step is lower than phi(0).
 * Range:  start > 0; tolerance > 0; maxEvaluations >= 1. Of several minima, one.
 * Throws: what phi throws.
 * Source: Kiefer 1953; Press et al., Numerical Recipes, 10.1 and 10.2.
 */
export async function goldenSection(phi: Line, options: GoldenOptions): Promise<LineResult> {
  const { value, tolerance, maxEvaluations } = options;
  const tries = new Tries(phi, maxEvaluations);
  if (!Number.isFinite(value)) return { outcome: "not finite", alpha: 0, value, trials: tries.all };
  const found = await enclose(tries, options);
  if ("outcome" in found) return found;
  let { low, middle, high } = found;
  while (!tries.spent && high.alpha - low.alpha > tolerance * middle.alpha) {
    const upper = high.alpha - middle.alpha > middle.alpha - low.alpha;
    const next = await tries.at(middle.alpha + section * (upper ? high.alpha - middle.alpha : low.alpha - middle.alpha));
    const better = height(next) < height(middle);
    const outer = better ? middle : next;
    // The worse of the two inner points becomes the end on its side.
    if (better === upper) low = outer;
    else high = outer;
    if (better) middle = next;
  }
  const closed = high.alpha - low.alpha <= tolerance * middle.alpha;
  return { outcome: closed ? "found" : "no step", ...middle, trials: tries.all };
}

/** Three steps in golden proportion around a minimum, or why there are none. */
async function enclose(tries: Tries, { value, start }: BracketOptions): Promise<Bracket | LineResult> {
  let low: Trial = { alpha: 0, value };
  let middle = await tries.at(start);
  let high = middle;
  if (height(middle) < value) {
    do {
      if (tries.spent) return { outcome: "unbounded", ...middle, trials: tries.all };
      high = await tries.at(middle.alpha + golden * (middle.alpha - low.alpha));
      if (height(high) >= height(middle)) return { low, middle, high };
      [low, middle] = [middle, high];
    } while (true);
  }
  while (!tries.spent) {
    high = middle;
    middle = await tries.at(section * high.alpha);
    if (height(middle) < value) return { low, middle, high };
  }
  const flat = tries.all.every((trial) => trial.value === value);
  return { outcome: flat ? "flat" : "not descent", alpha: 0, value, trials: tries.all };
}
