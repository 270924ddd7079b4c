import { ShapeError, UsageError } from "../errors.js";
import { fill } from "../kernels/strided_copy.js";
import { checkNumber, checkOptions } from "../options.js";
import { formatShape } from "../shape.js";
import { isFloat, toStored } from "../tensor/dtype.js";
import { record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { requireTensor } from "./checks.js";
import { readWindow, writeWindow, type Window } from "./slice.js";

/** Options of `pad`. */
export interface PadOptions {
  /** What the new elements hold: 0 by default. A whole number for integer tensors. */
  value?: number;
}

/**
 * Surrounds x with a constant: `padding[axis]` is [elements before, elements after].
 *
 * Shapes: x [..., n, ...] -> y [..., before + n + after, ...], one pair an axis, any dtype.
 * Range:  counts are whole numbers >= 0 (to cut, use slice).
 * Throws: ShapeError unless there is one pair an axis; UsageError for a bad count, value or option.
 * Source: NumPy's pad with mode "constant"; backward slices dy.
 */
export function pad(x: Tensor, padding: readonly (readonly [number, number])[], options: PadOptions = {}): Tensor {
  requireTensor("pad", "x", x);
  checkOptions("pad", options, ["value"]);
  const value = options.value ?? 0;
  if (typeof value !== "number" || (!isFloat(x.dtype) && !Number.isInteger(value))) {
    throw new UsageError(`pad: value must be a number that fits ${x.dtype}, got ${String(value)}`);
  }
  if (!Array.isArray(padding) || padding.length !== x.rank || !padding.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    throw new ShapeError(`pad: needs one pair [before, after] for each axis of ${formatShape(x.shape)}, got ${JSON.stringify(padding)}`);
  }
  for (const count of padding.flat()) checkNumber("pad", "a count", count, { min: 0, integer: true });
  const window: Window = { starts: padding.map(([before]) => before), counts: [...x.shape], steps: x.shape.map(() => 1) };
  const y = empty(x.device, x.shape.map((extent, axis) => extent + padding[axis]![0] + padding[axis]![1]), x.dtype);
  // A word holds one element, or two halves.
  const word = new Uint32Array(toStored(x.dtype, [value, value]).buffer)[0]!;
  fill(x.device, { y: y.buffer }, { size: y.size_bytes / 4, bits: word });
  writeWindow("pad", x, y, window);
  return record({ op: "pad", inputs: [x], output: y, saved: [], vjp: (dy) => [readWindow("pad", dy, window)] });
}
