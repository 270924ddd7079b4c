// A moment of an optimizer and its parameters, kept on the device, to come back to bit for bit.
import { DisposedError } from "../errors.js";
import type { PoolBuffer, Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { keep } from "../tensor/scope.js";
import { empty, type Tensor } from "../tensor/tensor.js";

/** Copies of slices. */
class Copies {
  private readonly pairs: { live: Slice; copy: Slice }[];

  constructor(
    private readonly device: Device,
    slices: readonly Slice[],
  ) {
    this.pairs = slices.map((live) => {
      const copy = { buffer: device.acquire(live.size_bytes, "snapshot"), offset_bytes: 0, size_bytes: live.size_bytes };
      device.queue.copy(live, copy);
      return { live, copy };
    });
  }

  restore(): void {
    for (const { live, copy } of this.pairs) {
      this.device.queue.copy(copy, live);
      live.buffer.version++;
    }
  }

  get buffers(): PoolBuffer[] {
    return this.pairs.map(({ copy }) => copy.buffer);
  }
}

/** The gradient of one parameter: none, the arena's slot, or a tensor that the user assigned. */
class GradientState {
  private readonly grad: Tensor | null;
  private readonly assigned: Tensor | null;

  constructor(private readonly tensor: Tensor) {
    this.grad = tensor.grad;
    this.assigned = this.grad && this.grad !== tensor.gradSlot ? copyOf(this.grad) : null;
  }

  restore(): void {
    const { tensor, grad, assigned } = this;
    if (tensor.isDisposed) return;
    if (tensor.grad && tensor.grad !== tensor.gradSlot && tensor.grad !== grad) tensor.grad.dispose();
    if (!assigned) tensor.grad = grad === null ? null : tensor.gradSlot;
    else if (grad!.isDisposed) tensor.grad = copyOf(assigned);
    else {
      copyInto(assigned, grad!);
      tensor.grad = grad;
    }
  }

  dispose(): void {
    this.assigned?.dispose();
  }
}

/** Made by `optimizer.snapshot()`. */
export class OptimizerSnapshot {
  private readonly copies: Copies;
  private readonly gradients: readonly GradientState[];
  private disposed = false;

  constructor(
    device: Device,
    slices: readonly Slice[],
    parameters: readonly Tensor[],
    private readonly host: {
      /** Throws where nothing can be restored. */
      check: () => void;
      /** Puts back what the host knows. */
      restore: () => void;
    },
  ) {
    this.copies = new Copies(device, slices);
    this.gradients = parameters.filter((tensor) => !tensor.isDisposed).map((tensor) => new GradientState(tensor));
  }

  /**
   * Makes everything as it was, any number of times: parameters, gradients, moments, counters, options. Launches only.
   *
   * Throws: DisposedError after dispose() of this or of the optimizer; UsageError while averaged weights show, or if a
   *         parameter has gone to another optimizer. Nothing was restored then.
   */
  restore(): void {
    if (this.disposed) throw new DisposedError("snapshot: restored after dispose()");
    this.host.check();
    this.copies.restore();
    for (const gradient of this.gradients) gradient.restore();
    this.host.restore();
  }

  /** Frees the copies. Disposing twice is harmless. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const buffer of this.copies.buffers) buffer.release();
    for (const gradient of this.gradients) gradient.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function copyOf(tensor: Tensor): Tensor {
  const copy = keep(empty(tensor.device, tensor.shape, tensor.dtype));
  copyInto(tensor, copy);
  return copy;
}

function copyInto(source: Tensor, target: Tensor): void {
  if (source.size > 0) source.device.queue.copy(source.buffer, target.buffer);
  target.memory.version++;
}
