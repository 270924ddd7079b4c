import lossReduceShader from "../../shaders/loss_reduce.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";

export type Reduction = "mean" | "sum" | "none";

/** Partial losses and what a mean divides by: two values an invocation or workgroup. */
export interface PartialLosses {
  losses: Slice;
  norms: Slice;
  count: number;
}

/**
 * y = sum of the losses, divided by the sum of the norms for a mean; norm = sum of the norms, which backward divides by.
 * The mean of nothing is 0 / 0 = NaN, as in PyTorch.
 */
export function lossReduce(device: Device, { losses, norms, count }: PartialLosses, buffers: { y: Slice; norm: Slice }, reduction: "mean" | "sum"): void {
  launch(device, lossReduceShader, {
    buffers: { losses, norms, ...buffers },
    params: { count },
    constants: { MEAN: reduction === "mean" },
    workgroups: 1,
  });
}

/** Scratch for `count` partial losses, handed to `use` and released. At least one, so that there is memory to bind. */
export function withPartialLosses(device: Device, count: number, use: (partial: PartialLosses) => void): void {
  const size_bytes = Math.max(1, count) * 4;
  const scratch = (): Slice => ({ buffer: device.acquire(size_bytes, "partial losses"), offset_bytes: 0, size_bytes });
  const partial = { losses: scratch(), norms: scratch(), count };
  use(partial);
  // The queue runs in order: whoever gets these buffers next cannot overtake the launches above.
  partial.losses.buffer.release();
  partial.norms.buffer.release();
}
