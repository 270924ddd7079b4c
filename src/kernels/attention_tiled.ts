// Attention in one pass over tiles of keys in workgroup memory: the variant for GPUs. Scores are never stored.
import backwardKeysShader from "../../shaders/attention_backward_keys_tiled.wgsl";
import backwardQueriesShader from "../../shaders/attention_backward_queries_tiled.wgsl";
import forwardShader from "../../shaders/attention_forward_tiled.wgsl";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import { operandParams, weightBuffers, weightConstants, weightParams, weightVarying, type AttentionSpec, type BackwardOperands, type ForwardOperands } from "./attention_layout.js";

const rowsPerWorkgroup = 64;

/** Longest rows of q and v together: backward holds two of each in the registers of one invocation. */
export const longestTiledRows = 256;

export function attentionForwardTiled(device: Device, spec: AttentionSpec, operands: ForwardOperands): void {
  const { q, k, v, o, l } = operands;
  launch(device, forwardShader, {
    ...variant(spec),
    varying: weightVarying(spec),
    buffers: { q: q.slice, k: k.slice, v: v.slice, o: o.slice, l, ...weightBuffers(spec, k) },
    params: { ...tiledParams(spec, operands), dq_offset: 0, dk_offset: 0, dv_offset: 0 },
    workgroups: spec.batch * spec.heads * workgroupsFor(spec.queries, rowsPerWorkgroup),
  });
}

export function attentionBackwardTiled(device: Device, spec: AttentionSpec, operands: BackwardOperands): void {
  const { q, k, v, o, l, dout, dq, dk, dv } = operands;
  const inputs = { q: q.slice, k: k.slice, v: v.slice, o: o.slice, l, dout: dout.slice, ...weightBuffers(spec, k) };
  const params = { ...tiledParams(spec, operands), dq_offset: dq.offset, dk_offset: dk.offset, dv_offset: dv.offset };
  launch(device, backwardQueriesShader, {
    ...variant(spec),
    varying: weightVarying(spec),
    buffers: { ...inputs, dq: dq.slice },
    params,
    workgroups: spec.batch * spec.heads * workgroupsFor(spec.queries, rowsPerWorkgroup),
  });
  launch(device, backwardKeysShader, {
    ...variant(spec),
    varying: weightVarying(spec),
    buffers: { ...inputs, dkv: dk.slice },
    params,
    workgroups: spec.batch * spec.kvHeads * workgroupsFor(spec.keys, rowsPerWorkgroup),
  });
}

function variant(spec: AttentionSpec): { consts: Record<string, number>; constants: Record<string, number | boolean> } {
  const headPacks = Math.ceil(spec.headDim / 4);
  const valuePacks = Math.ceil(spec.valueDim / 4);
  // 16 bytes a pack and 8 a row must stay within 16 KiB.
  const tile = headPacks + valuePacks <= 60 ? 16 : 8;
  return {
    consts: { HEAD_PACKS: headPacks, VALUE_PACKS: valuePacks, TILE: tile },
    constants: weightConstants(spec),
  };
}

function tiledParams(spec: AttentionSpec, { q, k, v, o }: ForwardOperands): Record<string, number> {
  return {
    planes: spec.batch * spec.heads,
    group: spec.heads / spec.kvHeads,
    head_dim: spec.headDim,
    value_dim: spec.valueDim,
    ...weightParams(spec),
    ...operandParams("q", q),
    ...operandParams("k", k),
    ...operandParams("v", v),
    ...operandParams("o", o),
  };
}
