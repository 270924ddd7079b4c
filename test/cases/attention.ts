import { qkvAttention, scaledDotProductAttention, type AttentionOptions } from "../../src/ops/attention.js";
import { Generator, pcg4d } from "../../src/tensor/random.js";
import { nd, type Nd } from "../support/nd.js";
import type { InputSpec, OpCase } from "../support/op_cases.js";

interface Settings {
  causal?: boolean;
  queryOffset?: number;
  scale?: number;
  p?: number;
}

const seed = 77;
const attentionStream = 0x6174746e;

/** Plain loops over batch, head, query, key. A query that sees no key gets 0. */
function reference(q: Nd, k: Nd, v: Nd, mask: Nd | undefined, truth: boolean, settings: Settings): Nd {
  const [queries, dim] = q.shape.slice(-2) as [number, number];
  const [keys, valueDim] = v.shape.slice(-2) as [number, number];
  const heads = q.shape.at(-3) ?? 1;
  const kvHeads = k.shape.at(-3) ?? 1;
  const lead = q.shape.slice(0, -3);
  const planes = heads * lead.reduce((a, b) => a * b, 1);
  const scoreShape = [...q.shape.slice(0, -2), queries, keys];
  const scale = settings.scale ?? 1 / Math.sqrt(dim);
  const o = nd([...q.shape.slice(0, -1), valueDim], () => 0);
  for (let plane = 0; plane < planes; plane++) {
    const batch = Math.floor(plane / heads);
    const kvPlane = batch * kvHeads + Math.floor((plane % heads) / (heads / kvHeads));
    for (let i = 0; i < queries; i++) {
      const scores = Array.from({ length: keys }, (_, j) => {
        if (settings.causal && j > i + (settings.queryOffset ?? 0)) return -Infinity;
        let dot = 0;
        for (let d = 0; d < dim; d++) dot += q.data[(plane * queries + i) * dim + d]! * k.data[(kvPlane * keys + j) * dim + d]!;
        if (!mask) return dot * scale;
        const m = maskAt(mask, scoreShape, plane, i, j);
        if (truth) return m !== 0 ? dot * scale : -Infinity;
        return m <= -3e38 ? -Infinity : dot * scale + m;
      });
      const highest = Math.max(...scores);
      if (highest === -Infinity) continue;
      const exps = scores.map((s) => Math.exp(s - highest));
      const sum = exps.reduce((a, b) => a + b, 0);
      for (let j = 0; j < keys; j++) {
        const weight = (exps[j]! / sum) * keepScale(plane * queries + i, j, keys, settings.p ?? 0);
        for (let d = 0; d < valueDim; d++) o.data[(plane * queries + i) * valueDim + d]! += weight * v.data[(kvPlane * keys + j) * valueDim + d]!;
      }
    }
  }
  return o;
}

/** The mask's value at a score, by NumPy's broadcasting. */
function maskAt(mask: Nd, scoreShape: readonly number[], plane: number, i: number, j: number): number {
  const index = [i, j];
  let rest = plane;
  for (let axis = scoreShape.length - 3; axis >= 0; axis--) {
    index.unshift(rest % scoreShape[axis]!);
    rest = Math.floor(rest / scoreShape[axis]!);
  }
  let flat = 0;
  mask.shape.forEach((extent, axis) => (flat = flat * extent + (extent === 1 ? 0 : index[axis + index.length - mask.shape.length]!)));
  return mask.data[flat]!;
}

function keepScale(row: number, key: number, keys: number, p: number): number {
  if (p === 0) return 1;
  const words = pcg4d(row * Math.ceil(keys / 4) + Math.floor(key / 4), attentionStream, 0, seed);
  return words[key % 4]! >= Math.fround(p) * 2 ** 32 ? 1 / (1 - p) : 0;
}

interface Shapes extends Settings {
  q: readonly number[];
  /** As q by default. */
  k?: readonly number[];
  /** As k by default. */
  v?: readonly number[];
  mask?: InputSpec;
  zeroGradient?: boolean;
  gradient?: boolean;
}

function options({ causal, queryOffset, scale, p }: Settings): AttentionOptions {
  return {
    ...(causal === undefined ? {} : { causal }),
    ...(queryOffset === undefined ? {} : { queryOffset }),
    ...(scale === undefined ? {} : { scale }),
    ...(p === undefined ? {} : { dropout: { p, generator: new Generator(seed) } }),
  };
}

function attentionCase(name: string, shapes: Shapes): OpCase {
  const { q, k = q, v = k, mask, zeroGradient, gradient } = shapes;
  return {
    name: `${name}: q [${q}]${k === q ? "" : ` k [${k}]`}${v === k ? "" : ` v [${v}]`}${mask ? ` mask [${mask.shape}]` : ""}`,
    inputs: [{ shape: q }, { shape: k }, { shape: v }, ...(mask ? [{ ...mask, gradient: false }] : [])],
    run: ([qt, kt, vt, mt]) => scaledDotProductAttention(qt!, kt!, vt!, { ...options(shapes), ...(mt ? { mask: mt } : {}) }),
    reference: ([qn, kn, vn, mn]) => reference(qn!, kn!, vn!, mn, mask?.dtype === "u32", shapes),
    tolerance: "reduction",
    ...(zeroGradient ? { zeroGradient } : {}),
    ...(gradient === undefined ? {} : { gradient }),
  };
}

