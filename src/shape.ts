// Sizes, strides, broadcasting and axes. Pure: knows no device and no tensor.
import { ShapeError, UsageError } from "./errors.js";

/** Extents of the axes, outermost first; [] is a scalar's. */
export type Shape = readonly number[];

/** Number of elements; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Whether two shapes are equal; extents of 1 count. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** A shape as errors write it: "[2, 3]". */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Throws unless every extent is a whole number >= 0. */
export function checkShape(where: string, shape: Shape): void {
  if (!Array.isArray(shape) || !shape.every((extent) => Number.isInteger(extent) && extent >= 0)) {
    throw new ShapeError(`${where}: a shape is an array of whole numbers >= 0, got ${JSON.stringify(shape)}`);
  }
}

/** NumPy's rule: align at the right; extents must be equal or 1. */
export function broadcastShapes(where: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const extentA = a[a.length - i] ?? 1;
    const extentB = b[b.length - i] ?? 1;
    if (extentA !== extentB && extentA !== 1 && extentB !== 1) {
      throw new ShapeError(
        `${where}: shapes do not broadcast, got ${formatShape(a)} and ${formatShape(b)}; ` +
          `extents aligned at the right must be equal or 1`,
      );
    }
    out[rank - i] = extentA === 1 ? extentB : extentA;
  }
  return out;
}

/** Strides of `shape` when it is read as `target`: 0 along every broadcast axis. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape);
  const lead = target.length - shape.length;
  return target.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : strides[axis - lead]!));
}

/** Maps -1 to the last axis; throws when out of range. */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis)) throw new UsageError(`${where}: axis must be a whole number, got ${axis}`);
  const normal = axis < 0 ? axis + rank : axis;
  if (normal < 0 || normal >= rank) {
    throw new ShapeError(`${where}: axis out of range, got ${axis} for rank ${rank}; use ${-rank} to ${rank - 1}`);
  }
  return normal;
}

/** undefined means all axes. Sorted, without doubles. */
export function normalizeAxes(where: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  if (typeof axes !== "number" && !Array.isArray(axes)) {
    throw new UsageError(`${where}: axis must be a whole number or an array of them, got ${JSON.stringify(axes)}`);
  }
  const list = (typeof axes === "number" ? [axes] : [...axes]).map((axis) => normalizeAxis(where, axis, rank));
  if (new Set(list).size !== list.length) {
    throw new UsageError(`${where}: an axis is named twice, got [${list.join(", ")}]`);
  }
  return list.sort((a, b) => a - b);
}

/** Shape after reducing `axes`: dropped, or kept as 1. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): number[] {
  const reduced = new Set(axes);
  if (keepDims) return shape.map((extent, axis) => (reduced.has(axis) ? 1 : extent));
  return shape.filter((_, axis) => !reduced.has(axis));
}

/** A walk over memory: extents and, for each operand, strides in elements. */
export interface StridedWalk {
  extents: number[];
  strides: number[][];
}

/**
 * Drops axes of extent 1 and merges neighbouring axes that every operand walks as one, so that kernels see few
 * axes. Never returns fewer than one axis.
 */
export function collapseAxes(extents: Shape, strides: readonly (readonly number[])[]): StridedWalk {
  const out: StridedWalk = { extents: [], strides: strides.map(() => []) };
  for (let axis = 0; axis < extents.length; axis++) {
    const extent = extents[axis]!;
    if (extent === 1) continue;
    const last = out.extents.length - 1;
    const merges =
      last >= 0 && strides.every((stride, operand) => out.strides[operand]![last] === stride[axis]! * extent);
    if (merges) {
      out.extents[last]! *= extent;
      strides.forEach((stride, operand) => (out.strides[operand]![last] = stride[axis]!));
    } else {
      out.extents.push(extent);
      strides.forEach((stride, operand) => out.strides[operand]!.push(stride[axis]!));
    }
  }
  if (out.extents.length === 0) {
    out.extents.push(1);
    out.strides.forEach((stride) => stride.push(0));
  }
  return out;
}

/** Contiguous split around one axis: [outer, extent, inner]. */
export function splitAtAxis(shape: Shape, axis: number): { outer: number; extent: number; inner: number } {
  return {
    outer: sizeOf(shape.slice(0, axis)),
    extent: shape[axis]!,
    inner: sizeOf(shape.slice(axis + 1)),
  };
}
