// The rules that turn measurements into a peak rate and a warmup. Pure: numbers in, numbers and reasons out.

/** What was measured, and on what. Rates are of the leading group. */
export interface WarmupEvidence {
  /** The optimizer's name. */
  algorithm: string;
  /** Decay of its running mean of squared gradients; null where it has none. */
  memory: number | null;
  /** Steps that it has taken before. */
  taken: number;
  /** Steps of the run to advise for. */
  steps: number;
  /** From the range test: the lowest rate at which the loss is down where it is least, and where that is. Null where it did not fall. */
  range: { onset: number; least: number } | null;
  /** From the catapult start: the largest rate whose first step does not raise the loss. Null where there is none. */
  firstStep: number | null;
  /** From the sharpness. Null where there is no rule for the optimizer, or the measurement is too uncertain. */
  edge: { stableRate: number; threshold: number; lambdaMax: number; scaled: boolean } | null;
  /** The gradient noise scale over the examples of a batch. Null where it was not measured. */
  noise: { scale: number; batchSize: number } | null;
  /** Most of the run that a warmup may take. */
  maxShare: number;
}

/** A warmup, and why that long. */
export interface WarmupPlan {
  /** The first step's rate. */
  initialLr: number;
  peakLr: number;
  warmupSteps: number;
  /** Sentences that say why, with the numbers. */
  reasons: string[];
}

/** What P, known from a few batches, may be off by: the share of the edge of stability that a peak may have. */
const scaledShare = 0.5;
/** Optimizers that warm up by themselves: their first steps are shortened until the second moment is known. */
const warmsItself: readonly string[] = ["RAdam", "GIAdam"];

/**
 * Peak, start and length of a warmup:
 *
 *   peak    the onset of the range test's bottom (range_onset.ts): higher rates gain next to nothing there. But at most the
 *           edge of stability, c / lambda_max; for optimizers that scale by gradients half of it, because their scaling is
 *           itself only known from a few batches. That bound also stands alone where the sweep shows no descent.
 *   length  the longer of two needs, at most `maxShare` of the run:
 *           settling    2 / (1 - beta2) steps, less those taken, for optimizers that divide by a running mean of squares:
 *                       until then the mean is of too few gradients, and steps are too long where they happened to be
 *                       small (Ma and Yarats 2019, arXiv 1910.04209). None where the optimizer warms up by itself.
 *           flattening  where the peak is past what is safe now (the edge of stability, or the rate that the first step
 *                       survives): a ramp of `maxShare` of the run from 0, begun where it reaches the safe rate, so
 *                       shorter by safe / peak. While the rate rises past the edge the net moves to flatter places
 *                       (Kalra and Barkeshli 2024, arXiv 2406.09405; Gilmer et al. 2021, arXiv 2110.04369).
 *   start   peak / length under settling; the safe rate, or that where it is lower, under flattening; the peak without a warmup.
 *
 * Range:  steps >= 1; 0 <= maxShare <= 1.
 * Throws: nothing. Null where neither the sweep nor the sharpness says anything about the peak.
 * Source: as above.
 */
export function planWarmup(evidence: WarmupEvidence): WarmupPlan | null {
  const { algorithm, memory, taken, steps, range, firstStep, edge, maxShare } = evidence;
  const stableRate = edge && edge.stableRate < Infinity ? edge.stableRate : null;
  const bound = stableRate === null ? Infinity : stableRate * (edge!.scaled ? scaledShare : 1);
  const peakLr = range && range.onset <= bound ? rounded(range.onset) : roundedDown(bound);
  if (!(peakLr < Infinity)) return null;
  const safe = Math.min(firstStep ?? Infinity, stableRate ?? Infinity);
  const most = Math.floor(maxShare * steps);
  const settling = memory === null || warmsItself.includes(algorithm) ? 0 : Math.max(0, Math.round(2 / (1 - memory)) - taken);
  const flattening = peakLr > safe ? Math.round(most * (1 - safe / peakLr)) : 0;
  const warmupSteps = Math.min(most, Math.max(settling, flattening));
  const ramp = rounded(peakLr / Math.max(1, warmupSteps));
  const initialLr = warmupSteps === 0 ? peakLr : settling > 0 ? ramp : Math.min(peakLr, rounded(safe));
  const reasons = [peakReason(evidence, peakLr), edgeReason(evidence, peakLr), firstStepReason(evidence, peakLr), ...lengthReasons(evidence, { settling, flattening, warmupSteps, most, initialLr, safe }), noiseReason(evidence)];
  return { initialLr, peakLr, warmupSteps, reasons: reasons.filter((reason) => reason !== null) };
}