const coin: NonNullable<InputSpec["values"]> = (random) => random.integer(2);
/** Every third row hides all keys. */
const coinWithEmptyRows = (cols: number): NonNullable<InputSpec["values"]> => (random, i) => (Math.floor(i / cols) % 3 === 1 ? 0 : random.integer(2));
const minusInfinityOrNormal: NonNullable<InputSpec["values"]> = (random) => (random.uniform() < 0.3 ? -Infinity : random.normal());

/** Small rows, all options: run with both families of kernels. */
export const attentionCases: OpCase[] = [
  attentionCase("one of everything", { q: [1, 1, 1, 1], zeroGradient: true }),
  attentionCase("one key", { q: [2, 2, 3, 4], k: [2, 2, 1, 4], zeroGradient: true }),
  attentionCase("two dimensions", { q: [7, 3], k: [5, 3] }),
  attentionCase("three dimensions", { q: [3, 9, 8] }),
  attentionCase("five dimensions", { q: [2, 2, 3, 5, 8] }),
  attentionCase("rows of 1", { q: [1, 2, 9, 1], causal: true }),
  attentionCase("more queries", { q: [1, 2, 17, 8], k: [1, 2, 6, 8], causal: true }),
  attentionCase("more keys", { q: [1, 2, 6, 8], k: [1, 2, 19, 8], causal: true, queryOffset: 13 }),
  attentionCase("one query of a cache", { q: [2, 2, 1, 8], k: [2, 2, 16, 8], causal: true, queryOffset: 10 }),
  attentionCase("offset past the keys", { q: [1, 1, 4, 4], k: [1, 1, 7, 4], causal: true, queryOffset: 100 }),
  attentionCase("values of another length", { q: [2, 2, 9, 8], v: [2, 2, 9, 5], causal: true }),
  attentionCase("values longer than keys", { q: [1, 2, 9, 3], v: [1, 2, 9, 8] }),
  attentionCase("scale", { q: [1, 2, 8, 8], scale: 1.7 }),
  attentionCase("grouped heads", { q: [2, 6, 7, 8], k: [2, 2, 7, 8], causal: true }),
  attentionCase("one head of keys for all", { q: [2, 3, 5, 3], k: [2, 1, 9, 3] }),
  attentionCase("mask of truth values", { q: [2, 2, 5, 8], k: [2, 2, 7, 8], mask: { shape: [2, 2, 5, 7], dtype: "u32", values: coin } }),
  attentionCase("mask with rows that see nothing", { q: [2, 2, 6, 8], k: [2, 2, 9, 8], mask: { shape: [6, 9], dtype: "u32", values: coinWithEmptyRows(9) } }),
  attentionCase("mask of keys", { q: [2, 3, 4, 8], k: [2, 3, 5, 8], mask: { shape: [2, 1, 1, 5], dtype: "u32", values: [1, 1, 1, 0, 0, 1, 1, 1, 1, 0] } }),
  attentionCase("additive mask", { q: [2, 3, 4, 8], k: [2, 3, 5, 8], mask: { shape: [3, 4, 5] } }),
  attentionCase("additive mask of minus infinities", { q: [2, 3, 4, 8], k: [2, 3, 5, 8], mask: { shape: [2, 1, 4, 5], values: minusInfinityOrNormal } }),
  attentionCase("additive mask over 5 dimensions", { q: [2, 2, 2, 4, 8], mask: { shape: [2, 2, 1, 1, 4], values: minusInfinityOrNormal } }),
  attentionCase("mask and causal", { q: [2, 2, 9, 8], causal: true, mask: { shape: [2, 1, 9, 9], dtype: "u32", values: coin } }),
  attentionCase("dropout", { q: [2, 2, 7, 8], k: [2, 2, 9, 8], p: 0.3 }),
  attentionCase("dropout of almost all", { q: [1, 3, 11, 8], p: 0.9 }),
  attentionCase("dropout, causal, grouped heads, mask", { q: [2, 4, 9, 8], k: [2, 2, 9, 8], causal: true, p: 0.4, mask: { shape: [9, 9] } }),
  attentionCase("scores of thousands", { q: [1, 2, 6, 8], scale: 4000, gradient: false }),
];

