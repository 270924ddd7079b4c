import fillShader from "../../shaders/fill.wgsl";
import stridedCopyShader from "../../shaders/strided_copy.wgsl";
import transposeShader from "../../shaders/transpose.wgsl";
import { ShapeError } from "../errors.js";
import { asWords, type Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import { collapseAxes, formatShape, sizeOf, type Shape, type StridedWalk } from "../shape.js";

/** A walk over two operands: strides in elements, zero along a broadcast axis, negative along a reversed one. */
export interface CopyWalk {
  extents: Shape;
  x: { offset?: number; strides: readonly number[] };
  y: { offset?: number; strides: readonly number[] };
}

const maxAxes = 6;
const perWorkgroup = 64;

/** y[walk] = x[walk], any 4-byte type. `op` is named in the error for more axes than the kernels walk. */
export function stridedCopy(device: Device, op: string, buffers: { x: Slice; y: Slice }, walk: CopyWalk): void {
  if (sizeOf(walk.extents) === 0) return;
  const offsets = [walk.x.offset ?? 0, walk.y.offset ?? 0];
  const axes = collapseAxes(walk.extents, [walk.x.strides, walk.y.strides]);
  if (offsets.every((offset) => offset === 0) && transpose(device, buffers, axes)) return;
  const fours = inFours(axes, offsets);
  const { extents, strides } = fours?.axes ?? axes;
  const [x_offset, y_offset] = fours?.offsets ?? offsets;
  const size = sizeOf(extents);
  launch(device, stridedCopyShader, {
    buffers,
    params: { size, x_offset: x_offset!, y_offset: y_offset!, ...axisParams(op, extents, strides[0]!, strides[1]!) },
    constants: { RANK: extents.length },
    types: fours ? { Element: "vec4u", Source: fours.repeats ? "u32" : "vec4u" } : {},
    workgroups: workgroupsFor(size, perWorkgroup),
    cost: { bytes: movedBytes(buffers, walk) },
  });
}

/** What is read, once, and written: often a small part of what is bound. */
function movedBytes({ y }: { y: Slice }, { extents, x }: CopyWalk): number {
  const read = extents.reduce((product, extent, axis) => (x.strides[axis] === 0 ? product : product * extent), 1);
  return (y.half ? 2 : 4) * (read + sizeOf(extents));
}

/** Params of lib/strided_index.wgsl: axes aligned at the innermost, the unused ones 1. */
export function axisParams(op: string, extents: readonly number[], x: readonly number[], y: readonly number[]): Record<string, number> {
  const lead = maxAxes - extents.length;
  if (lead < 0) {
    throw new ShapeError(`${op}: more than ${maxAxes} axes are left after merging neighbours, got ${formatShape(extents)}; reshape or split the work`);
  }
  const params: Record<string, number> = {};
  for (let axis = 0; axis < maxAxes; axis++) {
    // The outermost extent is not needed: nothing is left to divide.
    if (axis > 0) params[`extent${axis}`] = extents[axis - lead] ?? 1;
    params[`x_stride${axis}`] = x[axis - lead] ?? 0;
    params[`y_stride${axis}`] = y[axis - lead] ?? 0;
  }
  return params;
}

interface WalkInFours {
  axes: StridedWalk;
  offsets: number[];
  /** The four are one element of x, repeated: x still counts elements. */
  repeats: boolean;
}

/** The walk in steps of four neighbours, where the operands allow it. */
function inFours({ extents, strides }: StridedWalk, offsets: readonly number[]): WalkInFours | null {
  const last = extents.length - 1;
  const repeats = strides[0]![last] === 0;
  const fits = (operand: number) =>
    offsets[operand]! % 4 === 0 && strides[operand]!.every((value, axis) => (axis === last ? value === 1 : value % 4 === 0));
  if (extents[last]! % 4 !== 0 || !fits(1) || !(repeats || fits(0))) return null;
  const quarter = (operand: number) => (repeats && operand === 0 ? 1 : 4);
  return {
    axes: {
      extents: extents.map((extent, axis) => (axis === last ? extent / 4 : extent)),
      strides: strides.map((stride, operand) => stride.map((value, axis) => (axis === last ? value : value / quarter(operand)))),
    },
    offsets: offsets.map((offset, operand) => offset / quarter(operand)),
    repeats,
  };
}

/** Launches the blocked kernel when the walk is a batched exchange of two axes, both multiples of four. */
function transpose(device: Device, buffers: { x: Slice; y: Slice }, { extents, strides }: StridedWalk): boolean {
  if (extents.length !== 2 && extents.length !== 3) return false;
  const [batch, cols, rows] = extents.length === 3 ? extents : [1, ...extents];
  const matrix = rows! * cols!;
  const same = (actual: readonly number[], wanted: readonly number[]) => wanted.slice(3 - actual.length).every((value, axis) => actual[axis] === value);
  const fits = rows! % 4 === 0 && cols! % 4 === 0 && same(strides[0]!, [matrix, 1, cols!]) && same(strides[1]!, [matrix, rows!, 1]);
  if (!fits) return false;
  const blocks = (batch! * matrix) / 16;
  launch(device, transposeShader, {
    buffers,
    params: { blocks, row_blocks: rows! / 4, col_blocks: cols! / 4 },
    workgroups: workgroupsFor(blocks, perWorkgroup),
  });
  return true;
}

/** Every word of y becomes `bits`. */
export function fill(device: Device, { y }: { y: Slice }, params: { size: number; bits: number }): void {
  launch(device, fillShader, { buffers: { y: asWords(y) }, params, workgroups: workgroupsFor(params.size, perWorkgroup) });
}
