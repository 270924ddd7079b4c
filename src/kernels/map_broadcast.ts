// Elementwise kernels over several operands, broadcast together, and the sums that their gradients need.
import mapBinaryBackwardShader from "../../shaders/map_binary_backward.wgsl";
import mapBinaryShader from "../../shaders/map_binary.wgsl";
import mapBinaryVec4Shader from "../../shaders/map_binary_vec4.wgsl";
import mapWhereShader from "../../shaders/map_where.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";
import { sizeOf, stridesOf, type StridedWalk } from "../shape.js";
import { bitsOf, mapWorkgroups, packed, type ElementType, type MapTypes } from "./map.js";
import { binaryFunctions, type BinaryFunction } from "./map_functions.js";

/** The kernels have this many axes. */
export const maxWalkAxes = 6;

/** Axes of a walk, innermost first, as Params fields. Up to three operands. */
function walkParams(axes: readonly number[], walk: StridedWalk): Record<string, number> {
  const params: Record<string, number> = {};
  for (let k = 0; k < maxWalkAxes; k++) {
    const axis = axes[k];
    params[`extent_${k}`] = axis === undefined ? 1 : walk.extents[axis]!;
    ["u", "v", "w"].forEach((operand, position) => {
      params[`${operand}_${k}`] = axis === undefined ? 0 : (walk.strides[position]?.[axis] ?? 0);
    });
  }
  return params;
}

function innermostFirst(walk: StridedWalk): number[] {
  return [...walk.extents.keys()].reverse();
}

/** y = f(a, b); `walk` has the strides of a and b. */
export function mapBinary(device: Device, f: BinaryFunction, buffers: { a: Slice; b: Slice; y: Slice }, walk: StridedWalk, types: MapTypes): void {
  const size = sizeOf(walk.extents);
  const packs = inPacks(walk);
  if (packs) {
    const items = sizeOf(packs.extents);
    launch(device, mapBinaryVec4Shader, {
      functions: binaryFunctions[f],
      types: { ...types },
      constants: { RANK: walk.extents.length, A_CONSTANT: isConstant(walk, 0), B_CONSTANT: isConstant(walk, 1) },
      buffers: packed(buffers),
      params: { packs: items, ...walkParams(innermostFirst(packs), packs) },
      workgroups: mapWorkgroups(device, items),
    });
  } else {
    launch(device, mapBinaryShader, {
      functions: binaryFunctions[f],
      types: { ...types },
      constants: { RANK: walk.extents.length },
      buffers,
      params: { size, ...walkParams(innermostFirst(walk), walk) },
      workgroups: mapWorkgroups(device, size),
    });
  }
}

/** Whether every innermost run reads one element of the operand. */
function isConstant(walk: StridedWalk, operand: number): boolean {
  return walk.strides[operand]!.at(-1) === 0;
}

/**
 * The walk counted in packs of four elements, or null where a pack would cross the end of an innermost run. A walk of
 * one axis has a single run, whose last pack may reach into the padding. A constant operand stays counted in elements.
 */
function inPacks({ extents, strides }: StridedWalk): StridedWalk | null {
  const inner = extents.length - 1;
  if (inner > 0 && extents[inner]! % 4 !== 0) return null;
  const packs: StridedWalk = {
    extents: extents.map((extent, axis) => (axis === inner ? Math.ceil(extent / 4) : extent)),
    strides: strides.map((own) => own.map((stride, axis) => (axis === inner || own[inner] === 0 ? stride : stride / 4))),
  };
  return packs.strides.flat().every(Number.isInteger) ? packs : null;
}

/** Which operand a gradient is for, and the type of b where it is not f32. */
export interface Operand {
  operand: 0 | 1;
  typeB?: ElementType;
}

/**
 * dx = the vjp for one operand, summed over the axes along which that operand was broadcast. `walk` has the strides
 * of a and b over the result; `own` those of the operand itself, whose zeros tell what to sum.
 */
