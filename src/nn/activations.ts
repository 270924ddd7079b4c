// Activations as layers, and by name. The functions of src/ops are the same without state.
import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { elu, gelu, relu, silu, tanh, type LinearActivation } from "../ops/index.js";
import type { Tensor } from "../tensor/tensor.js";
import { Layer } from "./module.js";

/** max(x, 0). */
export class ReLU extends Layer {
  forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** x Φ(x), or with `approximate: "tanh"` the form that GPT-2 was trained with. */
export class GELU extends Layer {
  private readonly approximate: "none" | "tanh";

  constructor(options: { approximate?: "none" | "tanh" } = {}) {
    super();
    checkOptions("GELU", options, ["approximate"]);
    this.approximate = options.approximate ?? "none";
    if (this.approximate !== "none" && this.approximate !== "tanh") {
      throw new UsageError(`GELU: approximate must be "none" or "tanh", got "${String(this.approximate)}"`);
    }
  }

  forward(x: Tensor): Tensor {
    return gelu(x, { approximate: this.approximate });
  }
}

/** x for x > 0, alpha (exp(x) - 1) below; alpha is 1 by default. */
export class ELU extends Layer {
  private readonly alpha: number;

  constructor(options: { alpha?: number } = {}) {
    super();
    checkOptions("ELU", options, ["alpha"]);
    this.alpha = checkNumber("ELU", "alpha", options.alpha ?? 1);
  }

  forward(x: Tensor): Tensor {
    return elu(x, { alpha: this.alpha });
  }
}

/** x sigmoid(x). */
export class SiLU extends Layer {
  forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/** tanh(x). */
export class Tanh extends Layer {
  forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

const byName = {
  gelu: () => new GELU(),
  gelu_tanh: () => new GELU({ approximate: "tanh" }),
  relu: () => new ReLU(),
  elu: () => new ELU(),
  silu: () => new SiLU(),
} as const;

/** The activations that models take by name. */
export type ActivationName = keyof typeof byName;

/** Throws with the known names for any other. */
export function checkActivation(where: string, name: ActivationName): ActivationName {
  if (Object.hasOwn(byName, name)) return name;
  throw new UsageError(`${where}: unknown activation, got "${String(name)}"; use ${Object.keys(byName).join(", ")}`);
}

/** The activation of that name. */
export function activation(name: ActivationName): Layer {
  return byName[name]();
}

/** The same as a linear layer's kernel can end with it; null where it cannot. */
export function fusedActivation(name: ActivationName): LinearActivation | null {
  if (name === "elu") return null;
  return name === "gelu_tanh" ? "geluTanh" : name;
}
