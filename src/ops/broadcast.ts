// Broadcasting and its transpose, for the vjps of other ops. Nothing here goes on the tape.
import { stridedCopy } from "../kernels/strided_copy.js";
import { broadcastStrides, sameShape, sizeOf, stridesOf, type Shape } from "../shape.js";
import { scope } from "../tensor/scope.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { converted } from "./cast.js";
import { reduceTensor } from "./reduction.js";

/** A copy of x, or x itself as a view, with `shape`, to which it must broadcast. */
export function broadcastTo(op: string, x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x.detach();
  const y = empty(x.device, shape, x.dtype);
  stridedCopy(x.device, op, { x: x.buffer, y: y.buffer }, { extents: shape, x: { strides: broadcastStrides(x.shape, shape) }, y: { strides: stridesOf(shape) } });
  return y;
}

/** Sums x down to a shape that broadcasts to its own: the gradient of broadcasting. */
export function sumToShape(x: Tensor, shape: Shape): Tensor {
  const lead = x.rank - shape.length;
  const axes = x.shape.flatMap((extent, axis) => (axis < lead || (shape[axis - lead] === 1 && extent !== 1) ? [axis] : []));
  // Leading axes of extent 1 only: the same elements.
  if (sizeOf(shape) === x.size) return x.view(shape);
  return scope(() => {
    const total = reduceTensor("sum", "sum", x, axes, shape);
    return total.dtype === x.dtype ? total : converted(total, x.dtype);
  });
}
