// What the ops f(a, b) share: a tensor and a number, or two tensors broadcast together; and their gradients.
import { DTypeError, ShapeError, UsageError } from "../errors.js";
import { mapScalar, mapScalarBackward, type MapTypes, type NumberOperand } from "../kernels/map.js";
import { mapBinary, mapBinaryBackward, maxWalkAxes } from "../kernels/map_broadcast.js";
import type { BinaryFunction } from "../kernels/map_functions.js";
import { broadcastShapes, broadcastStrides, collapseAxes, formatShape, sameShape, type Shape, type StridedWalk } from "../shape.js";
import { computedIn, isFloat, type DType } from "../tensor/dtype.js";
import { record } from "../tensor/tape.js";
import { empty, emptyLike, Tensor } from "../tensor/tensor.js";
import { requireDType, requireSameDevice } from "./checks.js";

export type Operand = Tensor | number;

export interface BinaryOp {
  f: BinaryFunction;
  /** The operands as the user knows them: a and b by default. */
  names?: readonly [string, string];
  dtypes: readonly DType[];
  /** The dtype of the result where it is not that of the operands. */
  result?: DType;
  /** Which operands the gradient of a reads, and which that of b. Without it, the op has no gradient. */
  reads?: { da: "" | "a" | "b" | "ab"; db: "" | "a" | "b" | "ab" };
  /** Operands in which f is linear: where they are not broadcast, their gradient is f itself with dy in their place. */
  linear?: "a" | "ab";
}

/** y = f(a, b). */
export function binaryOp(op: string, how: BinaryOp, a: Operand, b: Operand): Tensor {
  const [nameA, nameB] = how.names ?? ["a", "b"];
  if (a instanceof Tensor && b instanceof Tensor) {
    requireDType(op, nameA, a, ...how.dtypes);
    requireDType(op, nameB, b, ...how.dtypes);
    const dtype = commonDType(op, [nameA, nameB], [a, b]);
    requireSameDevice(op, a, b);
    return tensorsOp(op, how, a, b, dtype);
  }
  if (a instanceof Tensor) {
    requireDType(op, nameA, a, ...how.dtypes);
    return numberOp(op, how, a, { value: checkOperand(op, nameB, b, a), swapped: false });
  }
  if (b instanceof Tensor) {
    requireDType(op, nameB, b, ...how.dtypes);
    return numberOp(op, how, b, { value: checkOperand(op, nameA, a, b), swapped: true });
  }
  throw new UsageError(`${op}: needs a tensor, got ${typeof a} and ${typeof b}`);
}

/** Throws unless `value` is a number that an element of `beside` can hold. */
export function checkOperand(op: string, name: string, value: unknown, beside: { dtype: DType }): number {
  if (typeof value !== "number") throw new UsageError(`${op}: ${name} must be a tensor or a number, got ${typeof value}`);
  const [low, high] = beside.dtype === "i32" ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
  if (!isFloat(beside.dtype) && !(Number.isInteger(value) && value >= low && value <= high)) {
    throw new DTypeError(`${op}: ${name} does not fit beside ${beside.dtype}, got ${value}; convert the tensor with cast()`);
  }
  return value;
}

/** The dtype of operands that go together: their own, or f32 for f16 beside f32. Throws for others. */
export function commonDType(op: string, names: readonly string[], tensors: readonly Tensor[]): DType {
  const [first, ...others] = tensors.map((tensor) => tensor.dtype);
  if (others.every((dtype) => dtype === first)) return first!;
  if (tensors.every((tensor) => isFloat(tensor.dtype))) return "f32";
  const got = tensors.map((tensor, i) => `${names[i]} ${tensor.dtype}`).join(" and ");
  throw new DTypeError(`${op}: element types differ, got ${got}; convert one with cast()`);
}

/** The walk of operands over the result. Throws where the kernels have too few axes. */
export function broadcastWalk(op: string, shapes: readonly Shape[], result: Shape): StridedWalk {
  const walk = collapseAxes(result, shapes.map((shape) => broadcastStrides(shape, result)));
  if (walk.extents.length > maxWalkAxes) {
    throw new ShapeError(
      `${op}: shapes broadcast in too many separate axes, got ${shapes.map(formatShape).join(" and ")}; ` +
        `use expand() on one first, at most ${maxWalkAxes} groups of axes may differ`,
    );
  }
  return walk;
}

