import type { Device } from "../gpu/device.js";
import type { AttentionSpec, BackwardOperands, ForwardOperands } from "./attention_layout.js";
import { attentionBackwardByProducts, attentionForwardByProducts } from "./attention_products.js";
import { attentionBackwardSubgroup, attentionForwardSubgroup } from "./attention_subgroup.js";
import { attentionBackwardTiled, attentionForwardTiled, longestTiledRows } from "./attention_tiled.js";
import { subgroupLanes } from "./matmul_choice.js";

export type { AttentionSpec, BackwardOperands, ForwardOperands, MaskOperand, Operand } from "./attention_layout.js";

/** o and l from q, k and v. */
export function attentionForward(device: Device, spec: AttentionSpec, operands: ForwardOperands): void {
  const lanes = softwareLanes(device);
  if (lanes) attentionForwardSubgroup(device, lanes, spec, operands);
  else if (spec.headDim + spec.valueDim > longestTiledRows) attentionForwardByProducts(device, spec, operands);
  else attentionForwardTiled(device, spec, operands);
}

/** dq, dk and dv from the forward's operands and the gradient of o. */
export function attentionBackward(device: Device, spec: AttentionSpec, operands: BackwardOperands): void {
  const lanes = softwareLanes(device);
  if (lanes) attentionBackwardSubgroup(device, lanes, spec, operands);
  else if (spec.headDim + spec.valueDim > longestTiledRows) attentionBackwardByProducts(device, spec, operands);
  else attentionBackwardTiled(device, spec, operands);
}

/** Tiles want a GPU's workgroup memory: on software adapters it is slower than plain loads, and a barrier slower still. */
function softwareLanes(device: Device): number | null {
  return device.adapter.class === "cpu" ? subgroupLanes(device) : null;
}
