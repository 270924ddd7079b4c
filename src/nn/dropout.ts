import { checkNumber, checkOptions } from "../options.js";
import { dropout } from "../ops/index.js";
import type { Generator } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { generatorOf, type RandomSource } from "./init.js";
import { Layer } from "./module.js";

/**
 * In training each element is zeroed with probability p, the others are divided by 1 - p; in eval mode y = x.
 *
 * Shapes: x [...] -> y [...].
 * Range:  p in [0, 1], 0.5 by default. Every call draws a new mask from the generator.
 * Throws: UsageError for p out of range or an unknown option.
 * Source: Srivastava et al. 2014; the mask is computed again in backward, never stored.
 */
export class Dropout extends Layer {
  readonly p: number;
  private readonly generator: Generator;

  constructor(p = 0.5, options: RandomSource = {}) {
    super();
    checkOptions("Dropout", options, ["generator", "seed"]);
    this.p = checkNumber("Dropout", "p", p, { min: 0, max: 1 });
    this.generator = generatorOf("Dropout", options);
  }

  forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x;
    return dropout(x, { p: this.p, generator: this.generator });
  }
}
