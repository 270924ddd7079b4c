import { ShapeError } from "../errors.js";
import { gatherBackward, gatherForward, oneHotKernel, type GatherSizes } from "../kernels/gather.js";
import { checkNumber } from "../options.js";
import { formatShape, normalizeAxis, splitAtAxis } from "../shape.js";
import { record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { requireDType, requireRank, requireSameDevice } from "./checks.js";
import { slice } from "./slice.js";

/**
 * Picks along one axis, element by element: for axis 0, y[i, j] = x[index[i, j], j].
 *
 * Shapes: x [..., n, ...], index i32 or u32 of the same rank, at most x's extent on every other axis -> index's shape.
 * Range:  0 <= index < n.
 * Throws: DTypeError, ShapeError; IndexError at the next read for an index out of range, whose element is 0 meanwhile.
 * Source: PyTorch's gather; backward sums dy in order of position, without atomics.
 */
export function gather(x: Tensor, axis: number, index: Tensor): Tensor {
  requireDType("gather", "x", x, "f32", "f16", "i32", "u32");
  requireRank("gather", "x", x, { atLeast: 1 });
  requireDType("gather", "index", index, "i32", "u32");
  const at = normalizeAxis("gather", axis, x.rank);
  if (index.rank !== x.rank || index.shape.some((extent, i) => i !== at && extent > x.shape[i]!)) {
    throw new ShapeError(
      `gather: index must have x's rank and no greater extent off axis ${at}, got x ${formatShape(x.shape)} and index ${formatShape(index.shape)}`,
    );
  }
  const smaller = index.shape.map((end, i) => ({ axis: i, start: 0, end })).filter(({ axis: i, end }) => i !== at && end < x.shape[i]!);
  const source = smaller.length > 0 ? slice(x, smaller) : x;
  const { outer, extent, inner } = splitAtAxis(source.shape, at);
  const count = index.shape[at]!;
  const y = take("gather", source, index, index.shape, { outer, extent, inner, count, index_outer: count * inner, index_count: inner, index_inner: 1 });
  if (source !== x) source.dispose();
  return y;
}

/**
 * Picks whole slices along one axis: for axis 0, y[i, ...] = x[index[i], ...].
 *
 * Shapes: x [..., n, ...], index i32 or u32 [count] -> [..., count, ...].
 * Range:  0 <= index < n.
 * Throws: DTypeError, ShapeError; IndexError at the next read for an index out of range, whose slice is 0 meanwhile.
 * Source: PyTorch's index_select; backward sums dy in order of position, without atomics.
 */
export function indexSelect(x: Tensor, axis: number, index: Tensor): Tensor {
  requireDType("indexSelect", "x", x, "f32", "f16", "i32", "u32");
  requireRank("indexSelect", "x", x, { atLeast: 1 });
  requireDType("indexSelect", "index", index, "i32", "u32");
  requireRank("indexSelect", "index", index, { exactly: 1 });
  const at = normalizeAxis("indexSelect", axis, x.rank);
  const { outer, extent, inner } = splitAtAxis(x.shape, at);
  const shape = x.shape.map((own, i) => (i === at ? index.size : own));
  return take("indexSelect", x, index, shape, { outer, extent, inner, count: index.size, index_outer: 0, index_count: 1, index_inner: 0 });
}

/**
 * Indicator vectors: y[..., c] = 1 where index[...] = c, else 0.
 *
 * Shapes: index i32 or u32 [...] -> f32 [..., classes]. No gradient.
 * Range:  0 <= index < classes; classes >= 1.
 * Throws: DTypeError, UsageError; IndexError at the next read for an index out of range, whose row is 0 meanwhile.
 * Source: PyTorch's one_hot, in f32 so that it can enter a product.
 */
export function oneHot(index: Tensor, classes: number): Tensor {
  requireDType("oneHot", "index", index, "i32", "u32");
  checkNumber("oneHot", "classes", classes, { min: 1, integer: true });
  const { device } = index;
  const y = empty(device, [...index.shape, classes]);
  const faults = device.indexFaults.block("oneHot", index.dtype);
  oneHotKernel(device, { index: index.buffer, y: y.buffer, faults }, { count: index.size, classes });
  return y;
}

function take(op: string, x: Tensor, index: Tensor, shape: readonly number[], sizes: GatherSizes): Tensor {
  requireSameDevice(op, x, index);
  const { device } = x;
  const y = empty(device, shape, x.dtype);
  gatherForward(device, { x: x.buffer, index: index.buffer, y: y.buffer, faults: device.indexFaults.block(op, index.dtype) }, sizes);
  const { shape: inputShape, dtype } = x;
  return record({
    op,
    inputs: [x],
    output: y,
    saved: [index],
    vjp: (dy, [index]) => {
      const dx = empty(device, inputShape, dtype);
      gatherBackward(device, { index: index.buffer, dy: dy.buffer, dx: dx.buffer }, sizes);
      return [dx];
    },
  });
}
