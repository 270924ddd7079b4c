import { tril as trilKernel } from "../kernels/tril.js";
import { checkNumber, checkOptions } from "../options.js";
import { record } from "../tensor/tape.js";
import { emptyLike, type Tensor } from "../tensor/tensor.js";
import { requireRank, requireTensor } from "./checks.js";

/** Options of `tril` and `triu`. */
export interface TriangleOptions {
  /** 0 by default, the main diagonal; above it is positive. */
  diagonal?: number;
}

/**
 * Keeps the lower triangle of each matrix, zero elsewhere: y_rc = x_rc where c - r <= diagonal.
 *
 * Shapes: x [..., rows, cols] -> y of the same shape, any dtype.
 * Throws: ShapeError below two dimensions, UsageError for a diagonal that is not a whole number.
 * Source: NumPy's tril; backward keeps the same triangle of dy.
 */
export function tril(x: Tensor, options: TriangleOptions = {}): Tensor {
  return triangle("tril", x, options, false);
}

/**
 * Keeps the upper triangle of each matrix, zero elsewhere: y_rc = x_rc where c - r >= diagonal.
 *
 * Shapes: x [..., rows, cols] -> y of the same shape, any dtype.
 * Throws: ShapeError below two dimensions, UsageError for a diagonal that is not a whole number.
 * Source: NumPy's triu; backward keeps the same triangle of dy.
 */
export function triu(x: Tensor, options: TriangleOptions = {}): Tensor {
  return triangle("triu", x, options, true);
}

function triangle(op: string, x: Tensor, options: TriangleOptions, upper: boolean): Tensor {
  requireTensor(op, "x", x);
  checkOptions(op, options, ["diagonal"]);
  requireRank(op, "x", x, { atLeast: 2 });
  const diagonal = checkNumber(op, "diagonal", options.diagonal ?? 0, { min: -(2 ** 31), max: 2 ** 31 - 1, integer: true });
  const [rows, cols] = x.shape.slice(-2) as [number, number];
  const apply = (input: Tensor) => {
    const output = emptyLike(input);
    trilKernel(input.device, { x: input.buffer, y: output.buffer }, { size: input.size, rows, cols, diagonal }, upper);
    return output;
  };
  return record({ op, inputs: [x], output: apply(x), saved: [], vjp: (dy) => [apply(dy)] });
}
