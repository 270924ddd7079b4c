// Keys and values of the positions already seen, so that generation computes each position once.
import { UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { stridedCopy } from "../kernels/strided_copy.js";
import { cast, permute, qkvAttention, reshape, scaledDotProductAttention, slice, zeros } from "../ops/index.js";
import type { DType } from "../tensor/dtype.js";
import { keep } from "../tensor/scope.js";
import type { Tensor } from "../tensor/tensor.js";

export interface CacheSizes {
  layers: number;
  batch: number;
  heads: number;
  /** Positions that fit. */
  block: number;
  headDim: number;
  /** Of the keys and values. */
  dtype: DType;
}

/** The cache of one model: a pair of [batch, heads, block, head_dim] tensors for each layer. */
export class KeyValueCache {
  private readonly layers: readonly LayerCache[];
  private filled = 0;

  constructor(device: Device, sizes: CacheSizes) {
    this.layers = Array.from({ length: sizes.layers }, () => new LayerCache(device, sizes, () => this.filled));
  }

  /** Positions held. */
  get length(): number {
    return this.filled;
  }

  layer(index: number): LayerCache {
    const layer = this.layers[index];
    if (!layer) throw new UsageError(`KeyValueCache: no layer ${index}, got a cache of ${this.layers.length} layers`);
    return layer;
  }

  /** Counts the positions that every layer has just written. */
  extend(positions: number): void {
    this.filled += positions;
  }

  dispose(): void {
    for (const layer of this.layers) layer.dispose();
  }
}

export class LayerCache {
  private readonly keys: Tensor;
  private readonly values: Tensor;

  constructor(
    device: Device,
    private readonly sizes: CacheSizes,
    private readonly position: () => number,
  ) {
    const { batch, heads, block, headDim, dtype } = sizes;
    // Zeros, because attention may multiply what lies behind the last position by a weight of zero.
    this.keys = keep(zeros(device, [batch, heads, block, headDim], { dtype }));
    this.values = keep(zeros(device, [batch, heads, block, headDim], { dtype }));
  }

  /**
   * Stores the keys and values of the new positions and attends from their queries to all positions so far.
   *
   * Shapes: qkv [batch, seq, 3 heads head_dim] -> [batch, seq, heads head_dim].
   */
  attend(given: Tensor): Tensor {
    const qkv = given.dtype === this.keys.dtype ? given : cast(given, this.keys.dtype);
    const { batch, heads, headDim } = this.sizes;
    const [rows, seq] = qkv.shape as [number, number, number];
    const position = this.position();
    if (rows !== batch) throw new UsageError(`KeyValueCache: made for a batch of ${batch}, got ${rows}`);
    this.store(qkv, 1, this.keys, position);
    this.store(qkv, 2, this.values, position);
    if (position === 0) return qkvAttention(qkv, { heads, causal: true });
    const width = heads * headDim;
    const q = permute(reshape(slice(qkv, 2, 0, width), [batch, seq, heads, headDim]), [0, 2, 1, 3]);
    const y = scaledDotProductAttention(q, this.keys, this.values, { causal: true, queryOffset: position });
    return reshape(permute(y, [0, 2, 1, 3]), [batch, seq, width]);
  }

  /** Copies one third of each qkv row to [batch, heads, position + i, head_dim]. */
  private store(qkv: Tensor, third: number, into: Tensor, position: number): void {
    const { batch, heads, block, headDim } = this.sizes;
    const width = heads * headDim;
    const seq = qkv.shape[1]!;
    stridedCopy(qkv.device, "KeyValueCache", { x: qkv.buffer, y: into.buffer }, {
      extents: [batch, seq, heads, headDim],
      x: { offset: third * width, strides: [seq * 3 * width, 3 * width, headDim, 1] },
      y: { offset: position * headDim, strides: [heads * block * headDim, headDim, block * headDim, 1] },
    });
    into.memory.version++;
  }

  dispose(): void {
    this.keys.dispose();
    this.values.dispose();
  }
}
