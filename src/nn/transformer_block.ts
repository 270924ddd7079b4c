import { UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { checkNumber, checkOptions } from "../options.js";
import { scope } from "../tensor/scope.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkActivation, type ActivationName } from "./activations.js";
import { checkHeads, MultiHeadAttention, type AttentionOptions } from "./attention.js";
import { generatorOf } from "./init.js";
import type { LayerCache } from "./kv_cache.js";
import { MLP, type MLPOptions } from "./mlp.js";
import { Layer } from "./module.js";
import { LayerNorm, RMSNorm } from "./norms.js";

/** f(h) + residual. */
type Half = (h: Tensor, residual: Tensor) => Tensor;

/** Where a block normalises: before each of its parts, or after. */
export type NormPlace = "pre" | "post";
/** How it normalises, if it does. */
export type NormType = "layer" | "rms" | "none";

/** Options of `TransformerBlock`. */
export interface TransformerBlockOptions extends AttentionOptions, MLPOptions {
  /** "pre" (the default) normalises the input of each half, "post" the sum after it. */
  norm?: NormPlace;
  /** "layer" by default; "none" leaves the norms out. */
  normType?: NormType;
  /** Hidden units of the MLP for each unit of width; 4 by default. */
  mlpRatio?: number;
}

const optionKeys = ["norm", "normType", "mlpRatio", "causal", "activation", "dropout", "bias", "init", "projectionInit", "biasInit", "generator", "seed"];

const norms: Record<NormType, (device: Device, width: number, bias: boolean) => Layer | null> = {
  layer: (device, width, bias) => new LayerNorm(device, width, { bias }),
  rms: (device, width) => new RMSNorm(device, width),
  none: () => null,
};

/** The norm of that type, null for "none". */
export function normOf(type: NormType, device: Device, width: number, bias: boolean): Layer | null {
  return norms[type](device, width, bias);
}

export interface BlockShape {
  width: number;
  heads: number;
  norm: NormPlace;
  normType: NormType;
  mlpRatio: number;
  activation: ActivationName;
  dropout: number;
}

/** Throws unless a block of that shape can be built. Its constructor checks nothing after it has taken memory. */
export function checkBlock(where: string, { width, heads, norm, normType, mlpRatio, activation, dropout }: BlockShape): void {
  checkHeads(where, width, heads);
  if (norm !== "pre" && norm !== "post") throw new UsageError(`${where}: norm must be "pre" or "post", got "${String(norm)}"`);
  if (!Object.hasOwn(norms, normType)) throw new UsageError(`${where}: normType must be ${Object.keys(norms).join(", ")}, got "${String(normType)}"`);
  checkNumber(where, "mlpRatio", mlpRatio, { above: 0 });
  checkNumber(where, "width * mlpRatio", width * mlpRatio, { min: 1, integer: true });
  checkActivation(where, activation);
  checkNumber(where, "dropout", dropout, { min: 0, below: 1 });
}

/**
 * Attention and MLP, each with a residual: pre x + f(norm(x)), post norm(x + f(x)).
 *
 * Shapes: x [batch, seq, width] -> y [batch, seq, width].
 * Range:  width a multiple of heads; mlpRatio > 0 with width * mlpRatio whole.
 * Throws: UsageError for values out of range or an unknown option.
 * Source: post-norm Vaswani et al. 2017; pre-norm Xiong et al. 2020, arXiv 2002.04745; names as GPT-2's.
 */
export class TransformerBlock extends Layer {
  private readonly norm1: Layer | null;
  private readonly attention: MultiHeadAttention;
  private readonly norm2: Layer | null;
  private readonly mlp: MLP;
  private readonly place: NormPlace;

  constructor(device: Device, width: number, heads: number, options: TransformerBlockOptions = {}) {
    super();
    const where = "TransformerBlock";
    checkOptions(where, options, optionKeys);
    const { norm = "pre", normType = "layer", mlpRatio = 4, causal = false, activation = "gelu", dropout = 0, bias = true, ...rest } = options;
    checkBlock(where, { width, heads, norm, normType, mlpRatio, activation, dropout });
    const generator = generatorOf(where, options);
    const { generator: _, seed: __, ...inits } = rest;
    const shared = { ...inits, bias, dropout, generator };
    this.place = norm;
    this.norm1 = this.registerNorm("ln_1", normOf(normType, device, width, bias));
    this.attention = this.registerModule("attn", new MultiHeadAttention(device, width, heads, { ...shared, causal }));
    this.norm2 = this.registerNorm("ln_2", normOf(normType, device, width, bias));
    this.mlp = this.registerModule("mlp", new MLP(device, width, width * mlpRatio, { ...shared, activation }));
  }

  forward(x: Tensor): Tensor {
    return this.run(x, (h, residual) => this.attention.forward(h, residual));
  }

  /** For generation: x holds the positions after those in the cache, which is extended by them. */
  forwardCached(x: Tensor, cache: LayerCache): Tensor {
    return this.run(x, (h, residual) => this.attention.forwardCached(h, cache, residual));
  }

  /** As `forward`, and where each position looks: see MultiHeadAttention.weights. */
  forwardWithWeights(x: Tensor): { y: Tensor; weights: Tensor } {
    return scope(() => {
      let weights!: Tensor;
      const y = this.halves(x, (h, residual) => {
        weights = this.attention.weights(h);
        return this.attention.forward(h, residual);
      });
      return { y, weights };
    });
  }

  private run(x: Tensor, attend: Half): Tensor {
    return scope(() => this.halves(x, attend));
  }

  private halves(x: Tensor, attend: Half): Tensor {
    const middle = this.half(x, this.norm1, attend);
    return this.half(middle, this.norm2, (h, residual) => this.mlp.forward(h, residual));
  }

  private half(x: Tensor, norm: Layer | null, f: Half): Tensor {
    if (!norm) return f(x, x);
    return this.place === "pre" ? f(norm.forward(x), x) : norm.forward(f(x, x));
  }

  private registerNorm(name: string, norm: Layer | null): Layer | null {
    return norm && this.registerModule(name, norm);
  }
}
