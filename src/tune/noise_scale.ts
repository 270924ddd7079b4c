// The gradient noise scale: the batch size at which noise and signal are equal.
import { checkNumber } from "../options.js";
import { dot } from "./host_vectors.js";
import { estimateNoise, type NoiseDraw, type NoiseEstimate } from "./noise_estimate.js";
import { withProbe, type Probe } from "./probe.js";
import { checkToolOptions, type Progress, type ToolOptions, type TuneTarget } from "./target.js";

export interface NoiseScaleOptions extends ToolOptions {
  /** Examples in one batch of the target's loss: the unit of the result. 1 by default. */
  batchSize?: number;
  /** Batches that make one large batch. 8 by default. */
  microBatches?: number;
  /** Large batches: draw k is made of batches k * microBatches to (k + 1) * microBatches - 1. 8 by default. */
  draws?: number;
  onProgress?: (progress: Progress) => void;
}

/** What the measurement of the gradient noise scale found. */
export interface NoiseScale extends NoiseEstimate {
  /** Whether the standard error is small enough to go by: less than half of the noise scale, and a gradient that is seen. */
  usable: boolean;
  /** Draws whose gradient was not finite, and that were left out. */
  leftOut: number;
  message: string;
}

const where = "noiseScale";
/** A gradient is seen when |G|^2 is this many standard errors above 0. */
const seenErrors = 2;
const largestError = 0.5;

/**
 * B_simple = tr(Sigma) / |G|^2: |G|^2 and tr(Sigma) from the squared norms of the gradients of small batches and of their
 * mean, in one sweep, without a step. Batches much smaller than B_simple are mostly noise, much larger ones mostly waste.
 *
 * Shapes: the loss of a batch is the mean over `batchSize` examples, drawn independently.
 * Range:  batchSize >= 1; microBatches, draws >= 2. Frozen groups have no part in it.
 * Throws: UsageError for an option out of range; the signal's reason; what the loss throws. Everything is put back then, as
 *         it is in the end. A gradient that is not finite is left out and reported.
 * Source: McCandlish et al. 2018, arXiv 1812.06162, appendix A.1.
 */
export async function noiseScale(target: TuneTarget, options: NoiseScaleOptions = {}): Promise<NoiseScale> {
  checkToolOptions(where, options, ["batchSize", "microBatches", "draws", "onProgress"]);
  const batchSize = checkNumber(where, "batchSize", options.batchSize ?? 1, { min: 1, integer: true });
  const microBatches = checkNumber(where, "microBatches", options.microBatches ?? 8, { min: 2, integer: true });
  const draws = checkNumber(where, "draws", options.draws ?? 8, { min: 2, integer: true });
  return withProbe(where, target, options.signal, async (probe) => {
    const all: NoiseDraw[] = [];
    for (let draw = 0; draw < draws; draw++) {
      all.push(await drawOf(probe, draw * microBatches, microBatches, (batches) => options.onProgress?.({ done: draw * microBatches + batches, total: draws * microBatches })));
    }
    const finite = all.filter(({ small, large }) => Number.isFinite(small) && Number.isFinite(large));
    return judge(estimateNoise(finite, { small: batchSize, large: batchSize * microBatches }), { draws: finite.length, leftOut: draws - finite.length });
  });
}

/** Squared norms of single gradients and of their mean. */
async function drawOf(probe: Probe, first: number, count: number, onBatch: (done: number) => void): Promise<NoiseDraw> {
  const sum = new Float64Array(probe.size);
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const { gradient } = await probe.gradient([first + i]);
    probe.checkSignal();
    squares += dot(gradient, gradient);
    for (let k = 0; k < sum.length; k++) sum[k]! += gradient[k]!;
    onBatch(i + 1);
  }
  return { small: squares / count, large: dot(sum, sum) / count ** 2 };
}

function judge(estimate: NoiseEstimate, { draws, leftOut }: { draws: number; leftOut: number }): NoiseScale {
  const { noiseScale, gradientSquared } = estimate;
  const seen = gradientSquared.value > seenErrors * gradientSquared.standardError;
  const usable = draws >= 2 && seen && noiseScale.standardError <= largestError * noiseScale.value;
  const text = (value: number) => Number(value.toPrecision(3)).toString();
  const missing = leftOut === 0 ? "" : ` ${leftOut} draws had a gradient that was not finite and were left out.`;
  const message = usable
    ? `The noise scale is ${text(noiseScale.value)} +- ${text(noiseScale.standardError)} examples: smaller batches are mostly noise, larger ones gain little.`
    : draws < 2
      ? "Too few draws have a finite gradient: nothing can be said."
      : seen
        ? `Too noisy to use: ${text(noiseScale.value)} +- ${text(noiseScale.standardError)} examples. Take more draws.`
        : "Too noisy to use: the gradient does not stand out of its noise. Take larger batches, or more of them; at a minimum there is no gradient to see.";
  return { ...estimate, usable, leftOut, message: message + missing };
}
