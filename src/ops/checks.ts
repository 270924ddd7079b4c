// Checks that ops share. All happen on the CPU, before anything is launched.
import { DisposedError, DTypeError, ShapeError, UsageError } from "../errors.js";
import { formatShape } from "../shape.js";
import type { DType } from "../tensor/dtype.js";
import { Tensor } from "../tensor/tensor.js";

/** Throws unless `x` is a tensor that still has its memory: before an output is allocated that nobody would free. */
export function requireTensor(op: string, name: string, x: unknown): asserts x is Tensor {
  if (!(x instanceof Tensor)) throw new UsageError(`${op}: ${name} must be a tensor, got ${typeof x}`);
  if (x.isDisposed) throw new DisposedError(`${op}: ${name} ${x.describe()} is used after dispose()`);
}

/** Throws unless `x` has one of the element types. */
export function requireDType(op: string, name: string, x: Tensor, ...allowed: DType[]): void {
  requireTensor(op, name, x);
  if (!allowed.includes(x.dtype)) {
    throw new DTypeError(`${op}: ${name} must be ${allowed.join(" or ")}, got ${x.dtype}; convert it with cast()`);
  }
}

/** Throws unless the rank is allowed. */
export function requireRank(op: string, name: string, x: Tensor, rank: { exactly?: number; atLeast?: number }): void {
  if (rank.exactly !== undefined && x.rank !== rank.exactly) {
    throw new ShapeError(`${op}: ${name} must have ${rank.exactly} dimensions, got ${formatShape(x.shape)}`);
  }
  if (rank.atLeast !== undefined && x.rank < rank.atLeast) {
    throw new ShapeError(`${op}: ${name} must have at least ${rank.atLeast} dimensions, got ${formatShape(x.shape)}`);
  }
}

/** Throws unless all tensors live on one device. */
export function requireSameDevice(op: string, ...tensors: Tensor[]): void {
  if (tensors.some((tensor) => tensor.device !== tensors[0]!.device)) {
    throw new UsageError(`${op}: the tensors live on different devices; move one with data() and fromArray()`);
  }
}