/** Around the sizes of tiles and workgroups. */
export const attentionSizeCases: OpCase[] = [
  attentionCase("one below a block of rows", { q: [1, 2, 15, 8], causal: true }),
  attentionCase("a block of rows, one below a tile of keys", { q: [1, 2, 16, 8], k: [1, 2, 31, 8] }),
  attentionCase("one above a block of rows, a tile of keys", { q: [1, 2, 17, 8], k: [1, 2, 32, 8], causal: true, queryOffset: 15 }),
  attentionCase("one above a tile of keys", { q: [2, 1, 3, 8], k: [2, 1, 33, 8], p: 0.1 }),
  attentionCase("few queries", { q: [1, 2, 4, 8], k: [1, 2, 37, 8], causal: true, queryOffset: 33, p: 0.2 }),
  attentionCase("one more than few queries", { q: [1, 2, 5, 8], k: [1, 2, 37, 8], causal: true, queryOffset: 32 }),
  attentionCase("few queries, masked", { q: [1, 2, 3, 8], k: [1, 2, 35, 8], mask: { shape: [3, 35], dtype: "u32", values: coinWithEmptyRows(35) } }),
  attentionCase("grouped heads of several blocks", { q: [1, 4, 21, 8], k: [1, 2, 39, 8], causal: true, queryOffset: 11, mask: { shape: [1, 4, 21, 39] } }),
  attentionCase("one below a workgroup", { q: [1, 2, 63, 8], causal: true }),
  attentionCase("a workgroup", { q: [1, 2, 64, 8], causal: true }),
  attentionCase("one above a workgroup", { q: [1, 2, 65, 8], causal: true, p: 0.1 }),
  attentionCase("uneven", { q: [1, 1, 67, 8], k: [1, 1, 131, 8], causal: true, queryOffset: 30 }),
];

export const attentionRowCases: OpCase[] = [
  attentionCase("rows of 16", { q: [1, 2, 9, 16], causal: true }),
  attentionCase("rows of 32", { q: [2, 1, 17, 32], causal: true }),
  attentionCase("rows of 64", { q: [1, 2, 33, 64], causal: true }),
  attentionCase("values of more columns than a tile", { q: [1, 2, 18, 8], v: [1, 2, 18, 36], causal: true }),
  attentionCase("values of many columns, not in fours", { q: [1, 2, 18, 4], k: [1, 2, 35, 4], v: [1, 2, 35, 37] }),
  attentionCase("rows of 65", { q: [1, 1, 18, 65], causal: true }),
];

/** Of several lanes each, in the tiled kernels. */
export const attentionLongestRowCases: OpCase[] = [
  attentionCase("rows of 257", { q: [1, 1, 5, 257], k: [1, 1, 6, 257] }),
  attentionCase("long rows, short values", { q: [1, 2, 19, 130], k: [1, 1, 21, 130], v: [1, 1, 21, 3], causal: true, p: 0.2 }),
];

/** More workgroups than one dimension holds. */
export const manyPlanesCases: OpCase[] = [attentionCase("many planes", { q: [65535 + 3, 1, 1, 1], gradient: false })];

function split(qkv: Nd, heads: number): [Nd, Nd, Nd] {
  const [batch, seq, width3] = qkv.shape as [number, number, number];
  const dim = width3 / 3 / heads;
  const part = (third: number): Nd =>
    nd([batch, heads, seq, dim], (flat) => {
      const d = flat % dim;
      const i = Math.floor(flat / dim) % seq;
      const h = Math.floor(flat / dim / seq) % heads;
      const b = Math.floor(flat / dim / seq / heads);
      return qkv.data[(b * seq + i) * width3 + third * heads * dim + h * dim + d]!;
    });
  return [part(0), part(1), part(2)];
}

function join(o: Nd): Nd {
  const [batch, heads, seq, dim] = o.shape as [number, number, number, number];
  return nd([batch, seq, heads * dim], (flat) => {
    const d = flat % dim;
    const h = Math.floor(flat / dim) % heads;
    const i = Math.floor(flat / dim / heads) % seq;
    const b = Math.floor(flat / dim / heads / seq);
    return o.data[((b * heads + h) * seq + i) * dim + d]!;
  });
}

function qkvCase(name: string, shape: readonly number[], heads: number, settings: Settings & { mask?: InputSpec }): OpCase {
  const { mask } = settings;
  return {
    name: `${name}: qkv [${shape}], ${heads} heads`,
    inputs: [{ shape }, ...(mask ? [{ ...mask, gradient: false }] : [])],
    run: ([qkv, mt]) => qkvAttention(qkv!, { heads, ...options(settings), ...(mt ? { mask: mt } : {}) }),
    reference: ([qkv, mn]) => {
      const [q, k, v] = split(qkv!, heads);
      return join(reference(q, k, v, mn, mask?.dtype === "u32", settings));
    },
    tolerance: "reduction",
  };
}

export const qkvCases: OpCase[] = [
  qkvCase("causal", [2, 9, 48], 2, { causal: true }),
  qkvCase("rows of 3", [2, 7, 18], 2, { causal: true }),
  qkvCase("dropout", [3, 8, 24], 1, { causal: true, p: 0.2 }),
  qkvCase("all to all, masked, scaled", [2, 5, 48], 2, { scale: 0.5, mask: { shape: [2, 1, 1, 5], dtype: "u32", values: [1, 1, 1, 0, 0, 1, 1, 1, 1, 0] } }),
  qkvCase("two workgroups", [1, 70, 48], 2, { causal: true }),
];
