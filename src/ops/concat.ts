import { DTypeError, ShapeError, UsageError } from "../errors.js";
import { formatShape, normalizeAxis, sameShape } from "../shape.js";
import { record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { requireSameDevice, requireTensor } from "./checks.js";
import { unsqueeze } from "./reshape.js";
import { readWindow, writeWindow, type Window } from "./slice.js";

/**
 * Joins tensors one after the other along an axis they have.
 *
 * Shapes: x_i [..., n_i, ...] -> y [..., sum n_i, ...]; the other extents are equal, one dtype.
 * Throws: ShapeError if extents differ or an input is a scalar, DTypeError for mixed dtypes, UsageError for no tensors.
 * Source: backward slices dy.
 */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  checkList("concat", tensors);
  return joined("concat", tensors, axis);
}

/**
 * Joins tensors of one shape along a new axis.
 *
 * Shapes: k tensors [a, b] -> y [a, k, b] for axis 1; axis from -(rank + 1) to rank.
 * Throws: ShapeError if shapes differ, DTypeError for mixed dtypes, UsageError for no tensors.
 * Source: unsqueeze each, then concat.
 */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  checkList("stack", tensors);
  const at = normalizeAxis("stack", axis, tensors[0]!.rank + 1);
  if (!tensors.every((x) => sameShape(x.shape, tensors[0]!.shape))) {
    throw new ShapeError(`stack: shapes must be equal, got ${tensors.map((x) => formatShape(x.shape)).join(" and ")}`);
  }
  const columns = tensors.map((x) => unsqueeze(x, at));
  const y = joined("stack", columns, at);
  for (const column of columns) column.dispose();
  return y;
}

function checkList(op: string, tensors: readonly Tensor[]): void {
  if (!Array.isArray(tensors) || tensors.length === 0) throw new UsageError(`${op}: needs an array of at least one tensor, got ${JSON.stringify(tensors)}`);
  tensors.forEach((x, i) => requireTensor(op, `tensor ${i}`, x));
  requireSameDevice(op, ...tensors);
  if (tensors.some((x) => x.dtype !== tensors[0]!.dtype)) {
    throw new DTypeError(`${op}: all tensors must have one dtype, got ${tensors.map((x) => x.dtype).join(", ")}; convert with cast()`);
  }
}

function joined(op: string, tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0]!;
  if (first.rank === 0) throw new ShapeError(`${op}: scalars have no axis to join along, got []; use stack()`);
  const along = normalizeAxis(op, axis, first.rank);
  const fits = tensors.every((x) => x.rank === first.rank && x.shape.every((extent, i) => i === along || extent === first.shape[i]));
  if (!fits) {
    throw new ShapeError(`${op}: extents may differ along axis ${axis} only, got ${tensors.map((x) => formatShape(x.shape)).join(" and ")}`);
  }
  let end = 0;
  const windows: Window[] = tensors.map((x) => {
    const starts = x.shape.map((_, i) => (i === along ? end : 0));
    end += x.shape[along]!;
    return { starts, counts: [...x.shape], steps: x.shape.map(() => 1) };
  });
  const y = empty(first.device, first.shape.map((extent, i) => (i === along ? end : extent)), first.dtype);
  tensors.forEach((x, i) => writeWindow(op, x, y, windows[i]!));
  return record({
    op,
    inputs: tensors,
    output: y,
    saved: [],
    vjp: (dy, _, needs) => windows.map((window, i) => (needs[i] ? readWindow(op, dy, window) : null)),
  });
}
