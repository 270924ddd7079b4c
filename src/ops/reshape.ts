// Views: the same memory under another shape. Nothing is launched.
import { ShapeError } from "../errors.js";
import { formatShape, normalizeAxes, normalizeAxis, sizeOf, type Shape } from "../shape.js";
import { record } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { requireTensor } from "./checks.js";

/**
 * The same elements, row-major, under another shape; one extent may be -1 and is worked out. Shares memory.
 *
 * Shapes: x of any shape -> y [...shape] with as many elements, any dtype.
 * Throws: ShapeError if the sizes differ, or more than one extent is -1.
 * Source: y_i = x_i in row-major order; backward gives dy the shape of x.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  requireTensor("reshape", "x", x);
  return viewAs("reshape", x, resolveShape(x, shape));
}

/**
 * Merges axes `start` to `end`, both included, into one. Shares memory.
 *
 * Shapes: x [..., a, b, c, ...] -> y [..., a * b * c, ...]; a scalar becomes [1].
 * Range:  start 0, end -1 (all axes) by default; negative axes count from the end.
 * Throws: ShapeError if an axis is out of range or start is after end.
 * Source: PyTorch's flatten.
 */
export function flatten(x: Tensor, start = 0, end = -1): Tensor {
  requireTensor("flatten", "x", x);
  if (x.rank === 0) return viewAs("flatten", x, [1]);
  const first = normalizeAxis("flatten", start, x.rank);
  const last = normalizeAxis("flatten", end, x.rank);
  if (first > last) throw new ShapeError(`flatten: start must not be after end, got ${start} and ${end} for ${formatShape(x.shape)}`);
  return viewAs("flatten", x, [...x.shape.slice(0, first), sizeOf(x.shape.slice(first, last + 1)), ...x.shape.slice(last + 1)]);
}

/**
 * Drops axes of extent 1: the ones named, or all of them. Shares memory.
 *
 * Shapes: x [a, 1, b] -> y [a, b].
 * Throws: ShapeError if a named axis has another extent.
 * Source: NumPy's squeeze (PyTorch keeps a named axis that is not 1; a silent no-op hides mistakes).
 */
export function squeeze(x: Tensor, axis?: number | readonly number[]): Tensor {
  requireTensor("squeeze", "x", x);
  const dropped = axis === undefined ? x.shape.flatMap((extent, i) => (extent === 1 ? [i] : [])) : normalizeAxes("squeeze", axis, x.rank);
  const wrong = dropped.find((i) => x.shape[i] !== 1);
  if (wrong !== undefined) throw new ShapeError(`squeeze: axis ${wrong} does not have extent 1, got ${formatShape(x.shape)}; name another axis`);
  return viewAs("squeeze", x, x.shape.filter((_, i) => !dropped.includes(i)));
}

/**
 * Puts an axis of extent 1 at `axis` of the result. Shares memory.
 *
 * Shapes: x [a, b] -> y [a, 1, b] for axis 1.
 * Range:  axis from -(rank + 1) to rank.
 * Throws: ShapeError if the axis is out of range.
 * Source: PyTorch's unsqueeze.
 */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  requireTensor("unsqueeze", "x", x);
  const at = normalizeAxis("unsqueeze", axis, x.rank + 1);
  return viewAs("unsqueeze", x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** A view on the tape, recorded as `op`. */
export function viewAs(op: string, x: Tensor, shape: Shape): Tensor {
  const before = x.shape;
  return record({ op, inputs: [x], output: x.view(shape), saved: [], vjp: (dy) => [dy.view(before)] });
}

function resolveShape(x: Tensor, shape: Shape): number[] {
  const wrong = (what: string) => new ShapeError(`reshape: ${what}, got ${formatShape(shape)} for ${formatShape(x.shape)} of ${x.size} elements`);
  if (!Array.isArray(shape) || !shape.every((extent) => Number.isInteger(extent) && extent >= -1)) {
    throw new ShapeError(`reshape: a shape is an array of whole numbers >= 0 and at most one -1, got ${JSON.stringify(shape)}`);
  }
  const unknown = shape.filter((extent) => extent === -1).length;
  if (unknown > 1) throw wrong("only one extent can be -1");
  const known = sizeOf(shape.filter((extent) => extent !== -1));
  if (unknown === 0) {
    if (known !== x.size) throw wrong("sizes differ");
    return [...shape];
  }
  if (known === 0) throw wrong("-1 cannot be worked out beside an extent of 0");
  if (x.size % known !== 0) throw wrong(`-1 would have to be ${x.size} / ${known}`);
  return shape.map((extent) => (extent === -1 ? x.size / known : extent));
}