export function mapBinaryBackward(
  device: Device,
  f: BinaryFunction,
  buffers: { dy: Slice; a: Slice; b: Slice; dx: Slice },
  walk: StridedWalk,
  own: readonly number[],
  which: Operand,
): void {
  const full: StridedWalk = { extents: walk.extents, strides: [stridesOf(walk.extents), walk.strides[0]!, walk.strides[1]!] };
  const isSummed = (axis: number) => own[axis] === 0 && full.extents[axis] !== 1;
  const axes = innermostFirst(full);
  sumVjp(device, f, buffers, full, axes.filter(isSummed), axes.filter((axis) => !isSummed(axis)), which);
}

const chunkTerms = { least: 32, most: 1024 };

/** Splits long sums into chunks: for work to go round, and because short sums round less. Deterministic. */
function sumVjp(
  device: Device,
  f: BinaryFunction,
  buffers: { dy: Slice; a: Slice; b: Slice; dx: Slice },
  walk: StridedWalk,
  summed: readonly number[],
  kept: readonly number[],
  which: Operand,
): void {
  const terms = sizeOf(summed.map((axis) => walk.extents[axis]!));
  const outputs = sizeOf(kept.map((axis) => walk.extents[axis]!));
  const invocations = device.adapter.class === "cpu" ? 256 : 32768;
  const wanted = Math.min(Math.ceil(terms / chunkTerms.least), Math.max(Math.ceil(terms / chunkTerms.most), Math.ceil(invocations / Math.max(1, outputs))));
  const chunk_terms = wanted <= 1 ? Math.max(1, terms) : Math.ceil(terms / wanted);
  const chunks = Math.max(1, Math.ceil(terms / chunk_terms));
  const sumInto = (dx: Slice) =>
    launch(device, mapBinaryBackwardShader, {
      functions: binaryFunctions[f],
      types: { B: which.typeB ?? "f32" },
      constants: { OPERAND: which.operand, RANK: summed.length + kept.length, SUMMED: summed.length },
      buffers: { ...buffers, dx },
      params: { outputs, terms, chunks, chunk_terms, ...walkParams([...summed, ...kept], walk) },
      workgroups: mapWorkgroups(device, outputs * chunks),
    });
  if (chunks === 1) return sumInto(buffers.dx);

  const size_bytes = chunks * outputs * 4;
  const memory = device.acquire(size_bytes, "partial sums");
  const partial: Slice = { buffer: memory, offset_bytes: 0, size_bytes };
  sumInto(partial);
  const rows: StridedWalk = { extents: [chunks, outputs], strides: [[outputs, 1], [0, 0], [0, 0]] };
  sumVjp(device, "add", { dy: partial, a: partial, b: partial, dx: buffers.dx }, rows, [0], [1], { operand: 0 });
  memory.release();
}

/** A tensor's memory, or a number. */
export type SliceOrNumber = Slice | number;

/** y = condition ? a : b; `walk` has the strides of condition, a and b. */
export function mapWhere(
  device: Device,
  buffers: { condition: Slice; a: SliceOrNumber; b: SliceOrNumber; y: Slice },
  walk: StridedWalk,
  type: ElementType,
): void {
  const { condition, a, b, y } = buffers;
  const size = sizeOf(walk.extents);
  // A binding must have a buffer, even where a number stands for it.
  const slice = (operand: SliceOrNumber) => (typeof operand === "number" ? condition : operand);
  const bits = (operand: SliceOrNumber) => (typeof operand === "number" ? bitsOf(operand, type) : 0);
  launch(device, mapWhereShader, {
    types: { Element: type },
    constants: { RANK: walk.extents.length, A_NUMBER: typeof a === "number", B_NUMBER: typeof b === "number" },
    buffers: { condition, a: slice(a), b: slice(b), y },
    params: { size, a_bits: bits(a), b_bits: bits(b), ...walkParams(innermostFirst(walk), walk) },
    workgroups: mapWorkgroups(device, size),
  });
}
