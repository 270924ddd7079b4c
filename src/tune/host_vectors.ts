// Long vectors on the host. Sums are float64: a dot product over a million parameters must not lose the residual.
import { Generator } from "../tensor/random.js";

export type HostVector = Float32Array | Float64Array;

export function dot(a: HostVector, b: HostVector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

export function norm(a: HostVector): number {
  return Math.sqrt(dot(a, a));
}

/** y += k x */
export function addScaled(y: HostVector, k: number, x: HostVector): void {
  for (let i = 0; i < y.length; i++) y[i]! += k * x[i]!;
}

/** |a - b| */
export function distance(a: HostVector, b: HostVector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

/** x / |x|. A vector of zeros stays what it is. */
export function normalized(x: HostVector): Float64Array {
  const size = norm(x) || 1;
  return Float64Array.from(x, (value) => value / size);
}

/** A direction drawn evenly from the unit sphere. */
export function randomDirection(size: number, seed: number): Float64Array {
  return normalized(new Generator(seed).normal(size));
}
