import { UsageError } from "../errors.js";
import { scope } from "../tensor/scope.js";
import type { Tensor } from "../tensor/tensor.js";
import { Layer } from "./module.js";

/** Layers one after the other, named "0", "1", ... */
export class Sequential extends Layer {
  readonly layers: readonly Layer[];

  constructor(...layers: Layer[]) {
    super();
    layers.forEach((layer, i) => {
      if (!(layer instanceof Layer)) throw new UsageError(`Sequential: every argument is a layer, got ${typeof layer} at ${i}`);
      this.registerModule(String(i), layer);
    });
    this.layers = layers;
  }

  forward(x: Tensor): Tensor {
    return scope(() => this.layers.reduce((y, layer) => layer.forward(y), x));
  }
}
