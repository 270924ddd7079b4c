// Attention in one pass over tiles of keys in workgroup memory: the variant for GPUs. Scores are never stored.
import backwardKeysShader from "../../shaders/attention_backward_keys_tiled.wgsl";
import backwardQueriesShader from "../../shaders/attention_backward_queries_tiled.wgsl";
import forwardShader from "../../shaders/attention_forward_tiled.wgsl";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import type { Specialisation } from "../gpu/shader_source.js";
import { operandParams, visiblePairs, weightBuffers, weightConstants, weightParams, weightVarying, type AttentionSpec, type BackwardOperands, type ForwardOperands } from "./attention_layout.js";

const lanesPerWorkgroup = 64;
const workgroupMemory_bytes = 16384;
const longestTile = 16;
/**
 * vec4s of rows that a lane holds in registers: 128 numbers are half of what a GPU's lane has. Drivers unroll the loops
 * over them, and those of software adapters then compile for minutes.
 */
const packsPerLane = { gpu: 32, software: 8 };

/** Whether a row of each side fits into workgroup memory. */
export function fitsTiles(device: Device, spec: AttentionSpec): boolean {
  const { split, tile } = tilePlan(device, spec, "keys");
  return split <= lanesPerWorkgroup && tile >= 1;
}

export function attentionForwardTiled(device: Device, spec: AttentionSpec, operands: ForwardOperands): void {
  const { q, k, v, o, l } = operands;
  const { how, rows } = variant(device, spec, "forward");
  launch(device, forwardShader, {
    ...how,
    varying: weightVarying(spec),
    buffers: { q: q.slice, k: k.slice, v: v.slice, o: o.slice, l, ...weightBuffers(spec, k) },
    params: { ...tiledParams(spec, operands), dq_offset: 0, dk_offset: 0, dv_offset: 0 },
    workgroups: spec.batch * spec.heads * workgroupsFor(spec.queries, rows),
    cost: { flops: 2 * visiblePairs(spec) * (spec.headDim + spec.valueDim) },
  });
}

export function attentionBackwardTiled(device: Device, spec: AttentionSpec, operands: BackwardOperands): void {
  const { q, k, v, o, l, dout, dq, dk, dv } = operands;
  const inputs = { q: q.slice, k: k.slice, v: v.slice, l, dout: dout.slice, ...weightBuffers(spec, k) };
  const params = { ...tiledParams(spec, operands), dq_offset: dq.offset, dk_offset: dk.offset, dv_offset: dv.offset };
  const queries = variant(device, spec, "queries");
  launch(device, backwardQueriesShader, {
    ...queries.how,
    varying: weightVarying(spec),
    buffers: { ...inputs, o: o.slice, dq: dq.slice },
    params,
    workgroups: spec.batch * spec.heads * workgroupsFor(spec.queries, queries.rows),
    cost: { flops: 2 * visiblePairs(spec) * (2 * spec.headDim + spec.valueDim) },
  });
  const keys = variant(device, spec, "keys");
  launch(device, backwardKeysShader, {
    ...keys.how,
    varying: weightVarying(spec),
    buffers: { ...inputs, dkv: dk.slice },
    params,
    workgroups: spec.batch * spec.kvHeads * workgroupsFor(spec.keys, keys.rows),
    cost: { flops: 2 * visiblePairs(spec) * (2 * spec.headDim + 2 * spec.valueDim) },
  });
}

type Kernel = "forward" | "queries" | "keys";

function variant(device: Device, spec: AttentionSpec, kernel: Kernel): { how: Specialisation; rows: number } {
  const { split, headPacks, valuePacks, tile } = tilePlan(device, spec, kernel);
  return {
    how: { consts: { SPLIT: split, HEAD_PACKS: headPacks, VALUE_PACKS: valuePacks, TILE: tile }, constants: weightConstants(spec) },
    rows: lanesPerWorkgroup / split,
  };
}

/** Over how many lanes a row is split, what it then has in vec4s, and how many rows a tile has. */
function tilePlan({ adapter }: Device, { headDim, valueDim }: AttentionSpec, kernel: Kernel): { split: number; headPacks: number; valuePacks: number; tile: number } {
  const packs = { head: Math.ceil(headDim / 4), value: Math.ceil(valueDim / 4) };
  const held = { forward: packs.head + packs.value, queries: 2 * packs.head + packs.value, keys: 2 * packs.head + 2 * packs.value }[kernel];
  const split = 2 ** Math.max(0, Math.ceil(Math.log2(held / packsPerLane[adapter.software ? "software" : "gpu"])));
  const [headPacks, valuePacks] = [split * Math.ceil(packs.head / split), split * Math.ceil(packs.value / split)];
  // A row of both sides, the lanes' parts of its products, and two numbers of a query.
  const row_bytes = 16 * (headPacks + valuePacks) + (kernel === "forward" ? 4 : 8) * lanesPerWorkgroup + 8;
  const most = Math.floor(workgroupMemory_bytes / row_bytes);
  return { split, headPacks, valuePacks, tile: most === 0 ? 0 : Math.min(longestTile, 2 ** Math.floor(Math.log2(most))) };
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
