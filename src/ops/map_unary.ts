// What the ops f(x) share: checks, launch, tape entry.
import { mapUnary, mapUnaryBackward } from "../kernels/map.js";
import type { UnaryFunction } from "../kernels/map_functions.js";
import { computedIn, type DType } from "../tensor/dtype.js";
import { record } from "../tensor/tape.js";
import { empty, emptyLike, type Tensor } from "../tensor/tensor.js";
import { requireDType } from "./checks.js";

export interface UnaryOp {
  f: UnaryFunction;
  /** What the vjp reads: y wherever it can, so that the memory of x can go. */
  saves: "x" | "y" | "nothing";
  /** f32 and f16 by default. */
  dtypes?: readonly DType[];
}

/** y = f(x), of x's dtype. */
export function unaryOp(op: string, { f, saves, dtypes = ["f32", "f16"] }: UnaryOp, x: Tensor): Tensor {
  requireDType(op, "x", x, ...dtypes);
  const y = emptyLike(x);
  mapUnary(x.device, f, { x: x.buffer, y: y.buffer }, x.size, { Element: computedIn(x.dtype), Result: computedIn(x.dtype) });
  return record({
    op,
    inputs: [x],
    output: y,
    saved: saves === "nothing" ? [] : [saves === "x" ? x : y],
    vjp: (dy, [s = dy]: readonly Tensor[]) => {
      const dx = emptyLike(dy);
      mapUnaryBackward(dy.device, f, { dy: dy.buffer, s: s.buffer, dx: dx.buffer }, dy.size);
      return [dx];
    },
  });
}

/** Truth values: u32 0 or 1, without a gradient. */
export function predicate(op: string, f: UnaryFunction, x: Tensor, dtypes: readonly DType[]): Tensor {
  requireDType(op, "x", x, ...dtypes);
  const y = empty(x.device, x.shape, "u32");
  mapUnary(x.device, f, { x: x.buffer, y: y.buffer }, x.size, { Element: computedIn(x.dtype), Result: "u32" });
  return y;
}
