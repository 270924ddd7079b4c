import type { Device } from "../gpu/device.js";
import { attentionBackwardByProducts, attentionForwardByProducts } from "./attention_products.js";
import { attentionBackwardTiled, attentionForwardTiled, longestTiledRows } from "./attention_tiled.js";
import type { AttentionSpec, BackwardOperands, ForwardOperands } from "./attention_layout.js";

export type { AttentionSpec, BackwardOperands, ForwardOperands, MaskOperand, Operand } from "./attention_layout.js";

/** o and l from q, k and v. */
export function attentionForward(device: Device, spec: AttentionSpec, operands: ForwardOperands): void {
  if (usesTiles(device, spec)) attentionForwardTiled(device, spec, operands);
  else attentionForwardByProducts(device, spec, operands);
}

/** dq, dk and dv from the forward's operands and the gradient of o. */
export function attentionBackward(device: Device, spec: AttentionSpec, operands: BackwardOperands): void {
  if (usesTiles(device, spec)) attentionBackwardTiled(device, spec, operands);
  else attentionBackwardByProducts(device, spec, operands);
}

/**
 * Tiles want a GPU's workgroup memory. On software adapters it is slower than plain loads, and the compiler unrolls a
 * tiled kernel's rows: seconds for each head size.
 */
function usesTiles(device: Device, { headDim, valueDim }: AttentionSpec): boolean {
  return device.adapter.class !== "cpu" && headDim + valueDim <= longestTiledRows;
}
