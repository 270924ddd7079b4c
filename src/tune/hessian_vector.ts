import { UsageError } from "../errors.js";
import { checkNumber } from "../options.js";
import { bestStep, productWithError, type GradientAlong, type HessianProduct } from "./gradient_difference.js";
import { norm, randomDirection, type HostVector } from "./host_vectors.js";
import { withProbe, type Probe } from "./probe.js";
import { batchNumbers, checkToolOptions, type ToolOptions, type TuneTarget } from "./target.js";

export interface HessianVectorOptions extends ToolOptions {
  /** The Hessian is that of the mean loss over so many batches. 1 by default. */
  batches?: number;
  /** How far the gradients are taken from the parameters; found by trying where absent. */
  step?: number;
}

/**
 * H v at the parameters, H the Hessian of the mean loss over batches 0 to batches - 1, by a central difference of
 * gradients; see gradient_difference.ts for why, and for how far it can be trusted. Dropout masks repeat; batch norm in
 * training uses the batch's statistics.
 *
 * Shapes: v [size] -> product [size], the optimizer's parameters that are not frozen one after the other, in its order.
 * Range:  batches >= 1; step > 0.
 * Throws: UsageError for options out of range, a vector of another length or not finite, or a gradient that is not
 *         finite; the signal's reason. The target is left as it was.
 * Source: Pearlmutter 1994; error by halving the step.
 */
export async function hessianVector(target: TuneTarget, v: ArrayLike<number>, options: HessianVectorOptions = {}): Promise<HessianProduct> {
  const where = "hessianVector";
  checkToolOptions(where, options, ["batches", "step"]);
  const batches = batchNumbers(where, options.batches ?? 1);
  const step = options.step === undefined ? null : checkNumber(where, "step", options.step, { above: 0 });
  if (typeof v?.length !== "number") throw new UsageError(`${where}: v must be an array of numbers, one for each parameter, got ${v === null ? "null" : typeof v}`);
  const direction = Float64Array.from(v);
  if (!Number.isFinite(norm(direction))) throw new UsageError(`${where}: v must be finite, got a norm of ${norm(direction)}`);
  return withProbe(where, target, options.signal, async (probe) => {
    if (direction.length !== probe.size) throw new UsageError(`${where}: v must have an element for each of ${probe.size} parameters, got ${direction.length}`);
    const { place, gradient } = await placeOf(probe, batches);
    const along = gradientsFrom(probe, place, batches);
    return productWithError(along, direction, step ?? (await bestStep(along, gradient, norm(place))));
  });
}

/** Where the parameters are, and the gradient there; a random direction where that is zero. */
export async function placeOf(probe: Probe, batches: readonly number[]): Promise<{ place: Float32Array; gradient: HostVector; loss: number }> {
  const [place, { gradient, loss }] = await Promise.all([probe.values(), probe.gradient(batches)]);
  return { place, gradient: norm(gradient) > 0 ? gradient : randomDirection(place.length, 1), loss };
}

export function gradientsFrom(probe: Probe, place: HostVector, batches: readonly number[]): GradientAlong {
  return async (v, alpha) => {
    probe.placeAlong(place, alpha, v);
    return (await probe.gradient(batches)).gradient;
  };
}
