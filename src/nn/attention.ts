import { ShapeError, UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { checkNumber, checkOptions } from "../options.js";
import { cast, fromArray, matmul, mul, permute, qkvAttention, reshape, slice, softmax, where } from "../ops/index.js";
import { formatShape } from "../shape.js";
import type { Generator } from "../tensor/random.js";
import { scope } from "../tensor/scope.js";
import { noGrad } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { Dropout } from "./dropout.js";
import { generatorOf, type Initializer, type RandomSource } from "./init.js";
import type { LayerCache } from "./kv_cache.js";
import { Linear, type LinearOptions } from "./linear.js";
import { Layer } from "./module.js";

/** Options of `MultiHeadAttention`. */
export interface AttentionOptions extends RandomSource {
  /** Whether a position sees only itself and earlier ones; false by default. */
  causal?: boolean;
  /** On the attention weights and on the output; 0 by default. `setDropout` changes both. */
  dropout?: number;
  /** Whether the two Linear layers have a bias; true by default. */
  bias?: boolean;
  /** Of both weights; Linear's own by default. */
  init?: Initializer;
  /** Of the output projection's weight; `init` by default. */
  projectionInit?: Initializer;
  /** Of both biases; Linear's own by default. */
  biasInit?: Initializer;
}

/**
 * Self-attention: one Linear makes queries, keys and values, another mixes the heads' outputs.
 *
 * Shapes: x [batch, seq, width] -> y [batch, seq, width]; c_attn.weight [3 width, width], c_proj.weight [width, width].
 * Range:  width a multiple of heads; dropout in [0, 1).
 * Throws: UsageError for values out of range or an unknown option; ShapeError for another shape.
 * Source: Vaswani et al. 2017, arXiv 1706.03762; names and layout as GPT-2's.
 */
export class MultiHeadAttention extends Layer {
  private readonly qkv: Linear;
  private readonly projection: Linear;
  private readonly weightDropout: Dropout;
  private readonly outputDropout: Dropout;
  private readonly causal: boolean;

  constructor(
    device: Device,
    private readonly width: number,
    private readonly heads: number,
    options: AttentionOptions = {},
  ) {
    super();
    const where = "MultiHeadAttention";
    checkOptions(where, options, ["causal", "dropout", "bias", "init", "projectionInit", "biasInit", "generator", "seed"]);
    checkHeads(where, width, heads);
    const p = checkNumber(where, "dropout", options.dropout ?? 0, { min: 0, below: 1 });
    this.causal = options.causal ?? false;
    const generator = generatorOf(where, options);
    const { bias = true, init, projectionInit = init, biasInit } = options;
    this.qkv = this.registerModule("c_attn", new Linear(device, width, 3 * width, linearOptions(generator, bias, init, biasInit)));
    this.projection = this.registerModule("c_proj", new Linear(device, width, width, linearOptions(generator, bias, projectionInit, biasInit)));
    this.weightDropout = this.registerModule("attn_dropout", new Dropout(p, { generator }));
    this.outputDropout = this.registerModule("resid_dropout", new Dropout(p, { generator }));
  }

  /** `residual` is added to the output. */
  forward(x: Tensor, residual: Tensor | null = null): Tensor {
    this.checkShape(x);
    return scope(() => {
      const dropout = this.weightDropout.options;
      return this.mix(qkvAttention(this.qkv.forward(x), { heads: this.heads, causal: this.causal, ...(dropout && { dropout }) }), residual);
    });
  }

  /** For generation: x holds the positions after those in the cache, which is extended by them. Causal, no dropout. */
  forwardCached(x: Tensor, cache: LayerCache, residual: Tensor | null = null): Tensor {
    this.checkShape(x);
    return scope(() => this.mix(cache.attend(this.qkv.forward(x)), residual));
  }

  /**
   * Where each position looks: softmax_j(q_i · k_j / sqrt(head_dim)), over the positions that i may see. No dropout, no gradient.
   *
   * Shapes: x [batch, seq, width] -> [batch, heads, seq, seq], f32, rows that add up to 1.
   * Throws: ShapeError for another shape.
   * Source: as the class.
   */
  weights(x: Tensor): Tensor {
    this.checkShape(x);
    const { heads, width } = this;
    const [batch, seq] = x.shape as [number, number, number];
    const headDim = width / heads;
    return noGrad(() =>
      scope(() => {
        const qkv = this.qkv.forward(x);
        const [q, k] = [0, width].map((start) => permute(reshape(slice(qkv, 2, start, start + width), [batch, seq, heads, headDim]), [0, 2, 1, 3]));
        const scores = mul(cast(matmul(q!, k!, { transposeB: true }), "f32"), 1 / Math.sqrt(headDim));
        return softmax(this.causal ? where(seen(x.device, seq), scores, hidden) : scores);
      }),
    );
  }

  private mix(heads: Tensor, residual: Tensor | null): Tensor {
    return this.projection.forward(heads, { dropout: this.outputDropout.options, residual });
  }

  private checkShape(x: Tensor): void {
    if (x.rank !== 3 || x.shape[2] !== this.width) {
      throw new ShapeError(`MultiHeadAttention: x must be [batch, seq, ${this.width}], got ${formatShape(x.shape)}`);
    }
  }
}

/** A score whose exponential is 0 beside any other. */
const hidden = -3e38;

/** 1 where row i may look at column j. */
function seen(device: Device, seq: number): Tensor {
  const at = (i: number) => (i % seq <= Math.floor(i / seq) ? 1 : 0);
  return fromArray(device, Uint32Array.from({ length: seq * seq }, (_, i) => at(i)), { shape: [seq, seq], dtype: "u32" });
}

/** Throws unless the heads share the width evenly. */
export function checkHeads(where: string, width: number, heads: number): void {
  checkNumber(where, "width", width, { min: 1, integer: true });
  checkNumber(where, "heads", heads, { min: 1, integer: true });
  if (width % heads !== 0) {
    throw new UsageError(`${where}: width must be a multiple of heads, got width ${width} and heads ${heads}; use width ${Math.ceil(width / heads) * heads}`);
  }
}

/** Leaves out what is undefined, so that Linear's own defaults hold. */
export function linearOptions(generator: Generator, bias: boolean, init: Initializer | undefined, biasInit: Initializer | undefined): LinearOptions {
  return { generator, bias, ...(init && { init }), ...(biasInit && { biasInit }) };
}
