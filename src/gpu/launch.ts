// Launching a kernel: checks its arguments by name, packs Params, records the dispatch.
import { ShaderError } from "../errors.js";
import type { Slice } from "./buffers.js";
import type { Device } from "./device.js";
import { costOf, type Cost } from "./dispatch.js";
import { withHalfTypes } from "./half_types.js";
import type { Pipeline } from "./pipelines.js";
import type { Shader, Specialisation } from "./shader_source.js";

export interface LaunchArguments extends Specialisation {
  /** By the names that the WGSL gives its bindings. */
  buffers: Record<string, Slice>;
  /** By the field names of `struct Params`. */
  params?: Record<string, number>;
  /** Fields of `struct Params` that differ from step to step, such as a dropout's draw: asked at the launch, and again by each replay of a captured step. */
  varying?: (() => Record<string, number>) | undefined;
  /** A count of workgroups, folded into two dimensions past 65,535; or explicit x, y, z. */
  workgroups: number | readonly [number, number, number];
  /** For the profiler, where it is not everything bound once and no arithmetic to speak of. */
  cost?: Partial<Cost>;
}

const maxWorkgroupsPerDimension = 65535;

/** Records one dispatch of `shader`. Nothing is launched for zero workgroups. */
export function launch(device: Device, shader: Shader, args: LaunchArguments): void {
  const grid = foldGrid(shader, args.workgroups);
  if (grid[0] * grid[1] * grid[2] === 0) return;
  const pipeline = device.pipelines.get(shader, withHalfTypes(shader, args));
  const { params, varying } = args;
  const pack = () => packParams(shader, pipeline, { ...params, ...varying?.() });
  const slices = collectBuffers(shader, pipeline, args.buffers);
  device.queue.dispatch({ pipeline, slices, params: pack(), repack: varying ? pack : null, grid, cost: costOf(args.cost, slices) });
}

/** Kernels find their linear workgroup as `workgroup.x + workgroup.y * workgroups.x`, and guard the tail. */
export function foldGrid(shader: Shader, workgroups: LaunchArguments["workgroups"]): readonly [number, number, number] {
  const grid: readonly [number, number, number] =
    typeof workgroups !== "number"
      ? workgroups
      : workgroups <= maxWorkgroupsPerDimension
        ? [workgroups, 1, 1]
        : [maxWorkgroupsPerDimension, Math.ceil(workgroups / maxWorkgroupsPerDimension), 1];
  for (const extent of grid) {
    if (!Number.isInteger(extent) || extent < 0 || extent > maxWorkgroupsPerDimension) {
      throw new ShaderError(`${shader.name}.wgsl: bad grid, got [${grid.join(", ")}] workgroups`);
    }
  }
  return grid;
}

/** Slices in the order of the bindings; null for `params`. */
export function collectBuffers(shader: Shader, pipeline: Pipeline, buffers: Record<string, Slice>): (Slice | null)[] {
  const used = new Set<string>();
  const slices = pipeline.reflection.bindings.map(({ name }) => {
    if (name === "params") return null;
    const slice = buffers[name];
    if (!slice) throw new ShaderError(`${shader.name}.wgsl: no buffer given for binding "${name}"`);
    used.add(name);
    return slice;
  });
  for (const name of Object.keys(buffers)) {
    if (!used.has(name)) throw new ShaderError(`${shader.name}.wgsl: has no binding named "${name}"`);
  }
  return slices;
}

/** The bytes of `struct Params`. */
export function packParams(shader: Shader, pipeline: Pipeline, params: Record<string, number>): ArrayBuffer {
  const fields = pipeline.reflection.params;
  const data = new ArrayBuffer(fields.length * 4);
  const view = new DataView(data);
  fields.forEach(({ name, type }, position) => {
    const value = params[name];
    if (value === undefined) throw new ShaderError(`${shader.name}.wgsl: no value given for Params field "${name}"`);
    if (type === "f32") view.setFloat32(position * 4, value, true);
    else if (!Number.isInteger(value)) throw new ShaderError(`${shader.name}.wgsl: Params field "${name}" is ${type}, got ${value}`);
    else if (type === "u32") view.setUint32(position * 4, value, true);
    else view.setInt32(position * 4, value, true);
  });
  for (const name of Object.keys(params)) {
    if (!fields.some((field) => field.name === name)) {
      const known = fields.map((field) => field.name).join(", ");
      throw new ShaderError(`${shader.name}.wgsl: Params has no field "${name}" (it has ${known})`);
    }
  }
  return data;
}

/** Workgroups for `items` work items at `perWorkgroup` each. */
export function workgroupsFor(items: number, perWorkgroup: number): number {
  return Math.ceil(items / perWorkgroup);
}