/** Two digits: more would promise what no sweep can tell. */
function rounded(value: number): number {
  return Number(value.toPrecision(2));
}

/** To two digits, and not over `value` but for a rounding. */
function roundedDown(value: number): number {
  const digit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return rounded(Math.floor((value / digit) * (1 + 2 ** -40)) * digit);
}

const text = (value: number) => Number(value.toPrecision(3)).toString();
const percent = (share: number) => `${Number((100 * share).toPrecision(2))}%`;

function peakReason({ range, edge }: WarmupEvidence, peak: number): string {
  if (!range) return `The range test saw no descent, so the peak, ${text(peak)}, is ${edge!.scaled ? "half of " : ""}the edge of stability.`;
  const seen = `In the range test the loss was least at ${text(range.least)}, and nearly as low from ${text(range.onset)} on`;
  return peak < rounded(range.onset) ? `${seen}; the edge of stability bounds the peak to ${text(peak)}.` : `${seen}: that is the peak, ${text(peak)}.`;
}

function edgeReason({ edge, algorithm }: WarmupEvidence, peak: number): string | null {
  if (!edge) return null;
  const { stableRate, threshold, lambdaMax, scaled } = edge;
  if (stableRate === Infinity) return "No direction curves upward here, so no rate is past the edge of stability.";
  const share = peak >= 0.995 * stableRate ? "which the peak reaches" : `of which the peak is ${percent(peak / stableRate)}`;
  return `Here the sharpest direction${scaled ? `, as ${algorithm} scales it,` : ""} has a curvature of ${text(lambdaMax)}: steps are stable up to ${text(threshold)} / ${text(lambdaMax)} = ${text(stableRate)}, ${share}.`;
}

function firstStepReason({ firstStep }: WarmupEvidence, peak: number): string | null {
  if (firstStep === null) return "No first step, however short, lowers the loss on these batches.";
  return firstStep < peak ? `A first step with more than ${text(firstStep)} would raise the loss.` : null;
}

interface Length {
  settling: number;
  flattening: number;
  warmupSteps: number;
  most: number;
  initialLr: number;
  safe: number;
}

function lengthReasons({ algorithm, memory, taken, steps, maxShare }: WarmupEvidence, { settling, flattening, warmupSteps, most, initialLr, safe }: Length): string[] {
  const cap = Math.max(settling, flattening) > most ? ` This is capped at ${percent(maxShare)} of the ${steps} steps: ${warmupSteps}.` : "";
  const reasons: string[] = [];
  if (settling > 0 && settling >= flattening) {
    const before = taken > 0 ? `, of which ${taken} are behind it` : "";
    reasons.push(`${algorithm} divides by a mean of squared gradients that takes 2 / (1 - ${memory}) = ${Math.round(2 / (1 - memory!))} steps to settle${before}; until then some of its steps are too long: warm up for ${settling} steps.${cap}`);
  } else if (flattening > 0) {
    reasons.push(`The peak is past the ${text(safe)} that is safe now: warm up for ${flattening} steps, so that the net can move to where it is flatter on the way.${cap}`);
  } else {
    const why = memory === null ? "the peak is safe from the first step" : warmsItself.includes(algorithm) ? `${algorithm} warms up by itself` : `the optimizer's moments have settled in ${taken} steps`;
    reasons.push(`No warmup is needed: ${why}.`);
  }
  if (warmupSteps > 0) reasons.push(`It starts at ${text(initialLr)}.`);
  else if (Math.max(settling, flattening) > 0) reasons.push("The run is too short for any.");
  return reasons;
}

function noiseReason({ noise }: WarmupEvidence): string | null {
  if (!noise) return null;
  const { scale, batchSize } = noise;
  const numbers = `The gradient noise scale is ${text(scale)} examples, a batch has ${batchSize}`;
  if (batchSize < scale) return `${numbers}: steps are mostly noise, and a larger batch would bear a higher rate.`;
  return `${numbers}: little noise at this point; it grows as training goes on.`;
}
