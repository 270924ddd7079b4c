import linearBackwardShader from "../../shaders/linear_backward.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";
import { unaryFunctions } from "./map_functions.js";
import { chooseVariant, subgroupLanes, subgroupRows } from "./matmul_choice.js";
import { layoutOf } from "./matmul_layout.js";
import { seeProduct } from "./matmul_tuning.js";
import { unusedBytes, type Finish } from "./matmul_finish.js";

export interface LinearBackwardSizes {
  rows: number;
  inputs: number;
  outputs: number;
}

export interface LinearBackwardBuffers {
  dz: Slice;
  w: Slice;
  x: Slice;
  dx: Slice;
  dw: Slice;
}

/** How dx ends, as Finish has it, and what is done beside dw. */
export interface LinearBackwardEnding {
  dx: Pick<Finish, "residual" | "slope">;
  /** Of dw, `rowSums` being those of dzᵀ: db. */
  dw: Pick<Finish, "accumulate" | "rowSums">;
}

/** Whether both products are best made as tiles of subgroups: then one launch makes both. */
export function makesBothGradients(device: Device, { dz, w, x }: Pick<LinearBackwardBuffers, "dz" | "w" | "x">, { rows, inputs, outputs }: LinearBackwardSizes): boolean {
  if (inputs % 4 !== 0 || rows === 0 || inputs * outputs === 0) return false;
  const isSubgroup = (a: Slice, b: Slice, sizes: Parameters<typeof layoutOf>[0]) => {
    const layout = layoutOf(sizes);
    seeProduct(device, layout, a, b);
    return chooseVariant(device, layout, { halves: a.half === true || b.half === true }) === "subgroup";
  };
  const dx = isSubgroup(dz, w, { m: rows, n: inputs, k: outputs });
  const dw = isSubgroup(dz, x, { m: outputs, n: inputs, k: rows, transposeA: true });
  return dx && dw && device.adapter.class === "cpu";
}

/** dx = dz W and dw = dzᵀ x in one launch. */
export function linearBackwardBoth(device: Device, buffers: LinearBackwardBuffers, { rows, inputs, outputs }: LinearBackwardSizes, ending: LinearBackwardEnding): void {
  const lanes = subgroupLanes(device)!;
  const { residual, slope } = ending.dx;
  const { accumulate = false, rowSums } = ending.dw;
  const tiles = Math.ceil(inputs / (8 * lanes)) * (Math.ceil(rows / subgroupRows(lanes)) + Math.ceil(outputs / subgroupRows(lanes)));
  const beside = slope?.kept ?? residual;
  const moved = [...Object.values(buffers), ...(beside ? [beside] : []), ...(rowSums ? [rowSums.to] : [])];
  const unused = rowSums ? null : device.acquire(unusedBytes, "linear backward unused");
  launch(device, linearBackwardShader, {
    buffers: {
      ...buffers,
      // Without one its binding still needs a buffer.
      beside: beside ?? buffers.x,
      db: rowSums?.to ?? { buffer: unused!, offset_bytes: 0, size_bytes: unusedBytes },
    },
    params: { rows, inputs, outputs, adds_dw: accumulate ? 1 : 0, sums_dz: rowSums ? (rowSums.accumulate ? 2 : 1) : 0 },
    constants: { ENDING: slope ? 2 : residual ? 1 : 0 },
    consts: { LANES: lanes },
    ...(slope ? { functions: unaryFunctions[slope.activation] } : {}),
    workgroups: tiles,
    cost: { bytes: moved.reduce((sum, { size_bytes }) => sum + size_bytes, 0), flops: 4 * rows * inputs * outputs },
  });
  unused?.release();
}
