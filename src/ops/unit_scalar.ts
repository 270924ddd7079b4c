// Numbers in [0, 1] that an op takes as they are or as a tensor, which the GPU reads when the kernel runs.
import { GradError, ShapeError, UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import type { UnitScalar } from "../kernels/unit_scalar.js";
import { checkNumber } from "../options.js";
import { formatShape } from "../shape.js";
import { Tensor } from "../tensor/tensor.js";
import { requireDType } from "./checks.js";

/** Throws unless `value` is a number in [0, 1], or a tensor that can hold one, on that device if one is given. */
export function checkUnitScalar(where: string, name: string, value: unknown, device?: Device): number | Tensor {
  if (!(value instanceof Tensor)) return checkNumber(where, name, value, { min: 0, max: 1 });
  requireDType(where, name, value, "f32");
  if (value.size !== 1) throw new ShapeError(`${where}: ${name} must be a number or a tensor of one element, got ${formatShape(value.shape)}`);
  if (value.requiresGrad) throw new GradError(`${where}: no gradient is computed for ${name}; pass ${name}.detach()`);
  if (device && value.device !== device) throw new UsageError(`${where}: ${name} lives on another device; make it there with full()`);
  return value;
}

/** As kernels take it. A number is rounded to f32 here, so that a tensor of the same value gives the same bits. */
export function unitScalar(value: number | Tensor): UnitScalar {
  return value instanceof Tensor ? value.buffer : Math.fround(value);
}

/** What the tape has to save of it. */
export function heldTensor(value: number | Tensor | undefined): Tensor[] {
  return value instanceof Tensor ? [value] : [];
}
