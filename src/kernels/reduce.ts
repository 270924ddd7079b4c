import maxShader from "../../shaders/reduce/max.wgsl";
import maxIntegerShader from "../../shaders/reduce/max_integer.wgsl";
import meanShader from "../../shaders/reduce/mean.wgsl";
import minShader from "../../shaders/reduce/min.wgsl";
import minIntegerShader from "../../shaders/reduce/min_integer.wgsl";
import norm1Shader from "../../shaders/reduce/norm_1.wgsl";
import norm2Shader from "../../shaders/reduce/norm_2.wgsl";
import normInfinityShader from "../../shaders/reduce/norm_infinity.wgsl";
import squareDeviationShader from "../../shaders/reduce/square_deviation.wgsl";
import tiesShader from "../../shaders/reduce/ties.wgsl";
import tiesAbsoluteShader from "../../shaders/reduce/ties_absolute.wgsl";
import reduceShader from "../../shaders/reduce.wgsl";
import reduceWorkgroupShader from "../../shaders/reduce_workgroup.wgsl";
import { ShapeError } from "../errors.js";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import type { Shader } from "../gpu/shader_source.js";
import { collapseAxes, formatShape, reducedShape, sizeOf, stridesOf, type Shape } from "../shape.js";

/** What is computed over the reduced axes; null stands for the kernel's own functions, a sum. */
const functionsOf = {
  sum: null,
  mean: meanShader,
  max: maxShader,
  max_integer: maxIntegerShader,
  min: minShader,
  min_integer: minIntegerShader,
  square_deviation: squareDeviationShader,
  norm_1: norm1Shader,
  norm_2: norm2Shader,
  norm_infinity: normInfinityShader,
  ties: tiesShader,
  ties_absolute: tiesAbsoluteShader,
} satisfies Record<string, Shader | null>;

/** Functions for chunks that were combined before: a count of ties adds up as a sum does. */
export type Reduction = keyof typeof functionsOf;

/** `invocation`: one an output and chunk. `workgroup`: lanes share an output; for GPUs and long contiguous rows. */
export type ReduceVariant = "invocation" | "workgroup";

export interface ReduceSpec {
  /** The op as the user typed it, for errors. */
  op: string;
  reduction: Reduction;
  dtype: "f32" | "i32" | "u32";
  shape: Shape;
  axes: readonly number[];
  /** What mean and square_deviation multiply by. */
  scale?: number;
}

interface Axis {
  extent: number;
  stride: number;
}

interface Walk {
  kept: Axis[];
  reduced: Axis[];
}

const maxAxes = 3;
/** Four neighbours at once: four outputs, or four partial results of one output. */
type Fours = "outputs" | "partials" | null;

const rowsPerWorkgroup = 16;
const lanes = 64;

/**
 * y = the reduction of x over `axes`; `s` is the second operand of square_deviation (the means) and of ties (the
 * extrema). Neither the count nor the outputs may be zero. Long reductions take two launches or more, always in the
 * same order: results repeat bit for bit.
 */
export function reduce(device: Device, buffers: { x: Slice; s?: Slice; y: Slice }, spec: ReduceSpec, variant?: ReduceVariant): void {
  const { x, s = x, y } = buffers;
  run(device, { x, s, y }, walkOf(spec), spec, true, variant ?? null);
}

function run(device: Device, buffers: { x: Slice; s: Slice; y: Slice }, walk: Walk, spec: ReduceSpec, first: boolean, forced: ReduceVariant | null): void {
  const variant = forced ?? pickVariant(device, walk);
  const fours = variant === "workgroup" || spec.dtype !== "f32" ? null : foursOf(walk);
  const { kept, reduced } = fours ? inFours(walk, fours) : walk;
  const outputs = extentOf(kept);
  const count = extentOf(reduced);
  const chunk_length = Math.ceil(count / chunksFor(device, variant, outputs, count));
  const chunks = Math.ceil(count / chunk_length);
  const parts = chunks * (fours === "partials" ? 4 : 1);

  const last = parts === 1;
  const scratch = last ? null : device.acquire(extentOf(walk.kept) * parts * 4, `${spec.op} partials`);
  const target = scratch ? { buffer: scratch, offset_bytes: 0, size_bytes: extentOf(walk.kept) * parts * 4 } : buffers.y;
  const functions = functionsOf[spec.reduction];
  launch(device, variant === "workgroup" ? reduceWorkgroupShader : reduceShader, {
    buffers: { x: buffers.x, s: buffers.s, y: target },
    params: { outputs, chunks, chunk_length, count, scale: spec.scale ?? 1, ...axisParams(kept, "kept_"), ...axisParams(reduced, "") },
    constants: { CONTRIBUTE: first, FINISH: last },
    types: variant === "workgroup" ? { Element: spec.dtype } : elementTypes(spec, fours),
    ...(functions ? { functions } : {}),
    workgroups: variant === "workgroup" ? outputs * chunks : workgroupsFor(outputs * chunks, rowsPerWorkgroup),
  });
  if (!scratch) return;
  const shape = [chunks, outputs, parts / chunks];
  if (fours === "outputs") shape[1] = outputs * 4;
  const rest = walkOf({ ...spec, shape, axes: [0, 2] });
  run(device, { x: target, s: target, y: buffers.y }, rest, spec, false, forced);
  // The queue runs in order, so whoever gets this buffer next cannot overtake the launches above.
  scratch.release();
}

