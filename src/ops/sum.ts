import { reducedShape } from "../shape.js";
import { record } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { inF32 } from "./cast.js";
import { requireDType, requireTensor } from "./checks.js";
import { broadcastTo } from "./broadcast.js";
import { reduceTensor, requireElements, resolveReduction, type ReduceOptions } from "./reduction.js";

/**
 * Sum over axes: y_k = sum_r x_kr.
 *
 * Shapes: x -> x without the reduced axes (with extent 1 if keepDims), f32, i32 or u32. The sum of nothing is 0.
 * Range:  f32 sums are made of short partial sums in a fixed order: about 1e-6 relative to sum |x| for 1e6 elements.
 *         Integer sums wrap around.
 * Throws: ShapeError if an axis is out of range, UsageError if one is named twice or an option is unknown.
 * Source: backward repeats dy along the reduced axes.
 */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  requireTensor("sum", "x", x);
  if (x.dtype === "f16") return inF32(x, (x) => sum(x, options));
  const { axes, shape } = resolveReduction("sum", x, options);
  const before = x.shape;
  return record({
    op: "sum",
    inputs: [x],
    output: reduceTensor("sum", "sum", x, axes, shape),
    saved: [],
    vjp: (dy) => [broadcastTo("sum", dy.view(reducedShape(before, axes, true)), before)],
  });
}

/**
 * Mean over axes: y_k = 1/n sum_r x_kr.
 *
 * Shapes: x -> x without the reduced axes (with extent 1 if keepDims), f32.
 * Range:  as sum.
 * Throws: DTypeError unless f32; ShapeError if an axis is out of range or there is nothing to average.
 * Source: backward repeats dy / n along the reduced axes.
 */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  requireDType("mean", "x", x, "f32", "f16");
  if (x.dtype === "f16") return inF32(x, (x) => mean(x, options));
  const reduced = resolveReduction("mean", x, options);
  requireElements("mean", x, reduced);
  const { axes, shape } = reduced;
  const scale = 1 / Math.max(1, reduced.count);
  const before = x.shape;
  return record({
    op: "mean",
    inputs: [x],
    output: reduceTensor("mean", "mean", x, axes, shape, { scale }),
    saved: [],
    vjp: (dy) => {
      // The mean over no axis, with this scale, is dy * scale.
      const scaled = reduceTensor("mean", "mean", dy, [], reducedShape(before, axes, true), { scale });
      return [broadcastTo("mean", scaled, before)];
    },
  });
}
