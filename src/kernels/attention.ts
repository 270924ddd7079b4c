import { ShapeError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import type { AttentionSpec, BackwardOperands, ForwardOperands } from "./attention_layout.js";
import { attentionBackwardSubgroup, attentionForwardSubgroup } from "./attention_subgroup.js";
import { attentionBackwardTiled, attentionForwardTiled, fitsTiles } from "./attention_tiled.js";
import { subgroupLanes } from "./matmul_choice.js";

export type { AttentionSpec, BackwardOperands, ForwardOperands, MaskOperand, Operand } from "./attention_layout.js";

/** o and l from q, k and v. */
export function attentionForward(device: Device, spec: AttentionSpec, operands: ForwardOperands): void {
  const lanes = lanesWithoutTiles(device, spec);
  if (lanes) attentionForwardSubgroup(device, lanes, spec, operands);
  else attentionForwardTiled(device, spec, operands);
}

/** dq, dk and dv from the forward's operands and the gradient of o. */
export function attentionBackward(device: Device, spec: AttentionSpec, operands: BackwardOperands): void {
  const lanes = lanesWithoutTiles(device, spec);
  if (lanes) attentionBackwardSubgroup(device, lanes, spec, operands);
  else attentionBackwardTiled(device, spec, operands);
}

/**
 * The size of subgroups where attention works by them, else null. Tiles want a GPU's workgroup memory: on software
 * adapters it is slower than plain loads, and a barrier slower still.
 */
function lanesWithoutTiles(device: Device, spec: AttentionSpec): number | null {
  const lanes = subgroupLanes(device);
  if (fitsTiles(device, spec)) return device.adapter.class === "cpu" ? lanes : null;
  if (lanes) return lanes;
  throw new ShapeError(`attention: rows are too long for the workgroup memory of ${device.adapter.name}, got head_dim ${spec.headDim} and value_dim ${spec.valueDim}; use more heads`);
}