/** At most three kept and three reduced axes, after neighbours of one kind are merged. */
function walkOf({ op, shape, axes }: ReduceSpec): Walk {
  const strides = stridesOf(shape);
  const outputStrides = stridesOf(reducedShape(shape, axes, true));
  const { extents, strides: merged } = collapseAxes(shape, [strides, outputStrides.map((stride, axis) => (axes.includes(axis) ? 0 : stride))]);
  const all = extents.map((extent, axis) => ({ extent, stride: merged[0]![axis]!, kept: merged[1]![axis] !== 0 || extent === 1 }));
  const kept = all.filter((axis) => axis.kept);
  const reduced = all.filter((axis) => !axis.kept);
  if (kept.length > maxAxes || reduced.length > maxAxes) {
    throw new ShapeError(`${op}: axes form more than ${maxAxes} separate groups, got [${axes.join(", ")}] of ${formatShape(shape)}; permute first`);
  }
  return { kept, reduced };
}

function pickVariant(device: Device, { reduced }: Walk): ReduceVariant {
  const rowwise = reduced[reduced.length - 1]?.stride === 1;
  return device.adapter.class !== "cpu" && rowwise && extentOf(reduced) >= lanes ? "workgroup" : "invocation";
}

function foursOf({ kept, reduced }: Walk): Fours {
  const isFour = (along: Axis | undefined) =>
    along?.stride === 1 && along.extent % 4 === 0 && [...kept, ...reduced].every((axis) => axis === along || axis.stride % 4 === 0);
  if (isFour(kept[kept.length - 1])) return "outputs";
  const row = reduced[reduced.length - 1];
  // Partial results cost a second launch: only worth it for long rows and much work.
  return isFour(row) && row!.extent >= 32 && extentOf(kept) * extentOf(reduced) >= 16384 ? "partials" : null;
}

function inFours({ kept, reduced }: Walk, fours: Fours): Walk {
  const along = fours === "outputs" ? kept[kept.length - 1] : reduced[reduced.length - 1];
  const quarter = (axis: Axis) => (axis === along ? { extent: axis.extent / 4, stride: 1 } : { extent: axis.extent, stride: axis.stride / 4 });
  return { kept: kept.map(quarter), reduced: reduced.map(quarter) };
}

/**
 * Chunks give parallelism where outputs are few, and keep sums short: an invocation combines at most 8192 elements (in
 * runs of 64), a lane of a workgroup at most 1024.
 */
function chunksFor(device: Device, variant: ReduceVariant, outputs: number, count: number): number {
  if (variant === "workgroup") return Math.max(Math.ceil(count / (1024 * lanes)), Math.min(Math.ceil(1024 / outputs), Math.ceil(count / 4096)));
  const forLength = Math.ceil(count / 8192);
  if (count <= 1024) return 1;
  const wanted = device.adapter.class === "cpu" ? 512 : 16384;
  return Math.max(forLength, Math.min(Math.ceil(wanted / outputs), Math.ceil(count / 256)));
}

function elementTypes({ dtype }: ReduceSpec, fours: Fours): Record<string, string> {
  if (!fours) return { Element: dtype, Shift: dtype };
  return { Element: "vec4f", Shift: fours === "outputs" ? "vec4f" : "f32", Bits: "vec4u", Truth: "vec4<bool>" };
}

/** Params of the axes, aligned at the innermost. The outermost extent is not needed. */
function axisParams(axes: readonly Axis[], prefix: string): Record<string, number> {
  const params: Record<string, number> = {};
  for (let position = 0; position < maxAxes; position++) {
    const axis = axes[position - maxAxes + axes.length];
    if (position > 0) params[`${prefix}extent${position}`] = axis?.extent ?? 1;
    params[`${prefix}stride${position}`] = axis?.stride ?? 0;
  }
  return params;
}

function extentOf(axes: readonly Axis[]): number {
  return sizeOf(axes.map((axis) => axis.extent));
}
