// Attention as matrix products over scratch that holds the scores of some planes at a time: the variant for software
// adapters. Its kernels are register tiles without workgroup memory, small enough to compile fast, one for all sizes.
import loadABShader from "../../shaders/attention/load_a_b_scalars.wgsl";
import loadBShader from "../../shaders/attention/load_b_scalars.wgsl";
import mixKeysShader from "../../shaders/attention_mix_keys.wgsl";
import mixQueriesShader from "../../shaders/attention_mix_queries.wgsl";
import scoresShader from "../../shaders/attention_scores.wgsl";
import softmaxBackwardShader from "../../shaders/attention_softmax_backward.wgsl";
import softmaxForwardShader from "../../shaders/attention_softmax_forward.wgsl";
import type { PoolBuffer, Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import { isAligned, operandParams, weightBuffers, weightConstants, weightParams, weightVarying, type AttentionSpec, type BackwardOperands, type ForwardOperands, type Operand } from "./attention_layout.js";

const tilesPerWorkgroup = 8;
const rowsPerWorkgroup = 16;
/** Scratch for the scores of one pass; at least one group of heads is always taken. */
const scratchLimit_bytes = 32 * 2 ** 20;

/** Planes whose scores are in scratch: a plane is one query head of one batch. */
interface Pass {
  firstPlane: number;
  planes: number;
  /** Length of a row of scratch. */
  cols: number;
}

export function attentionForwardByProducts(device: Device, spec: AttentionSpec, { q, k, v, o, l }: ForwardOperands): void {
  inPasses(device, spec, 1, (pass, [p]) => {
    scores(device, spec, pass, q, k, p!, spec.headDim);
    launch(device, softmaxForwardShader, {
      buffers: { p: p!, l, ...weightBuffers(spec, k) },
      params: softmaxParams(spec, pass),
      varying: weightVarying(spec),
      constants: weightConstants(spec),
      workgroups: workgroupsFor(pass.planes * spec.queries, rowsPerWorkgroup),
    });
    mixKeys(device, spec, pass, p!, v, o, spec.valueDim);
  });
}

export function attentionBackwardByProducts(device: Device, spec: AttentionSpec, { q, k, v, l, dout, dq, dk, dv }: BackwardOperands): void {
  inPasses(device, spec, 2, (pass, [p, ds]) => {
    scores(device, spec, pass, q, k, p!, spec.headDim);
    scores(device, spec, pass, dout, v, ds!, spec.valueDim);
    launch(device, softmaxBackwardShader, {
      buffers: { l, p: p!, ds: ds!, ...weightBuffers(spec, k) },
      params: softmaxParams(spec, pass),
      varying: weightVarying(spec),
      constants: weightConstants(spec),
      workgroups: workgroupsFor(pass.planes * spec.queries, rowsPerWorkgroup),
    });
    mixKeys(device, spec, pass, ds!, k, dq, spec.headDim);
    mixQueries(device, spec, pass, ds!, q, dk, spec.headDim);
    mixQueries(device, spec, pass, p!, dout, dv, spec.valueDim);
  });
}

/** y = a · bᵀ for each query and the keys that it sees. */
function scores(device: Device, spec: AttentionSpec, pass: Pass, a: Operand, b: Operand, y: Slice, dim: number): void {
  const tiles = tilesOf(spec.queries, 8) * tilesOf(spec.keys, 4) * pass.planes;
  launch(device, scoresShader, {
    ...(isAligned(a, dim) && isAligned(b, dim) ? {} : { types: { Pack: "f32" }, functions: loadABShader }),
    buffers: { a: atLeastOnePack(a.slice), b: atLeastOnePack(b.slice), y },
    params: { ...productParams(spec, pass, dim), ...operandParams("a", a), ...operandParams("b", b), ...unused("y") },
    workgroups: workgroupsFor(tiles, tilesPerWorkgroup),
  });
}

/** y = p · b: rows of b are keys, rows of y queries. */
function mixKeys(device: Device, spec: AttentionSpec, pass: Pass, p: Slice, b: Operand, y: Operand, dim: number): void {
  const tiles = tilesOf(spec.queries, 8) * tilesOf(dim, 4) * pass.planes;
  mix(device, mixKeysShader, spec, pass, { p, b, y, dim }, tiles);
}

/** y = pᵀ · b, summed over the heads that share a key: rows of b are queries, rows of y keys. */
function mixQueries(device: Device, spec: AttentionSpec, pass: Pass, p: Slice, b: Operand, y: Operand, dim: number): void {
  const tiles = tilesOf(spec.keys, 8) * tilesOf(dim, 8) * (pass.planes / groupOf(spec));
  mix(device, mixQueriesShader, spec, pass, { p, b, y, dim }, tiles);
}

interface MixOperands {
  p: Slice;
  b: Operand;
  y: Operand;
  dim: number;
}

function mix(device: Device, shader: typeof mixKeysShader, spec: AttentionSpec, pass: Pass, { p, b, y, dim }: MixOperands, tiles: number): void {
  launch(device, shader, {
    ...(isAligned(b, dim) ? {} : { types: { Pack: "f32" }, functions: loadBShader }),
    buffers: { p, b: atLeastOnePack(b.slice), y: y.slice },
    params: { ...productParams(spec, pass, dim), ...unused("a"), ...operandParams("b", b), ...operandParams("y", y) },
    workgroups: workgroupsFor(tiles, tilesPerWorkgroup),
  });
}

const tilesOf = (extent: number, tile: number): number => Math.ceil(extent / tile);
const groupOf = ({ heads, kvHeads }: AttentionSpec): number => heads / kvHeads;

/** Calls `run` for so many planes at a time that each scratch stays below the limit, in whole groups of heads. */
function inPasses(device: Device, spec: AttentionSpec, scratches: number, run: (pass: Pass, scratch: Slice[]) => void): void {
  const group = groupOf(spec);
  const cols = 8 * tilesOf(spec.keys, 8);
  const plane_bytes = 4 * spec.queries * cols;
  const all = spec.batch * spec.heads;
  const most = Math.max(1, Math.floor(scratchLimit_bytes / Math.max(1, plane_bytes * group))) * group;
  const buffers: PoolBuffer[] = [];
  try {
    const size_bytes = Math.min(most, all) * plane_bytes;
    for (let i = 0; i < scratches; i++) buffers.push(device.acquire(size_bytes, "attention scores"));
    const slices = buffers.map((buffer) => atLeastOnePack({ buffer, offset_bytes: 0, size_bytes }));
    for (let firstPlane = 0; firstPlane < all; firstPlane += most) run({ firstPlane, planes: Math.min(most, all - firstPlane), cols }, slices);
  } finally {
    for (const buffer of buffers) buffer.release();
  }
}

/** Without queries or keys a slice is empty, but a binding of vec4s is not; buffers have room. */
const atLeastOnePack = (slice: Slice): Slice => ({ ...slice, size_bytes: Math.max(16, slice.size_bytes) });

function productParams(spec: AttentionSpec, { firstPlane, planes, cols }: Pass, dim: number): Record<string, number> {
  const { heads, queries, keys, causal, queryOffset } = spec;
  return { planes, first_plane: firstPlane, heads, group: groupOf(spec), queries, keys, cols, dim, causal: causal ? 1 : 0, query_offset: queryOffset };
}

function softmaxParams(spec: AttentionSpec, { firstPlane, planes, cols }: Pass): Record<string, number> {
  return { planes, first_plane: firstPlane, cols, ...weightParams(spec) };
}

const unused = (name: string): Record<string, number> => ({ [`${name}_offset`]: 0, [`${name}_batch`]: 0, [`${name}_head`]: 0, [`${name}_row`]: 0 });
