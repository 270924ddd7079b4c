import { ShapeError, UsageError } from "../errors.js";
import { stridedCopy } from "../kernels/strided_copy.js";
import { checkNumber, checkOptions } from "../options.js";
import { formatShape, normalizeAxis, stridesOf, type Shape } from "../shape.js";
import { record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { requireTensor } from "./checks.js";
import { emptyCleared } from "./cleared.js";

/** Elements start, start + step, ... before end, of one axis. */
export interface SliceRange {
  axis: number;
  /** 0 by default; negative counts from the end. */
  start?: number;
  /** The extent by default; negative counts from the end. */
  end?: number;
  /** 1 by default; at least 1. */
  step?: number;
}

/** A slice worked out against a shape: first element, element count and step of every axis. */
export interface Window {
  starts: number[];
  counts: number[];
  steps: number[];
}

/**
 * A part of x: along each named axis elements start, start + step, ... before end, as Python slices do.
 *
 * Shapes: x [..., n, ...] -> y [..., ceil((end - start) / step), ...], any dtype. A copy.
 * Range:  start and end may be negative (from the end) and are limited to the axis; an empty result is allowed.
 * Throws: ShapeError if an axis is out of range, UsageError for a step below 1 or an axis named twice.
 * Source: y_i = x_(start + i * step); backward writes dy into zeros at the same places.
 */
export function slice(x: Tensor, ranges: readonly SliceRange[]): Tensor;
export function slice(x: Tensor, axis: number, start: number, end?: number, step?: number): Tensor;
export function slice(x: Tensor, what: number | readonly SliceRange[], start = 0, end?: number, step = 1): Tensor {
  requireTensor("slice", "x", x);
  const ranges = typeof what === "number" ? [{ axis: what, start, ...(end === undefined ? {} : { end }), step }] : what;
  return sliceWindow("slice", x, resolveRanges(x.shape, ranges));
}

/**
 * Cuts x along one axis into pieces: of the sizes given, or of one size with a smaller last piece.
 *
 * Shapes: x [..., n, ...] -> pieces [..., n_i, ...] with the n_i summing to n, any dtype. Copies.
 * Throws: ShapeError if the sizes do not sum to the extent; UsageError for a size that is not a whole number.
 * Source: slices one after the other; their gradients add up.
 */
export function split(x: Tensor, sizes: number | readonly number[], axis = 0): Tensor[] {
  requireTensor("split", "x", x);
  const along = normalizeAxis("split", axis, x.rank);
  const extent = x.shape[along]!;
  const pieces = typeof sizes === "number" ? equalPieces(extent, sizes) : sizes;
  for (const size of pieces) checkNumber("split", "a size", size, { min: 0, integer: true });
  const total = pieces.reduce((sum, size) => sum + size, 0);
  if (total !== extent) {
    throw new ShapeError(`split: sizes must sum to the extent of axis ${axis}, got [${pieces.join(", ")}] (${total}) for ${formatShape(x.shape)}`);
  }
  let start = 0;
  return pieces.map((size) => {
    const window = wholeWindow(x.shape);
    window.starts[along] = start;
    window.counts[along] = size;
    start += size;
    return sliceWindow("split", x, window);
  });
}

function equalPieces(extent: number, size: number): number[] {
  checkNumber("split", "size", size, { min: 1, integer: true });
  return Array.from({ length: Math.ceil(extent / size) }, (_, i) => Math.min(size, extent - i * size));
}

function wholeWindow(shape: Shape): Window {
  return { starts: shape.map(() => 0), counts: [...shape], steps: shape.map(() => 1) };
}

function resolveRanges(shape: Shape, ranges: readonly SliceRange[]): Window {
  if (!Array.isArray(ranges)) throw new UsageError(`slice: give an axis, or an array of { axis, start, end, step }, got ${String(ranges)}`);
  const window = wholeWindow(shape);
  const seen = new Set<number>();
  for (const range of ranges) {
    checkOptions("slice", range, ["axis", "start", "end", "step"]);
    const axis = normalizeAxis("slice", range.axis, shape.length);
    if (seen.has(axis)) throw new UsageError(`slice: axis ${range.axis} is named twice, got ${JSON.stringify(ranges)}`);
    seen.add(axis);
    const extent = shape[axis]!;
    const bound = (name: string, value: number) => {
      checkNumber("slice", name, value, { integer: true });
      return Math.min(extent, Math.max(0, value < 0 ? value + extent : value));
    };
    const start = bound("start", range.start ?? 0);
    const step = checkStep(range.step ?? 1);
    window.starts[axis] = start;
    window.counts[axis] = Math.max(0, Math.ceil((bound("end", range.end ?? extent) - start) / step));
    window.steps[axis] = step;
  }
  return window;
}

function checkStep(step: number): number {
  if (Number.isInteger(step) && step >= 1) return step;
  throw new UsageError(`slice: step must be a whole number >= 1, got ${step}; use flip() to reverse an axis`);
}

/** x within the window, recorded as `op`. */
export function sliceWindow(op: string, x: Tensor, window: Window): Tensor {
  const before = x.shape;
  return record({
    op,
    inputs: [x],
    output: readWindow(op, x, window),
    saved: [],
    vjp: (dy) => {
      const dx = emptyCleared(dy.device, before, dy.dtype);
      writeWindow(op, dy, dx, window);
      return [dx];
    },
  });
}

/** A copy of x within the window. Not on the tape. */
export function readWindow(op: string, x: Tensor, window: Window): Tensor {
  const y = empty(x.device, window.counts, x.dtype);
  stridedCopy(x.device, op, { x: x.buffer, y: y.buffer }, { extents: window.counts, x: walkOf(x.shape, window), y: { strides: stridesOf(window.counts) } });
  return y;
}

/** Writes x into the window of y. */
export function writeWindow(op: string, x: Tensor, y: Tensor, window: Window): void {
  stridedCopy(x.device, op, { x: x.buffer, y: y.buffer }, { extents: window.counts, x: { strides: stridesOf(window.counts) }, y: walkOf(y.shape, window) });
}

function walkOf(shape: Shape, { starts, steps }: Window): { offset: number; strides: number[] } {
  const strides = stridesOf(shape);
  return {
    offset: starts.reduce((sum, start, axis) => sum + start * strides[axis]!, 0),
    strides: strides.map((stride, axis) => stride * steps[axis]!),
  };
}
