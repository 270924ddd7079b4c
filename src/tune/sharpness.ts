import { UsageError } from "../errors.js";
import { checkNumber } from "../options.js";
import { bestStep, productWithError, differenceProduct, type GradientAlong } from "./gradient_difference.js";
import { gradientsFrom, placeOf } from "./hessian_vector.js";
import { addScaled, dot, norm, randomDirection, type HostVector } from "./host_vectors.js";
import { lanczos, type SpectrumEnds } from "./lanczos.js";
import { powerIteration } from "./power_iteration.js";
import { withProbe, type Probe } from "./probe.js";
import { scaledGradient, scaledModes, unscaled, type ScaledModes } from "./scaled_modes.js";
import { batchNumbers, checkToolOptions, type Progress, type ToolOptions, type TuneTarget } from "./target.js";

export interface SharpnessOptions extends ToolOptions {
  /** The Hessian is that of the mean loss over so many batches. 1 by default; a single batch is sharper than the whole data. */
  batches?: number;
  /** Most products with the Hessian, two gradients each. 60 by default. */
  iterations?: number;
  /** Of the residual, relative to the eigenvalue. 0.01 by default. */
  tolerance?: number;
  /** Whether the optimizer's scaling counts (P^-1/2 H P^-1/2). "auto", the default: where it has one. */
  preconditioned?: boolean | "auto";
  /** "lanczos" by default; "power" keeps two vectors instead of one an iteration, and needs far more of them. */
  method?: "lanczos" | "power";
  /** Of the random start. 1 by default. */
  seed?: number;
  onProgress?: (progress: Progress & Pick<SpectrumEnds, "highest" | "residual">) => void;
}

/** What `sharpness` found. */
export interface Sharpness {
  /** The highest eigenvalue, algebraically: how fast the gradient turns along the sharpest direction. */
  lambdaMax: number;
  /** lambdaMax is an eigenvalue to within this: the residual, with the error of the differences. */
  error: number;
  /** The lowest eigenvalue that the search saw, an upper bound of the lowest there is. */
  lambdaMin: number;
  /** Whether the search ended by itself: its residual within the tolerance, its value no longer growing. */
  converged: boolean;
  /** Products used by the search. */
  iterations: number;
  /** Of the Hessian alone, or of the one scaled by the optimizer. */
  preconditioned: boolean;
  /** Steps are stable while lr * lambdaMax is below this: 2 for gradient descent. Null where Kiln knows no rule for the optimizer. */
  threshold: number | null;
  /** threshold / lambdaMax: the largest stable learning rate here. Infinity where nothing curves upward; null without a threshold. */
  stableRate: number | null;
  /** The learning rate of each group at the coming step. */
  rates: number[];
  /** The leading group's rate over stableRate: 1 is the edge of stability. Null without a threshold. */
  share: number | null;
  /** Where `rates` stand. "at": within 10%, or within the error. "unknown": without a threshold, or where the error is as large as lambdaMax. */
  verdict: "inside" | "at" | "past" | "unknown";
  /** The mean loss over the batches. */
  loss: number;
  /** Distance at which gradients were taken for the differences. */
  step: number;
}

const optionKeys = ["batches", "iterations", "tolerance", "preconditioned", "method", "seed", "onProgress"];
/** A rate this near to the edge, as a share of it, is at the edge: training itself hovers about it. */
const nearness = 0.1;

/**
 * The highest eigenvalue of the Hessian of the mean loss, for an optimizer of Adam's kind of P^-1/2 H P^-1/2, and what
 * it says about the learning rate: gradient descent is stable along a direction of curvature lambda while
 * lr < 2 / lambda; momentum, running means and P change the 2 (see preconditioner.ts). Past that edge a step overshoots
 * by more than it corrects. Full-batch training at a constant rate tends to the edge by itself and hovers there; the noise
 * of small batches keeps it inside (a GPT trained on batches of 8: 7 to 12% of the edge, with AdamW and SGD alike).
 *
 * Coupled weight decay counts as curvature; decoupled decay is left out, and so is clipping where gradients are not
 * scaled (a clipped step is shorter: its edge lies further out). Groups with other rates or options are scaled to the leading group, the first that has a rate.
 *
 * Shapes: parameters of any shapes; about 2 (iterations + 6) gradients over `batches` batches.
 * Range:  see SharpnessOptions. Memory on the host: 4 bytes a parameter and iteration for Lanczos.
 * Throws: UsageError for options out of range, or a loss or gradient that is not finite; the signal's reason. The target
 *         is left as it was.
 * Source: Cohen et al. 2021, arXiv 2103.00065; 2022, arXiv 2207.14484; Lanczos with full reorthogonalisation.
 */
