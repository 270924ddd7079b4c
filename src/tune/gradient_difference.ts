// Products of a Hessian with vectors, from differences of gradients that are rounded to f32.
import { UsageError } from "../errors.js";
import { addScaled, distance, norm, type HostVector } from "./host_vectors.js";

/** The gradient at alpha v from the place of interest. Always of the same function: the same batches, the same dropout masks. */
export type GradientAlong = (v: HostVector, alpha: number) => Promise<HostVector>;

/** A product with the Hessian, and its estimated error. */
export interface HessianProduct {
  /** H v, [n]. */
  product: Float64Array;
  /** Another, from half the step. */
  narrower: Float64Array;
  /** Estimate of |H v - product|, from the change between the two. */
  error: number;
  /** How far from the place the gradients were taken, along v / |v|. */
  step: number;
}

/** Half the distance between 1 and the next f32. */
const unitRoundoff = 2 ** -24;
/** Steps tried differ by this factor; what is found is within it of the best. */
const ladder = 4;
const mostRungs = 7;
/** A relative change this small is not worth another pair of gradients. */
const goodEnough = 1e-4;

/**
 * H v = (g(x + h u) - g(x - h u)) |v| / (2 h) + O(h^2), u = v / |v|, h the step.
 *
 * Why differences: every backward kernel here is written by hand, and none is on the tape. Double backward would need
 * a second derivative for each of them, an engine twice the size; a difference needs none, is exact for a quadratic,
 * and repeats bit for bit because gradients do. What it costs is digits. Truncation grows with h^2 |g'''| / 6, f32
 * rounding of the gradients falls with u |g| / h, u = 6e-8; where they meet, about cbrt(u) = 4e-3 of the length
 * on which the function bends, 3 to 5 digits are left (measured against float64: 2e-5 of |H v| for an MLP, 2e-4 for a
 * GPT). `bestStep` finds that place. The places x +- h u are rounded to f32, which turns u by up to 2^-25 |x| / h; that
 * is smaller than the rest.
 *
 * Where the gradient jumps (ReLU, max pooling), the product is the mean curvature over 2 h, kinks included, and its error
 * estimate says so.
 *
 * Shapes: v [n] -> [n].
 * Range:  step > 0; v of any length, zeros give zeros.
 * Throws: UsageError for a product that is not finite.
 * Source: Pearlmutter 1994 for the idea; Nocedal and Wright 8.1 for the step.
 */
export async function differenceProduct(gradientAlong: GradientAlong, v: HostVector, step: number): Promise<Float64Array> {
  const length = norm(v);
  if (length === 0) return new Float64Array(v.length);
  const product = Float64Array.from(await gradientAlong(v, step / length));
  addScaled(product, -1, await gradientAlong(v, -step / length));
  const factor = length / (2 * step);
  for (let i = 0; i < product.length; i++) product[i]! *= factor;
  if (!Number.isFinite(norm(product))) {
    throw new UsageError(`Hessian: the gradient is not finite near the parameters, got step ${step}; look at a state that still trains, or pass a smaller step`);
  }
  return product;
}

/** A product with the estimate of its error, from a second one at half the step. */
export async function productWithError(gradientAlong: GradientAlong, v: HostVector, step: number): Promise<HessianProduct> {
  const product = await differenceProduct(gradientAlong, v, step);
  const narrower = await differenceProduct(gradientAlong, v, step / 2);
  // Halving the step takes 3/4 of the truncation away and doubles the rounding: the change shows the larger of the two.
  return { product, narrower, error: (4 / 3) * distance(product, narrower), step };
}

/**
 * The step at which products with vectors like v err least: starts from cbrt(3 u) of the place's length and walks the
 * ladder in the direction in which the change from rung to rung falls, until it rises.
 *
 * Shapes: v [n], not zero; best the gradient, along which networks bend most.
 */
export async function bestStep(gradientAlong: GradientAlong, v: HostVector, placeLength: number): Promise<number> {
  const first = Math.cbrt(3 * unitRoundoff) * Math.max(placeLength, 1e-3);
  const scale = norm(v);
  const products = new Map<number, Float64Array>();
  const at = async (rung: number) => {
    const known = products.get(rung) ?? (await differenceProduct(gradientAlong, v, first * ladder ** rung));
    products.set(rung, known);
    return known;
  };
  /** What the step of this rung and the next finer one disagree by. */
  const change = async (rung: number) => distance(await at(rung), await at(rung - 1)) / scale;
  let rung = 0;
  let least = await change(0);
  const finer = await change(-1);
  const direction = finer < least ? -1 : 1;
  if (direction < 0) [rung, least] = [-1, finer];
  for (let tried = 2; tried < mostRungs && least * scale > goodEnough * norm(await at(rung)); tried++) {
    const next = await change(rung + direction);
    if (next >= least) break;
    [rung, least] = [rung + direction, next];
  }
  return first * ladder ** rung;
}
