import type { Device } from "../gpu/device.js";
import { checkNumber, checkOptions } from "../options.js";
import { feedForward, type LinearActivation } from "../ops/index.js";
import { scope } from "../tensor/scope.js";
import type { Tensor } from "../tensor/tensor.js";
import { activation, checkActivation, fusedActivation, type ActivationName } from "./activations.js";
import { linearOptions } from "./attention.js";
import { Dropout } from "./dropout.js";
import { generatorOf, type Initializer, type RandomSource } from "./init.js";
import { Linear } from "./linear.js";
import { Layer } from "./module.js";

/** Options of `MLP`. */
export interface MLPOptions extends RandomSource {
  /** "gelu" by default. */
  activation?: ActivationName;
  /** On the output; 0 by default. */
  dropout?: number;
  /** Whether the two Linear layers have a bias; true by default. */
  bias?: boolean;
  /** Of both weights; Linear's own by default. */
  init?: Initializer;
  /** Of the second weight; `init` by default. */
  projectionInit?: Initializer;
  /** Of both biases; Linear's own by default. */
  biasInit?: Initializer;
}

/**
 * y = W2 f(W1 x + b1) + b2, with activation f.
 *
 * Shapes: x [..., width] -> y [..., width]; c_fc.weight [hidden, width], c_proj.weight [width, hidden].
 * Range:  sizes >= 1; dropout in [0, 1).
 * Throws: UsageError for values out of range or an unknown option.
 * Source: the position-wise feed-forward of Vaswani et al. 2017; names and layout as GPT-2's.
 */
export class MLP extends Layer {
  private readonly expand: Linear;
  private readonly activation: Layer;
  /** Of the same activation, where a linear layer's kernel can end with it. */
  private readonly fused: LinearActivation | null;
  private readonly projection: Linear;
  private readonly outputDropout: Dropout;

  constructor(device: Device, width: number, hidden: number, options: MLPOptions = {}) {
    super();
    checkOptions("MLP", options, ["activation", "dropout", "bias", "init", "projectionInit", "biasInit", "generator", "seed"]);
    checkNumber("MLP", "width", width, { min: 1, integer: true });
    checkNumber("MLP", "hidden", hidden, { min: 1, integer: true });
    const p = checkNumber("MLP", "dropout", options.dropout ?? 0, { min: 0, below: 1 });
    const generator = generatorOf("MLP", options);
    const { bias = true, init, projectionInit = init, biasInit } = options;
    const name = checkActivation("MLP", options.activation ?? "gelu");
    this.activation = this.registerModule("activation", activation(name));
    this.fused = fusedActivation(name);
    this.expand = this.registerModule("c_fc", new Linear(device, width, hidden, linearOptions(generator, bias, init, biasInit)));
    this.projection = this.registerModule("c_proj", new Linear(device, hidden, width, linearOptions(generator, bias, projectionInit, biasInit)));
    this.outputDropout = this.registerModule("dropout", new Dropout(p, { generator }));
  }

  /** `residual` is added to the output. */
  forward(x: Tensor, residual: Tensor | null = null): Tensor {
    const ending = { dropout: this.outputDropout.options, residual };
    const { expand, projection, fused } = this;
    if (fused) return feedForward(x, expand.weight, expand.bias, projection.weight, projection.bias, { activation: fused, ...ending });
    return scope(() => projection.forward(this.activation.forward(expand.forward(x)), ending));
  }
}
