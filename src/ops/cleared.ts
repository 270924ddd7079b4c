import type { Device } from "../gpu/device.js";
import type { Shape } from "../shape.js";
import type { DType } from "../tensor/dtype.js";
import { empty, type Tensor } from "../tensor/tensor.js";

/** A tensor of zeros made on the GPU: for gradients that are written in part. */
export function emptyCleared(device: Device, shape: Shape, dtype: DType = "f32"): Tensor {
  const out = empty(device, shape, dtype);
  if (out.size > 0) device.queue.clear(out.buffer);
  return out;
}
