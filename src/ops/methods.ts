// Methods of Tensor: a short alias list, so that `x.matmul(w).add(b)` reads in order. Functions are the API of record.
// Importing this file installs them.
import { backward } from "../tensor/backward.js";
import { Tensor } from "../tensor/tensor.js";
import { gelu, relu, sigmoid, silu } from "./activation.js";
import { argmax } from "./argmax.js";
import { add, div, mul, pow, sub } from "./binary.js";
import { cast } from "./cast.js";
import { clamp } from "./clamp.js";
import { expand } from "./expand.js";
import { max, min } from "./extremum.js";
import { matmul } from "./matmul.js";
import { permute, transpose } from "./permute.js";
import { flatten, reshape, squeeze, unsqueeze } from "./reshape.js";
import { slice } from "./slice.js";
import { softmax } from "./softmax.js";
import { mean, sum } from "./sum.js";
import { exp, log, tanh } from "./transcendental.js";
import { abs, neg, sqrt } from "./unary.js";

const methods = {
  ...{ add, sub, mul, div, pow, neg, abs, sqrt, exp, log },
  ...{ tanh, sigmoid, relu, gelu, silu, softmax },
  ...{ clamp, cast },
  ...{ sum, mean, max, min, argmax },
  ...{ reshape, flatten, squeeze, unsqueeze, expand, permute, transpose, slice },
  ...{ matmul, backward },
};

/** f(x, ...rest) as x.f(...rest). */
type Method<F> = F extends (x: Tensor, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never;

type Methods = { [Name in keyof typeof methods]: Method<(typeof methods)[Name]> };

declare module "../tensor/tensor.js" {
  interface Tensor extends Methods {}
}

for (const [name, f] of Object.entries(methods)) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: unknown[]): unknown {
      return (f as (x: Tensor, ...rest: unknown[]) => unknown)(this, ...rest);
    },
    writable: true,
    configurable: true,
  });
}
