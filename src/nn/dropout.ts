import { checkNumber, checkOptions } from "../options.js";
import { dropout } from "../ops/index.js";
import { checkUnitScalar } from "../ops/unit_scalar.js";
import type { Generator } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { setting } from "../tensor/tracker.js";
import { generatorOf, type RandomSource } from "./init.js";
import { Layer } from "./module.js";

/**
 * In training each element is zeroed with probability p, the others are divided by 1 - p; in eval mode y = x.
 *
 * Shapes: x [...] -> y [...].
 * Range:  p in [0, 1], 0.5 by default. Every call in training draws a new mask from the generator, whatever p is.
 * Throws: UsageError for p out of range or an unknown option.
 * Source: Srivastava et al. 2014; the mask is computed again in backward, never stored.
 */
export class Dropout extends Layer {
  private rate: number | Tensor;
  private readonly generator: Generator;

  constructor(p = 0.5, options: RandomSource = {}) {
    super();
    checkOptions("Dropout", options, ["generator", "seed"]);
    this.rate = checkNumber("Dropout", "p", p, { min: 0, max: 1 });
    this.generator = generatorOf("Dropout", options);
  }

  /** May be changed between steps, also to an f32 tensor of one element: each forward then takes what it holds. */
  get p(): number | Tensor {
    return setting(this, () => this.rate);
  }

  set p(p: number | Tensor) {
    this.rate = checkUnitScalar("Dropout", "p", p);
  }

  forward(x: Tensor): Tensor {
    const options = this.options;
    if (!options) return x;
    if (options.p !== 0) return dropout(x, options);
    options.generator.next();
    return x;
  }

  /** What an op takes that drops out by itself; null in eval mode. */
  get options(): { p: number | Tensor; generator: Generator } | null {
    return this.training ? { p: this.p, generator: this.generator } : null;
  }
}
