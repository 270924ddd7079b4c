// Elementwise kernels over one operand: f(x), and f(x, number).
import mapClampBackwardShader from "../../shaders/map_clamp_backward.wgsl";
import mapClampShader from "../../shaders/map_clamp.wgsl";
import mapScalarBackwardShader from "../../shaders/map_scalar_backward.wgsl";
import mapScalarShader from "../../shaders/map_scalar.wgsl";
import mapUnaryBackwardShader from "../../shaders/map_unary_backward.wgsl";
import mapUnaryShader from "../../shaders/map_unary.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import { binaryFunctions, unaryFunctions, type BinaryFunction, type UnaryFunction } from "./map_functions.js";

export type ElementType = "f32" | "i32" | "u32";

/** Element types of the operands and of the result. */
export interface MapTypes {
  Element: ElementType;
  Result: ElementType;
}

const workgroup = 64;

/**
 * Workgroups of a grid-stride kernel: enough to fill the adapter. Each costs a software adapter far more than the
 * elements that it does: a copy of 4M floats takes 123 ms with one invocation an element and 31 ms with 32 workgroups
 * (SwiftShader), 57 and 4 ms (lavapipe); with 4 elements a load it is 15 and 3 ms.
 */
export function mapWorkgroups(device: Device, items: number): number {
  return Math.min(workgroupsFor(items, workgroup), device.adapter.class === "cpu" ? 32 : 8192);
}

/** Slices begin at multiples of 256 bytes and own what follows up to the next one, so a slice can be rounded up to packs. */
export function packed(slices: Record<string, Slice>): Record<string, Slice> {
  const round = (slice: Slice): Slice => ({ ...slice, size_bytes: Math.ceil(slice.size_bytes / 16) * 16 });
  return Object.fromEntries(Object.entries(slices).map(([name, slice]) => [name, round(slice)]));
}

/** y = f(x); for "cast", x converted to the result's type. */
export function mapUnary(device: Device, f: UnaryFunction | "cast", buffers: { x: Slice; y: Slice }, size: number, types: MapTypes): void {
  const packs = Math.ceil(size / 4);
  launch(device, mapUnaryShader, {
    ...(f === "cast" ? {} : { functions: unaryFunctions[f] }),
    types: { ...types },
    buffers: packed(buffers),
    params: { packs },
    workgroups: mapWorkgroups(device, packs),
  });
}

/** dx from dy and the saved x or y. */
export function mapUnaryBackward(device: Device, f: UnaryFunction, buffers: { dy: Slice; s: Slice; dx: Slice }, size: number): void {
  const packs = Math.ceil(size / 4);
  launch(device, mapUnaryBackwardShader, {
    functions: unaryFunctions[f],
    buffers: packed(buffers),
    params: { packs },
    workgroups: mapWorkgroups(device, packs),
  });
}

/** The number beside a tensor, and whether it comes first. */
export interface NumberOperand {
  value: number;
  swapped: boolean;
}

/** y = f(x, number), or f(number, x). */
export function mapScalar(
  device: Device,
  f: BinaryFunction,
  buffers: { x: Slice; y: Slice },
  number: NumberOperand,
  size: number,
  types: MapTypes,
): void {
  const packs = Math.ceil(size / 4);
  launch(device, mapScalarShader, {
    functions: binaryFunctions[f],
    types: { ...types },
    constants: { SWAPPED: number.swapped },
    buffers: packed(buffers),
    params: { packs, number_bits: bitsOf(number.value, types.Element) },
    workgroups: mapWorkgroups(device, packs),
  });
}

/** dx from dy and x. */
export function mapScalarBackward(
  device: Device,
  f: BinaryFunction,
  buffers: { dy: Slice; x: Slice; dx: Slice },
  number: NumberOperand,
  size: number,
): void {
  const packs = Math.ceil(size / 4);
  launch(device, mapScalarBackwardShader, {
    functions: binaryFunctions[f],
    constants: { SWAPPED: number.swapped },
    buffers: packed(buffers),
    params: { packs, number_bits: bitsOf(number.value, "f32") },
    workgroups: mapWorkgroups(device, packs),
  });
}

/** Infinite limits stand for none. */
export interface Limits {
  low: number;
  high: number;
}

/** y = min(max(x, low), high). */
export function mapClamp(device: Device, buffers: { x: Slice; y: Slice }, limits: Limits, size: number): void {
  const packs = Math.ceil(size / 4);
  launch(device, mapClampShader, { buffers: packed(buffers), params: { packs, ...limits }, workgroups: mapWorkgroups(device, packs) });
}

/** dx from dy and x. */
export function mapClampBackward(device: Device, buffers: { dy: Slice; x: Slice; dx: Slice }, limits: Limits, size: number): void {
  const packs = Math.ceil(size / 4);
  launch(device, mapClampBackwardShader, { buffers: packed(buffers), params: { packs, ...limits }, workgroups: mapWorkgroups(device, packs) });
}

const scratch = new DataView(new ArrayBuffer(4));

/** The bits of a number as an element. */
export function bitsOf(value: number, type: ElementType): number {
  if (type === "f32") scratch.setFloat32(0, value);
  else if (type === "i32") scratch.setInt32(0, value);
  else scratch.setUint32(0, value);
  return scratch.getUint32(0);
}
