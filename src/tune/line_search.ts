// Line search: how far to go along one direction, by the losses of trial steps.
import { UsageError } from "../errors.js";
import { checkNumber } from "../options.js";
import { armijo, armijoHolds, type LineOutcome, type LineResult, type Trial } from "./armijo.js";
import { goldenSection } from "./golden_section.js";
import { dot } from "./host_vectors.js";
import { withProbe, type Probe } from "./probe.js";
import { batchNumbers, checkToolOptions, type Progress, type ToolOptions, type TuneTarget } from "./target.js";

export interface LineSearchOptions extends ToolOptions {
  /** Along the optimizer's own next update, where alpha is a learning rate, or along the negative gradient. "update" by default. */
  direction?: "update" | "gradient";
  /** Backtracking to a step that is good enough, or golden sections to the lowest one. "armijo" by default. */
  method?: "armijo" | "golden";
  /** phi is the mean loss of batches 0 to batches - 1. 1 by default. */
  batches?: number;
  /** The first alpha tried. By default the leading group's learning rate, or 1 where that is 0. */
  start?: number;
  /** armijo: what a step that fails is multiplied by. 0.5 by default. */
  shrink?: number;
  /** armijo, and `holds`: the share of the slope's promise that counts as enough. 1e-4 by default. */
  sufficient?: number;
  /** armijo: makes a first step that holds longer, for as long as that lowers the loss. true by default. */
  expand?: boolean;
  /** golden: how close to come, as a share of alpha. 1e-3 by default. */
  tolerance?: number;
  /** 60 by default. */
  maxEvaluations?: number;
  onProgress?: (progress: Progress & { trial: Trial }) => void;
}

/** What `lineSearch` found. */
export interface LineSearch {
  /** The step found; 0 where there is none. */
  alpha: number;
  /** phi(alpha). */
  loss: number;
  /** phi(0). */
  startLoss: number;
  /** phi'(0): the gradient along the direction. */
  slope: number;
  /** Whether phi(alpha) <= phi(0) + sufficient * alpha * phi'(0), with alpha > 0. */
  holds: boolean;
  outcome: LineOutcome;
  /** Forward passes over the batches, in order. NaN and infinite losses are among them. */
  trials: Trial[];
  evaluations: number;
  message: string;
}

const where = "lineSearch";
const keys = ["direction", "method", "batches", "start", "shrink", "sufficient", "expand", "tolerance", "maxEvaluations", "onProgress"];

/**
 * alpha > 0 that lowers phi(alpha) = loss(parameters + alpha d). d is the optimizer's next update per unit of learning rate,
 * moments, clipping and decay included, or -g.
 *
 * Range:  start > 0; 0 < shrink, sufficient < 1; tolerance > 0; batches, maxEvaluations >= 1.
 * Throws: UsageError for an option out of range; the signal's reason; what the loss throws. Everything is put back then, as
 *         it is in the end. A direction that does not descend, or a loss that is not finite, is an outcome.
 * Source: Nocedal and Wright 2006, chapter 3.
 */
export async function lineSearch(target: TuneTarget, options: LineSearchOptions = {}): Promise<LineSearch> {
  checkToolOptions(where, options, keys);
  const { direction = "update", method = "armijo", expand = true, onProgress } = options;
  if (direction !== "update" && direction !== "gradient") throw new UsageError(`${where}: direction must be "update" or "gradient", got ${String(direction)}`);
  if (method !== "armijo" && method !== "golden") throw new UsageError(`${where}: method must be "armijo" or "golden", got ${String(method)}`);
  if (typeof expand !== "boolean") throw new UsageError(`${where}: expand must be true or false, got ${String(expand)}`);
  const batches = batchNumbers(where, options.batches ?? 1);
  if (options.start !== undefined) checkNumber(where, "start", options.start, { above: 0 });
  const share = { above: 0, below: 1 };
  const shrink = checkNumber(where, "shrink", options.shrink ?? 0.5, share);
  const sufficient = checkNumber(where, "sufficient", options.sufficient ?? 1e-4, share);
  const tolerance = checkNumber(where, "tolerance", options.tolerance ?? 1e-3, { above: 0 });
  const maxEvaluations = checkNumber(where, "maxEvaluations", options.maxEvaluations ?? 60, { min: 1, integer: true });
  return withProbe(where, target, options.signal, async (probe) => {
    const { base, gradient, direction: d } = await lineOf(probe, direction, batches);
    const phi = probe.lossAlong(base, d, batches);
    let done = 0;
    const watched = async (alpha: number) => {
      const value = await phi(alpha);
      onProgress?.({ done: ++done, total: maxEvaluations, trial: { alpha, value } });
      return value;
    };
    const line = { value: await phi(0), slope: dot(gradient, d), start: options.start ?? (probe.leadingRate || 1), maxEvaluations };
    const result =
      method === "armijo" ? await armijo(watched, { ...line, shrink, sufficient, expand }) : await goldenSection(watched, { ...line, tolerance });
    return {
      alpha: result.alpha,
      loss: result.value,
      startLoss: line.value,
      slope: line.slope,
      holds: result.alpha > 0 && armijoHolds(result, { ...line, sufficient }),
      outcome: result.outcome,
      trials: result.trials,
      evaluations: result.trials.length,
      message: describe(result, direction),
    };
  });
}

async function lineOf(probe: Probe, direction: "update" | "gradient", batches: readonly number[]): Promise<{ base: Float32Array; gradient: Float32Array; direction: Float32Array }> {
  if (direction === "update") return probe.update(batches);
  const [base, { gradient }] = await Promise.all([probe.values(), probe.gradient(batches)]);
  return { base, gradient, direction: gradient.map((g) => -g) };
}

function describe({ outcome, alpha }: LineResult, direction: "update" | "gradient"): string {
  const along = direction === "update" ? "the optimizer's update" : "the negative gradient";
  const size = Number(alpha.toPrecision(3)).toString();
  switch (outcome) {
    case "found":
      return `A step of ${size} along ${along} lowers the loss.`;
    case "unbounded":
      return `The loss still falls at ${size} along ${along}, the longest step tried: raise start or maxEvaluations.`;
    case "flat":
      return `The loss is the same number everywhere along ${along}: the parameters may be at a minimum, or the steps too short for f32.`;
    case "not descent":
      return `The loss does not fall along ${along}${direction === "update" ? ": old momentum or weight decay may point uphill" : ""}.`;
    case "no step":
      return `The evaluations ran out before a step along ${along} was found: change start, or raise maxEvaluations.`;
    case "not finite":
      return "The loss or its gradient is not finite at the parameters themselves.";
  }
}
