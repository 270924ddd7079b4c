// Quadratics with known spectra, as losses of one parameter.
import type { Device } from "../../src/gpu/device.js";
import { fromArray, matmul, mul, sum } from "../../src/ops/index.js";
import { keep } from "../../src/tensor/scope.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testRandom } from "./nd.js";

export interface Quadratic {
  /** The parameter, [n]. */
  x: Tensor;
  /** x^T A x / 2, whatever the batch. */
  loss: () => Tensor;
  /** A, row-major, in float64. */
  matrix: Float64Array;
  dispose(): void;
}

/** A = R diag(eigenvalues) R with a reflection R, so that no axis is an eigenvector. x is random. */
export function quadratic(device: Device, eigenvalues: readonly number[], seed = 3): Quadratic {
  const n = eigenvalues.length;
  const random = testRandom(seed);
  const u = Float64Array.from({ length: n }, () => random.normal());
  const square = u.reduce((total, value) => total + value * value, 0);
  const reflection = (i: number, k: number) => (i === k ? 1 : 0) - (2 * u[i]! * u[k]!) / square;
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let entry = 0;
      for (let k = 0; k < n; k++) entry += reflection(i, k) * eigenvalues[k]! * reflection(k, j);
      matrix[i * n + j] = matrix[j * n + i] = entry;
    }
  const a = keep(fromArray(device, Float32Array.from(matrix), { shape: [n, n] }));
  const x = keep(fromArray(device, Float32Array.from({ length: n }, () => random.normal()), { requiresGrad: true }));
  return {
    x,
    matrix,
    loss: () => mul(sum(mul(x, matmul(a, x))), 0.5),
    dispose() {
      a.dispose();
      x.dispose();
    },
  };
}
