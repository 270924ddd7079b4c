// How row kernels see a tensor: which variant, how many elements at once, how many workgroups.
import foursInRowShader from "../../shaders/lib/fours_in_row.wgsl";
import foursOfRowsShader from "../../shaders/lib/fours_of_rows.wgsl";
import type { Device } from "../gpu/device.js";
import { workgroupsFor } from "../gpu/launch.js";
import type { Specialisation } from "../gpu/shader_source.js";

/** A tensor seen as [outer, extent, inner]: rows run along `extent`. With inner 1 they are contiguous. */
export interface RowSizes {
  outer: number;
  extent: number;
  inner: number;
}

/** `invocation`: one a row. `workgroup`: lanes share a row; for GPUs and long rows. */
export type RowVariant = "invocation" | "workgroup";

export interface RowForm {
  variant: RowVariant;
  /** Sizes in the kernel's Elements: `extent` or `inner` counts fours in the forms of four. */
  rows: number;
  extent: number;
  inner: number;
  /** Elements of a row in one Element. */
  width: 1 | 4;
  how: Specialisation;
  workgroups: number;
}

const rowsPerWorkgroup = 16;
export const lanesPerRow = 64;

export interface RowFormOptions {
  /** Forced by tests. */
  variant?: RowVariant | undefined;
  /** False for a kernel that cannot take one element each of four rows. */
  foursOfRows?: boolean;
}

/** The form of a kernel that includes lib/across.wgsl. */
export function rowForm(device: Device, { outer, extent, inner }: RowSizes, { variant = pickVariant(device, { outer, extent, inner }), foursOfRows = true }: RowFormOptions = {}): RowForm {
  const rows = outer * inner;
  const workgroups = (count: number) => (extent === 0 ? 0 : variant === "workgroup" ? count : workgroupsFor(count, rowsPerWorkgroup));
  if (inner === 1 && extent % 4 === 0) {
    return { variant, rows, extent: extent / 4, inner, width: 4, how: { types: { Element: "vec4f" }, functions: foursInRowShader }, workgroups: workgroups(rows) };
  }
  if (inner % 4 === 0 && foursOfRows && variant === "invocation") {
    const how = { types: { Element: "vec4f", Stat: "vec4f" }, functions: foursOfRowsShader };
    return { variant, rows: rows / 4, extent, inner: inner / 4, width: 1, how, workgroups: workgroups(rows / 4) };
  }
  return { variant, rows, extent, inner, width: 1, how: {}, workgroups: workgroups(rows) };
}

/** Rows side by side fill a GPU on their own, unless they are few. */
function pickVariant(device: Device, { outer, extent, inner }: RowSizes): RowVariant {
  const shared = extent >= lanesPerRow && (inner === 1 || outer * inner < 4096);
  return device.adapter.class !== "cpu" && shared ? "workgroup" : "invocation";
}
