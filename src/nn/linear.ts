import { ShapeError, UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { checkNumber, checkOptions } from "../options.js";
import { linear, type LinearOptions as LinearEnding } from "../ops/index.js";
import { formatShape, sameShape, type Shape } from "../shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { generatorOf, kaimingUniform, uniform, type Initializer, type RandomSource } from "./init.js";
import { drawParameter, Layer } from "./module.js";

/** Options of `Linear`. */
export interface LinearOptions extends RandomSource {
  /** True by default. */
  bias?: boolean;
  /** Of the weight; PyTorch's uniform ±1/sqrt(inFeatures) by default. */
  init?: Initializer;
  /** Of the bias; the same range by default. */
  biasInit?: Initializer;
  /** A parameter to share instead of a new weight, for tied layers. Not together with `init`. */
  weight?: Tensor;
}

/**
 * y = x W^T + b.
 *
 * Shapes: x [..., inFeatures] -> y [..., outFeatures]; weight [outFeatures, inFeatures], bias [outFeatures].
 * Range:  sizes >= 1.
 * Throws: UsageError for sizes out of range or an unknown option.
 * Source: default init as PyTorch's Linear, kaiming uniform with a = sqrt(5).
 */
export class Linear extends Layer {
  readonly weight: Tensor;
  readonly bias: Tensor | null;

  constructor(device: Device, inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    checkOptions("Linear", options, ["bias", "init", "biasInit", "weight", "generator", "seed"]);
    checkNumber("Linear", "inFeatures", inFeatures, { min: 1, integer: true });
    checkNumber("Linear", "outFeatures", outFeatures, { min: 1, integer: true });
    const generator = generatorOf("Linear", options);
    const bound = 1 / Math.sqrt(inFeatures);
    const { bias = true, init = kaimingUniform({ a: Math.sqrt(5) }), biasInit = uniform({ low: -bound, high: bound }) } = options;
    const shape = [outFeatures, inFeatures];
    if (options.weight) checkShared(options.weight, shape, options.init);
    this.weight = this.registerParameter("weight", options.weight ?? drawParameter(device, shape, init, generator));
    this.bias = bias ? this.registerParameter("bias", drawParameter(device, [outFeatures], biasInit, generator)) : null;
  }

  /** `ending`: what the op `linear` does after W x + b in the same kernel. */
  forward(x: Tensor, ending: LinearEnding = {}): Tensor {
    return linear(x, this.weight, this.bias, ending);
  }
}

function checkShared(weight: Tensor, shape: Shape, init: Initializer | undefined): void {
  if (init) throw new UsageError("Linear: give weight or init, not both; a shared weight has values already");
  if (!sameShape(weight.shape, shape)) throw new ShapeError(`Linear: weight must be ${formatShape(shape)}, got ${formatShape(weight.shape)}`);
}
