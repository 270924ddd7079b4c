// Attention by subgroups without workgroup memory: the variant for software adapters. A kernel has one pipeline for all
// sizes. Backward stores the weights of some planes at a time, since computing scores twice costs more than reading them.
import scalarGradientsShader from "../../shaders/attention/scalars_gradients.wgsl";
import scalarVOShader from "../../shaders/attention/scalars_v_o.wgsl";
import backwardProductsShader from "../../shaders/attention_backward_products_subgroup.wgsl";
import backwardWeightsShader from "../../shaders/attention_backward_weights_subgroup.wgsl";
import forwardShader from "../../shaders/attention_forward_subgroup.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import { isAligned, operandParams, visiblePairs, weightBuffers, weightConstants, weightParams, weightVarying, type AttentionSpec, type BackwardOperands, type ForwardOperands, type Operand } from "./attention_layout.js";

const rowsPerBlock = 16;
/** Where there are no more queries, as in generation, a block holds these. */
const fewRows = 4;
/** For the weights of one pass; at least one group of heads is always taken. */
const weightsLimit_bytes = 32 * 2 ** 20;

export function attentionForwardSubgroup(device: Device, lanes: number, spec: AttentionSpec, { q, k, v, o, l }: ForwardOperands): void {
  const rows = spec.queries <= fewRows ? fewRows : rowsPerBlock;
  const planes = spec.batch * spec.heads;
  withSums(device, o.slice, (sums) =>
    launch(device, forwardShader, {
      ...(allAligned(spec, [], [v, o]) ? {} : { types: { Pack: "f32" }, functions: scalarVOShader }),
      consts: { LANES: lanes, ROWS: rows },
      constants: { ...weightConstants(spec), O_IS_HALF: o.slice.half === true },
      buffers: { q: q.slice, k: k.slice, v: v.slice, o: o.slice, l, sums, ...weightBuffers(spec, k) },
      params: { ...blockParams(spec, { q, k, v, o }), planes, first_plane: 0, cols: 0 },
      varying: weightVarying(spec),
      workgroups: planes * workgroupsFor(spec.queries, rows),
      cost: { flops: 2 * visiblePairs(spec) * (spec.headDim + spec.valueDim) },
    }),
  );
}

/** f32 beside an o of halves; for others what stands in for it. */
function withSums(device: Device, o: Slice, use: (sums: Slice) => void): void {
  const size_bytes = o.half ? Math.max(16, 2 * o.size_bytes) : 16;
  const buffer = device.acquire(size_bytes, "attention sums");
  try {
    use({ buffer, offset_bytes: 0, size_bytes });
  } finally {
    buffer.release();
  }
}

export function attentionBackwardSubgroup(device: Device, lanes: number, spec: AttentionSpec, operands: BackwardOperands): void {
  const { q, k, v, o, l, dout, dq, dk, dv } = operands;
  const { batch, heads, kvHeads, queries, keys, headDim, valueDim } = spec;
  const group = heads / kvHeads;
  const cols = 4 * lanes * workgroupsFor(keys, 4 * lanes);
  const tile = { consts: { LANES: lanes, ROWS: rowsPerBlock } };
  const aligned = allAligned(spec, [q, k, dq, dk], [dout, dv]);
  inPasses(device, batch * heads, group, 8 * queries * cols, (firstPlane, planes, weights) => {
    const params = { ...blockParams(spec, operands), planes, first_plane: firstPlane, cols, dq_offset: dq.offset, dk_offset: dk.offset, dv_offset: dv.offset };
    const flops = (planes / (batch * heads)) * 2 * visiblePairs(spec);
    launch(device, backwardWeightsShader, {
      ...tile,
      constants: weightConstants(spec),
      buffers: { q: q.slice, k: k.slice, v: v.slice, o: o.slice, l, dout: dout.slice, weights, ...weightBuffers(spec, k) },
      params,
      varying: weightVarying(spec),
      workgroups: planes * workgroupsFor(queries, rowsPerBlock),
      cost: { flops: flops * (headDim + valueDim) },
    });
    const headChunks = workgroupsFor(headDim, 4 * lanes);
    const valueChunks = workgroupsFor(valueDim, 4 * lanes);
    launch(device, backwardProductsShader, {
      ...tile,
      ...(aligned ? {} : { types: { Pack: "f32" }, functions: scalarGradientsShader }),
      buffers: { q: q.slice, k: k.slice, dout: dout.slice, weights, gradients: dq.slice },
      params: { ...params, draw: 0, seed: 0 },
      workgroups: planes * workgroupsFor(queries, rowsPerBlock) * headChunks + (planes / group) * workgroupsFor(keys, rowsPerBlock) * (headChunks + valueChunks),
      cost: { flops: flops * (2 * headDim + valueDim) },
    });
  });
}

/** Calls `run` for so many planes at a time that their weights stay below the limit, in whole groups of heads. */
function inPasses(device: Device, all: number, group: number, plane_bytes: number, run: (firstPlane: number, planes: number, weights: Slice) => void): void {
  const most = Math.max(1, Math.floor(weightsLimit_bytes / Math.max(1, plane_bytes * group))) * group;
  const size_bytes = Math.min(most, all) * plane_bytes;
  const buffer = device.acquire(size_bytes, "attention weights");
  try {
    for (let firstPlane = 0; firstPlane < all; firstPlane += most) {
      run(firstPlane, Math.min(most, all - firstPlane), { buffer, offset_bytes: 0, size_bytes });
    }
  } finally {
    buffer.release();
  }
}

/** Whether all rows, those of q's length and those of v's, can be read as vec4s. */
function allAligned({ headDim, valueDim }: AttentionSpec, ofHeads: Operand[], ofValues: Operand[]): boolean {
  return ofHeads.every((operand) => isAligned(operand, headDim)) && ofValues.every((operand) => isAligned(operand, valueDim));
}

function blockParams(spec: AttentionSpec, { q, k, v, o }: Omit<ForwardOperands, "l">): Record<string, number> {
  return {
    group: spec.heads / spec.kvHeads,
    head_dim: spec.headDim,
    value_dim: spec.valueDim,
    ...weightParams(spec),
    ...operandParams("q", q),
    ...operandParams("k", k),
    ...operandParams("v", v),
    ...operandParams("o", o),
    dq_offset: 0,
    dk_offset: 0,
    dv_offset: 0,
  };
}