export async function sharpness(target: TuneTarget, options: SharpnessOptions = {}): Promise<Sharpness> {
  const where = "sharpness";
  checkToolOptions(where, options, optionKeys);
  const { preconditioned = "auto", method = "lanczos", onProgress } = options;
  const batches = batchNumbers(where, options.batches ?? 1);
  const total = checkNumber(where, "iterations", options.iterations ?? 60, { min: 1, integer: true });
  const tolerance = checkNumber(where, "tolerance", options.tolerance ?? 0.01, { above: 0, below: 1 });
  const seed = checkNumber(where, "seed", options.seed ?? 1, { min: 0, max: 2 ** 32 - 1, integer: true });
  if (preconditioned !== "auto" && typeof preconditioned !== "boolean") throw new UsageError(`${where}: preconditioned must be true, false or "auto", got ${String(preconditioned)}`);
  if (method !== "lanczos" && method !== "power") throw new UsageError(`${where}: method must be "lanczos" or "power", got ${String(method)}`);

  return withProbe(where, target, options.signal, async (probe) => {
    const modes = await scaledModes(where, probe, batches, preconditioned);
    const { place, gradient, loss } = await placeOf(probe, batches);
    if (!Number.isFinite(loss) || !Number.isFinite(norm(gradient))) {
      throw new UsageError(`${where}: the loss and its gradient must be finite, got a loss of ${loss} and a norm of ${norm(gradient)}; look at a state that still trains`);
    }
    const along = scaledGradients(probe, modes, place, batches);
    const length = norm(modes.root ? place.map((x, i) => x / (modes.root![i] || 1)) : place);
    const step = await bestStep(along, scaledGradient(modes, gradient, place), length);
    const search = method === "lanczos" ? lanczos : powerIteration;
    const found = await search((v) => differenceProduct(along, v, step), randomDirection(probe.size, seed), {
      iterations: total,
      tolerance,
      onIteration: ({ iterations, highest, residual }) => onProgress?.({ done: iterations, total, highest, residual }),
    });
    const top = await measuredPair(along, found.vector, step);
    return { ...top, lambdaMin: Math.min(found.lowest, top.lambdaMax), iterations: found.iterations, converged: found.converged, loss, step, ...edge(probe, modes, top) };
  });
}

function scaledGradients(probe: Probe, modes: ScaledModes, place: HostVector, batches: readonly number[]): GradientAlong {
  const plain = gradientsFrom(probe, place, batches);
  return async (v, alpha) => {
    const direction = unscaled(modes, v);
    const gradient = await plain(direction, alpha);
    if (!modes.decay) return scaledGradient(modes, gradient, place);
    const moved = Float64Array.from(place);
    addScaled(moved, alpha, direction);
    return scaledGradient(modes, gradient, moved);
  };
}

/** The eigenvalue of the vector found, measured anew: with the residual, and with what halving the step changes. */
async function measuredPair(along: GradientAlong, vector: HostVector, step: number): Promise<{ lambdaMax: number; error: number }> {
  const { product, narrower } = await productWithError(along, vector, step);
  const lambdaMax = dot(vector, product);
  const residual = Float64Array.from(product);
  addScaled(residual, -lambdaMax, vector);
  return { lambdaMax, error: norm(residual) + (4 / 3) * Math.abs(lambdaMax - dot(vector, narrower)) };
}

function edge(probe: Probe, { threshold, preconditioned }: ScaledModes, { lambdaMax, error }: { lambdaMax: number; error: number }): Pick<Sharpness, "threshold" | "stableRate" | "rates" | "share" | "verdict" | "preconditioned"> {
  const { optimizer } = probe.target;
  const rates = optimizer.paramGroups.map((group) => group.lrAt(probe.step));
  if (threshold === null) return { preconditioned, threshold, stableRate: null, rates, share: null, verdict: "unknown" };
  const stableRate = lambdaMax > 0 ? threshold / lambdaMax : Infinity;
  const share = rates[probe.ratios.findIndex((ratio) => ratio > 0)]! / stableRate;
  const margin = lambdaMax > 0 ? Math.max(nearness, error / lambdaMax) : 0;
  const verdict = margin >= 1 ? "unknown" : share > 1 + margin ? "past" : share < 1 - margin ? "inside" : "at";
  return { preconditioned, threshold, stableRate, rates, share, verdict };
}
