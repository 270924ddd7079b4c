import { UsageError } from "../errors.js";
import { mapClamp, mapClampBackward } from "../kernels/map.js";
import { checkNumber, checkOptions } from "../options.js";
import { record } from "../tensor/tape.js";
import { emptyLike, type Tensor } from "../tensor/tensor.js";
import { requireDType } from "./checks.js";

export interface ClampOptions {
  /** No lower limit by default. */
  min?: number;
  /** No upper limit by default. Where it is below `min`, every element becomes `max`. */
  max?: number;
}

/**
 * y = min(max(x, options.min), options.max). The gradient passes where min <= x <= max.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  NaN stays NaN.
 * Throws: DTypeError for integers; UsageError unless at least one limit is given, and limits are finite.
 */
export function clamp(x: Tensor, options: ClampOptions): Tensor {
  requireDType("clamp", "x", x, "f32", "f16");
  checkOptions("clamp", options, ["min", "max"]);
  const { min, max } = options ?? {};
  if (min === undefined && max === undefined) throw new UsageError("clamp: needs min or max, got neither; pass { min, max }");
  const limits = {
    low: min === undefined ? -Infinity : checkNumber("clamp", "min", min),
    high: max === undefined ? Infinity : checkNumber("clamp", "max", max),
  };
  const y = emptyLike(x);
  mapClamp(x.device, { x: x.buffer, y: y.buffer }, limits, x.size);
  return record({
    op: "clamp",
    inputs: [x],
    output: y,
    saved: [x],
    vjp: (dy, [x]) => {
      const dx = emptyLike(dy);
      mapClampBackward(dy.device, { dy: dy.buffer, x: x.buffer, dx: dx.buffer }, limits, dy.size);
      return [dx];
    },
  });
}
