// How row kernels see a tensor: who shares a row, how many elements at once, how many workgroups.
import foursInRowShader from "../../shaders/lib/fours_in_row.wgsl";
import foursOfRowsShader from "../../shaders/lib/fours_of_rows.wgsl";
import lanesOfSubgroupShader from "../../shaders/lib/lanes_of_subgroup.wgsl";
import lanesOfWorkgroupShader from "../../shaders/lib/lanes_of_workgroup.wgsl";
import type { Device } from "../gpu/device.js";
import { workgroupsFor } from "../gpu/launch.js";
import type { Shader } from "../gpu/shader_source.js";

/** A tensor seen as [outer, extent, inner]: rows run along `extent`. With inner 1 they are contiguous. */
export interface RowSizes {
  outer: number;
  extent: number;
  inner: number;
}

/**
 * Who shares a row: nobody, lanes of one subgroup (no barrier, several rows a workgroup), or all lanes of a workgroup,
 * for GPUs without subgroups and for few long rows.
 */
export type RowVariant = "invocation" | "subgroup" | "workgroup";

export interface RowForm {
  variant: RowVariant;
  /** Sizes in the kernel's Elements: `extent` or `inner` counts fours in the forms of four. */
  rows: number;
  extent: number;
  inner: number;
  /** Elements of a row in one Element. */
  width: 1 | 4;
  how: { types: Record<string, string> } & Lanes;
  workgroups: number;
}

export interface RowFormOptions {
  /** Forced by tests. */
  variant?: RowVariant | undefined;
  /** False for a kernel that cannot take one element each of four rows. */
  foursOfRows?: boolean;
}

/** The form of a kernel that includes lib/across.wgsl and lib/row_lanes.wgsl. */
export function rowForm(device: Device, sizes: RowSizes, { variant = pickVariant(device, sizes), foursOfRows = true }: RowFormOptions = {}): RowForm {
  const { outer, extent, inner } = sizes;
  const lanes = lanesOf(device, variant);
  const form = (types: Record<string, string>, fours: readonly Shader[], elements: { rows: number; extent: number; inner: number; width: 1 | 4 }): RowForm => ({
    variant,
    ...elements,
    how: { types, functions: [...fours, ...lanes.functions], constants: lanes.constants },
    workgroups: extent === 0 ? 0 : workgroupsFor(elements.rows, lanes.constants.WORKGROUP / lanes.constants.LANES),
  });
  const rows = outer * inner;
  if (inner === 1 && extent % 4 === 0) return form({ Element: "vec4f" }, [foursInRowShader], { rows, extent: extent / 4, inner, width: 4 });
  if (inner % 4 === 0 && foursOfRows && variant === "invocation") {
    return form({ Element: "vec4f", Stat: "vec4f" }, [foursOfRowsShader], { rows: rows / 4, extent, inner: inner / 4, width: 1 });
  }
  return form({}, [], { rows, extent, inner, width: 1 });
}

export interface Lanes {
  functions: readonly Shader[];
  constants: { WORKGROUP: number; LANES: number };
}

const invocationsWithoutSharing = 16;
const rowsPerWorkgroup = 8;
const lanesPerRow = 64;

/** How many lanes share a row, and through which functions. `workgroup` is the size of one where a kernel wants its own. */
export function lanesOf(device: Device, variant: RowVariant, workgroup?: number): Lanes {
  if (variant === "invocation") return { functions: [], constants: { WORKGROUP: workgroup ?? invocationsWithoutSharing, LANES: 1 } };
  if (variant === "workgroup") return { functions: [lanesOfWorkgroupShader], constants: { WORKGROUP: workgroup ?? lanesPerRow, LANES: workgroup ?? lanesPerRow } };
  const LANES = Math.min(32, device.adapter.subgroupMinSize);
  return { functions: [lanesOfSubgroupShader], constants: { WORKGROUP: Math.max(LANES, workgroup ?? rowsPerWorkgroup * LANES), LANES } };
}

/** What the adapter's class has for rows that are worth sharing. */
export function sharedVariant(device: Device): RowVariant {
  return device.adapter.class === "cpu" ? "invocation" : device.adapter.class === "gpu-subgroup" ? "subgroup" : "workgroup";
}

/** From so many elements on, lanes that read neighbours are worth more to a software adapter than the shuffles cost. */
const longRow = 1024;

/** Rows side by side fill a GPU on their own, unless they are few. A few long ones want more lanes than a subgroup has. */
function pickVariant(device: Device, { outer, extent, inner }: RowSizes): RowVariant {
  if (device.adapter.class === "cpu") return inner === 1 && extent >= longRow && device.features.has("subgroups") ? "subgroup" : "invocation";
  const rows = outer * inner;
  if (extent < 32 || (inner > 1 && rows >= 4096)) return "invocation";
  const variant = sharedVariant(device);
  return variant === "subgroup" && extent > 2048 && rows < 2048 ? "workgroup" : variant;
}
