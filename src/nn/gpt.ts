import { DTypeError, ShapeError, UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { checkNumber, checkOptions } from "../options.js";
import { crossEntropy, embedTokens, reshape, slice } from "../ops/index.js";
import { formatShape } from "../shape.js";
import { checkpoint } from "../tensor/checkpoint.js";
import { autocastDType } from "../tensor/autocast.js";
import type { Generator } from "../tensor/random.js";
import { scope } from "../tensor/scope.js";
import { noGrad } from "../tensor/tape.js";
import { Tensor } from "../tensor/tensor.js";
import type { ActivationName } from "./activations.js";
import { Dropout } from "./dropout.js";
import { Embedding } from "./embedding.js";
import { generatorOf, normal, scaledNormal, zeros, type Initializer, type RandomSource } from "./init.js";
import { KeyValueCache } from "./kv_cache.js";
import { Linear } from "./linear.js";
import { Layer, ModuleMap } from "./module.js";
import { checkBlock, normOf, TransformerBlock, type NormPlace, type NormType } from "./transformer_block.js";

/** The settings of a `GPT`, with all defaults filled in. */
export interface GPTConfig {
  layers: number;
  heads: number;
  /** Width of the residual stream, a multiple of heads. */
  width: number;
  /** Longest sequence. */
  block: number;
  /** Number of tokens. */
  vocab: number;
  /** On embeddings, attention weights and residuals; 0 by default. */
  dropout: number;
  /** Whether Linear and LayerNorm have biases; true by default. The head has none. */
  bias: boolean;
  /** Whether the head shares the token embedding's weight; true by default. */
  tied: boolean;
  /** "gelu" by default. */
  activation: ActivationName;
  /** "pre" by default. "post" has no final norm: the last block ends with one. */
  norm: NormPlace;
  /** "layer" by default. */
  normType: NormType;
  /** Hidden units of each MLP for each unit of width; 4 by default. */
  mlpRatio: number;
  /** Keep only each block's input for backward and compute the rest again; false by default. Less memory, one more forward, the same bits. */
  activationCheckpointing: boolean;
  /** "gpt2" by default: std 0.02 for every weight. "scaled": std 1/sqrt(fan in). Both scale the residual projections by 1/sqrt(2 layers). */
  init: "gpt2" | "scaled";
}

type Sizes = "layers" | "heads" | "width" | "block" | "vocab";

/** Sizes are required; the rest has defaults. */
export type GPTOptions = Pick<GPTConfig, Sizes> & Partial<Omit<GPTConfig, Sizes>> & RandomSource;

const defaults: Omit<GPTConfig, Sizes> = {
  dropout: 0,
  bias: true,
  tied: true,
  activation: "gelu",
  norm: "pre",
  normType: "layer",
  mlpRatio: 4,
  activationCheckpointing: false,
  init: "gpt2",
};
const sizes: readonly Sizes[] = ["layers", "heads", "width", "block", "vocab"];

/**
 * A decoder-only Transformer: token and learned position embeddings, causal blocks, a final norm, a head.
 *
 * Shapes: tokens [batch, seq] i32 or u32, seq <= block -> logits [batch, seq, vocab].
 * Range:  width a multiple of heads; tokens in [0, vocab).
 * Throws: UsageError for options out of range or unknown; ShapeError for a sequence over the block.
 * Source: Radford et al. 2019 (GPT-2). Parameters have nanoGPT's names, Linear weights are [out, in].
 */
export class GPT extends Layer {
  /** Every option with its default filled in. With a generator's state it is all that a checkpoint needs to rebuild the model. */
  readonly config: Readonly<GPTConfig>;
  /** Where initial values and dropout masks come from. */
  readonly generator: Generator;
  private readonly tokenEmbedding: Embedding;
  private readonly positionEmbedding: Embedding;
  private readonly dropout: Dropout;
  private readonly blocks: readonly TransformerBlock[];
  private readonly finalNorm: Layer | null;
  private readonly head: Linear;

  constructor(
    readonly device: Device,
    options: GPTOptions,
  ) {
    super();
    this.config = checkConfig(options);
    this.generator = generatorOf("GPT", options);
    const { layers, heads, width, block, vocab, norm, normType, activation, mlpRatio, bias, tied } = this.config;
    const { generator } = this;
    const { weight, embedding, projection } = initializers(this.config);

    this.tokenEmbedding = new Embedding(device, vocab, width, { init: embedding, generator });
    this.positionEmbedding = new Embedding(device, block, width, { init: embedding, generator });
    this.dropout = new Dropout(this.config.dropout, { generator });
    const shared = { norm, normType, activation, mlpRatio, bias, dropout: this.config.dropout, causal: true, generator };
    this.blocks = Array.from(
      { length: layers },
      () => new TransformerBlock(device, width, heads, { ...shared, init: weight, projectionInit: projection, biasInit: zeros() }),
    );
    this.finalNorm = norm === "pre" ? normOf(normType, device, width, bias) : null;
    this.head = new Linear(device, width, vocab, { bias: false, generator, ...(tied ? { weight: this.tokenEmbedding.weight } : { init: weight }) });
    this.registerModule(
      "transformer",
      new ModuleMap({
        wte: this.tokenEmbedding,
        wpe: this.positionEmbedding,
        drop: this.dropout,
        h: new ModuleMap(this.blocks),
        ...(this.finalNorm && { ln_f: this.finalNorm }),
      }),
    );
    this.registerModule("lm_head", this.head);
  }

  /** Its loss depends on nothing that the host decides from step to step. A subclass may, and must say so itself. */
  get capturable(): boolean {
    return this.constructor === GPT;
  }

  forward(tokens: Tensor): Tensor {
    return scope(() => {
      const x = this.embed(tokens, 0);
      return this.head.forward(this.normed(this.throughBlocks(x)));
    });
  }

  /**
   * Mean cross-entropy of the logits against the next tokens.
   *
   * Shapes: tokens, targets [batch, seq] -> scalar. A target of -100 is left out.
   * Range:  tokens and targets in [0, vocab).
   * Throws: ShapeError if the shapes differ.
   * Source: -mean(log softmax(logits)[target]).
   */
  loss(tokens: Tensor, targets: Tensor): Tensor {
    return scope(() => crossEntropy(this.forward(tokens), targets, { overwriteLogits: true }));
  }

  /** An empty key-value cache for `lastLogits`, f16 inside autocast. The caller disposes it. */
  createCache(batch = 1): KeyValueCache {
    checkNumber("createCache", "batch", batch, { min: 1, integer: true });
    const { layers, heads, width, block } = this.config;
    return new KeyValueCache(this.device, { layers, batch, heads, block, headDim: width / heads, dtype: autocastDType() ?? "f32" });
  }

  /**
   * Logits of what follows the last token. With a cache, `tokens` are those after the cached ones, and join them.
   *
   * Shapes: tokens [batch, seq] i32 or u32 -> [batch, vocab]; cached and new tokens together at most block.
   * Range:  tokens in [0, vocab). Meant for eval mode under noGrad.
   * Throws: ShapeError if block is exceeded.
   * Source: attention of the new queries to all cached keys.
   */
  lastLogits(tokens: Tensor, cache?: KeyValueCache): Tensor {
    return scope(() => {
      const x = this.embed(tokens, cache?.length ?? 0);
      const hidden = this.blocks.reduce((h, block, i) => (cache ? block.forwardCached(h, cache.layer(i)) : block.forward(h)), x);
      const [batch, seq] = tokens.shape as [number, number];
      const last = reshape(slice(hidden, 1, seq - 1, seq), [batch, this.config.width]);
      cache?.extend(seq);
      return this.head.forward(this.normed(last));
    });
  }

  /**
   * Where each token looks, in each head: softmax of its query's products with the keys of itself and those before it. Without
   * dropout, whatever the mode; no gradient. The caller disposes them.
   *
   * Shapes: tokens [batch, seq] i32 or u32 -> for each layer [batch, heads, seq, seq], rows that add up to 1.
   * Range:  tokens in [0, vocab); 4 layers heads seq^2 bytes for each sequence.
   * Throws: ShapeError if block is exceeded.
   * Source: softmax(q k^T / sqrt(head_dim)), masked to the causal half.
   */
  attentionWeights(tokens: Tensor): Tensor[] {
    return this.inEvalMode(() =>
      noGrad(() =>
        scope(() => {
          let x = this.embed(tokens, 0);
          return this.blocks.map((block) => {
            const { y, weights } = block.forwardWithWeights(x);
            x = y;
            return weights;
          });
        }),
      ),
    );
  }

  private throughBlocks(x: Tensor): Tensor {
    const { activationCheckpointing } = this.config;
    return this.blocks.reduce((h, block) => (activationCheckpointing ? checkpoint((input) => block.forward(input), h) : block.forward(h)), x);
  }

  private normed(x: Tensor): Tensor {
    return this.finalNorm ? this.finalNorm.forward(x) : x;
  }

  /** Token plus position embeddings, the first token at `position`. */
  private embed(tokens: Tensor, position: number): Tensor {
    const { block } = this.config;
    if (!(tokens instanceof Tensor)) throw new UsageError(`GPT: tokens must be a tensor, got ${typeof tokens}; make one with tensor()`);
    if (tokens.rank !== 2) throw new ShapeError(`GPT: tokens must be [batch, seq], got ${formatShape(tokens.shape)}`);
    if (tokens.dtype === "f32") throw new DTypeError("GPT: tokens must be i32 or u32, got f32; convert them with cast()");
    const end = position + tokens.shape[1]!;
    if (tokens.shape[1] === 0) throw new ShapeError(`GPT: tokens are empty, got ${formatShape(tokens.shape)}`);
    if (end > block) throw new ShapeError(`GPT: the sequence is longer than the block, got ${end} tokens for a block of ${block}; crop it, or build a model with a larger block`);
    const dropout = this.dropout.options;
    return embedTokens(this.tokenEmbedding.weight, this.positionEmbedding.weight, tokens, { offset: position, ...(dropout && { dropout }) });
  }
}

function checkConfig(options: GPTOptions): GPTConfig {
  if (options === undefined) throw new UsageError("GPT: needs a device and options, got no options");
  checkOptions("GPT", options, [...sizes, ...Object.keys(defaults), "generator", "seed"]);
  for (const name of sizes) checkNumber("GPT", name, options[name], { min: 1, integer: true });
  const { generator: _, seed: __, ...given } = options;
  const config: GPTConfig = { ...defaults, ...given };
  checkBlock("GPT", config);
  for (const name of ["bias", "tied", "activationCheckpointing"] as const) {
    if (typeof config[name] !== "boolean") throw new UsageError(`GPT: ${name} must be true or false, got ${String(config[name])}`);
  }
  if (config.init !== "gpt2" && config.init !== "scaled") throw new UsageError(`GPT: init must be "gpt2" or "scaled", got "${String(config.init)}"`);
  return config;
}

function initializers({ init, layers, width }: GPTConfig): Record<"weight" | "embedding" | "projection", Initializer> {
  const residual = 1 / Math.sqrt(2 * layers);
  if (init === "gpt2") return { weight: normal({ std: 0.02 }), embedding: normal({ std: 0.02 }), projection: normal({ std: 0.02 * residual }) };
  // An embedding row has fan-in 1, but as a tied head it is a Linear weight of fan-in width.
  return { weight: scaledNormal(), embedding: normal({ std: 1 / Math.sqrt(width) }), projection: scaledNormal({ gain: residual }) };
}