function numberOp(op: string, how: BinaryOp, x: Tensor, number: NumberOperand): Tensor {
  const { f } = how;
  const y = empty(x.device, x.shape, how.result ?? x.dtype);
  mapScalar(x.device, f, { x: x.buffer, y: y.buffer }, number, x.size, typesOf(x.dtype, y.dtype));
  if (!how.reads) return y;
  const readsX = number.swapped ? how.reads.db.includes("b") : how.reads.da.includes("a");
  return record({
    op,
    inputs: [x],
    output: y,
    saved: readsX ? [x] : [],
    vjp: (dy, [saved = dy]: readonly Tensor[]) => {
      if (f === "add" || (f === "sub" && !number.swapped)) return [dy];
      const dx = emptyLike(dy);
      mapScalarBackward(dy.device, f, { dy: dy.buffer, x: saved.buffer, dx: dx.buffer }, number, dy.size);
      return [dx];
    },
  });
}

function typesOf(element: DType, result: DType): MapTypes {
  return { Element: computedIn(element), Result: computedIn(result) };
}

function tensorsOp(op: string, how: BinaryOp, a: Tensor, b: Tensor, dtype: DType): Tensor {
  const shape = broadcastShapes(op, a.shape, b.shape);
  const walk = broadcastWalk(op, [a.shape, b.shape], shape);
  const y = empty(a.device, shape, how.result ?? dtype);
  mapBinary(a.device, how.f, { a: a.buffer, b: b.buffer, y: y.buffer }, walk, typesOf(dtype, y.dtype));
  if (!how.reads) return y;

  const read = (a.requiresGrad ? how.reads.da : "") + (b.requiresGrad ? how.reads.db : "");
  const saved = [...(read.includes("a") ? [a] : []), ...(read.includes("b") ? [b] : [])];
  const sources = [a, b].map(({ shape, dtype }) => ({ shape, dtype }));
  return record({
    op,
    inputs: [a, b],
    output: y,
    saved,
    vjp: (dy, kept: readonly Tensor[], needs) => {
      // An operand that no gradient reads was not saved: dy stands in for its binding.
      const savedA = read.includes("a") ? kept[0]! : dy;
      const savedB = read.includes("b") ? kept.at(-1)! : dy;
      return ([0, 1] as const).map((operand) =>
        needs[operand] ? operandGradient(how, { dy, a: savedA, b: savedB }, walk, sources[operand]!, operand) : null,
      );
    },
  });
}

function operandGradient(how: BinaryOp, tensors: { dy: Tensor; a: Tensor; b: Tensor }, walk: StridedWalk, source: { shape: Shape; dtype: DType }, operand: 0 | 1): Tensor {
  const { f } = how;
  const { dy, a, b } = tensors;
  const { shape, dtype } = source;
  const isFull = sameShape(shape, dy.shape);
  if (isFull && dtype === dy.dtype && (f === "add" || (f === "sub" && operand === 0))) return dy;
  const dx = empty(dy.device, shape, dtype);
  if (isFull && how.linear?.includes(operand === 0 ? "a" : "b")) {
    const inPlace = operand === 0 ? { a: dy.buffer, b: b.buffer } : { a: a.buffer, b: dy.buffer };
    mapBinary(dy.device, f, { ...inPlace, y: dx.buffer }, walk, { Element: "f32", Result: "f32" });
  } else {
    mapBinaryBackward(dy.device, f, { dy: dy.buffer, a: a.buffer, b: b.buffer, dx: dx.buffer }, walk, walk.strides[operand]!, { operand });
  }
  return dx;
}

/** A comparison: truth values, without a gradient. */
export function compareOp(op: string, f: BinaryFunction, a: Operand, b: Operand): Tensor {
  return binaryOp(op, { f, dtypes: ["f32", "f16", "i32", "u32"], result: "u32" }, a, b);
}
