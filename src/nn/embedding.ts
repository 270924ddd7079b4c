import type { Device } from "../gpu/device.js";
import { checkNumber, checkOptions } from "../options.js";
import { embedding } from "../ops/index.js";
import type { Tensor } from "../tensor/tensor.js";
import { generatorOf, normal, type Initializer, type RandomSource } from "./init.js";
import { drawParameter, Layer } from "./module.js";

/** Options of `Embedding`. */
export interface EmbeddingOptions extends RandomSource {
  /** Standard normal by default. */
  init?: Initializer;
}

/**
 * y[...] = weight[tokens[...]].
 *
 * Shapes: tokens [...] i32 or u32 -> y [..., width]; weight [count, width].
 * Range:  tokens in [0, count).
 * Throws: UsageError for sizes out of range or an unknown option.
 * Source: a gather; default init as PyTorch's Embedding.
 */
export class Embedding extends Layer {
  readonly weight: Tensor;

  constructor(device: Device, count: number, width: number, options: EmbeddingOptions = {}) {
    super();
    checkOptions("Embedding", options, ["init", "generator", "seed"]);
    checkNumber("Embedding", "count", count, { min: 1, integer: true });
    checkNumber("Embedding", "width", width, { min: 1, integer: true });
    const generator = generatorOf("Embedding", options);
    this.weight = this.registerParameter("weight", drawParameter(device, [count, width], options.init ?? normal(), generator));
  }

  forward(tokens: Tensor): Tensor {
    return embedding(this.weight, tokens);
  }
}
