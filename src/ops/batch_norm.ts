import { ShapeError, UsageError } from "../errors.js";
import { batchNormBackward, batchNormForward, batchNormForwardRunning, type BatchNormSizes, type Running } from "../kernels/batch_norm.js";
import { checkEps, checkOptions } from "../options.js";
import { formatShape, sameShape, sizeOf } from "../shape.js";
import { record } from "../tensor/tape.js";
import { empty, emptyLike, Tensor } from "../tensor/tensor.js";
import { inF32 } from "./cast.js";
import { requireDType, requireSameDevice, requireTensor } from "./checks.js";
import { checkUnitScalar, unitScalar } from "./unit_scalar.js";

/** Options of `batchNorm`. */
export interface BatchNormOptions {
  /** [channels]; no scaling by default. */
  weight?: Tensor | null;
  /** [channels]; no shift by default. */
  bias?: Tensor | null;
  /** [channels]; moved towards the batch's mean in training, used instead of it otherwise. No gradient. */
  runningMean?: Tensor | null;
  /** [channels]; as runningMean, of the unbiased variance. */
  runningVar?: Tensor | null;
  /** Normalise by the batch's own statistics. False by default: by the running ones. */
  training?: boolean;
  /** Share of the new batch in the running statistics: a number, or an f32 tensor of one element that the GPU may rewrite. 0.1 by default. */
  momentum?: number | Tensor;
  /** Added to the variance. 1e-5 by default. */
  eps?: number;
}

/**
 * Batch norm: y = (x - mean) / sqrt(var + eps) * weight + bias, by channel. In training mean and biased variance are
 * those of the batch, and running = (1 - momentum) * running + momentum * batch in place, with the unbiased variance.
 *
 * Shapes: x [n, channels], [n, channels, length] or [n, channels, height, width] -> y alike; a tensor for momentum one
 *         element; all else [channels], f32.
 * Range:  eps >= 0; momentum 0 to 1, rounded to f32; a tensor is clamped to it when the kernel runs. The variance is
 *         computed in two passes, merged over chunks: x may be far from 0.
 * Throws: ShapeError for other shapes, or one value a channel in training; UsageError without running statistics
 *         outside of training, with one of the two, if they require a gradient, or in training if they share memory with
 *         weight, bias or momentum.
 * Source: Ioffe and Szegedy 2015; PyTorch's conventions. dx = weight * rstd * (dy - mean(dy) - xhat * mean(dy * xhat))
 *         in training, weight * rstd * dy otherwise.
 */
export function batchNorm(x: Tensor, options: BatchNormOptions = {}): Tensor {
  requireTensor("batchNorm", "x", x);
  if (x.dtype === "f16") return inF32(x, (x) => batchNorm(x, options));
  const { weight = null, bias = null, training = false } = options;
  const sizes = checkShapes(x, options);
  const running = checkRunning(options, training);
  const eps = checkEps("batchNorm", options.eps ?? 1e-5);
  const momentum = checkUnitScalar("batchNorm", "momentum", options.momentum ?? 0.1, x.device);
  if (training && running) checkApart(running, { weight, bias, momentum });
  if (training && sizes.batch * sizes.length <= 1) {
    throw new ShapeError(`batchNorm: needs more than 1 value a channel in training, got x ${formatShape(x.shape)}; use a larger batch, or training: false`);
  }
  const { device } = x;
  const y = emptyLike(x);
  const stats = empty(device, [3, sizes.channels]);
  const buffers = { x: x.buffer, w: weight?.buffer ?? null, b: bias?.buffer ?? null, y: y.buffer, stats: stats.buffer };
  if (training) {
    batchNormForward(device, { ...buffers, running: running && slices(running) }, sizes, { eps, momentum: unitScalar(momentum) });
    if (running) for (const tensor of [running.mean, running.variance]) tensor.memory.version++;
  } else {
    batchNormForwardRunning(device, { ...buffers, running: slices(running!) }, sizes, { eps });
  }
  const [hasWeight, hasBias] = [weight !== null, bias !== null];
  const output = record({
    op: "batchNorm",
    inputs: [x, ...(weight ? [weight] : []), ...(bias ? [bias] : [])],
    output: y,
    // The statistics used, not the running tensors: those may change before backward. x stands in for no weight.
    saved: [x, weight ?? x, stats],
    vjp: (dy, [x, w, stats], needs, gradients) => {
      const [dx, dw, db] = [0, hasWeight ? 1 : -1, hasBias ? (hasWeight ? 2 : 1) : -1].map((i) => (needs[i] ? gradients.empty(i) : null));
      const outputs = { dx: dx?.buffer ?? null, dw: dw?.buffer ?? null, db: db?.buffer ?? null };
      batchNormBackward(x.device, { x: x.buffer, dy: dy.buffer, stats: stats.buffer, w: hasWeight ? w.buffer : null, ...outputs }, sizes, { batch: training });
      return [dx!, ...(hasWeight ? [dw!] : []), ...(hasBias ? [db!] : [])];
    },
  });
  stats.dispose();
  return output;
}

interface RunningTensors {
  mean: Tensor;
  variance: Tensor;
}

function slices({ mean, variance }: RunningTensors): Running {
  return { mean: mean.buffer, variance: variance.buffer };
}

/** In training one launch reads the parameters and changes the running statistics. */
function checkApart(running: RunningTensors, others: Record<string, Tensor | number | null>): void {
  for (const [name, other] of Object.entries(others)) {
    if (other instanceof Tensor && [running.mean, running.variance].some(({ memory }) => memory === other.memory)) {
      throw new UsageError(`batchNorm: ${name} shares memory with the running statistics, which it would be read from while they change; give it its own tensor`);
    }
  }
}

function checkShapes(x: Tensor, options: BatchNormOptions): BatchNormSizes {
  checkOptions("batchNorm", options, ["weight", "bias", "runningMean", "runningVar", "training", "momentum", "eps"]);
  requireDType("batchNorm", "x", x, "f32", "f16");
  if (x.rank < 2 || x.rank > 4) {
    throw new ShapeError(`batchNorm: x must be [n, channels], [n, channels, length] or [n, channels, height, width], got ${formatShape(x.shape)}`);
  }
  const channels = x.shape[1]!;
  for (const name of ["weight", "bias", "runningMean", "runningVar"] as const) {
    const tensor = options[name];
    if (!tensor) continue;
    requireDType("batchNorm", name, tensor, "f32");
    requireSameDevice("batchNorm", x, tensor);
    if (!sameShape(tensor.shape, [channels])) {
      throw new ShapeError(`batchNorm: ${name} must have one value a channel, [${channels}], got ${formatShape(tensor.shape)}`);
    }
  }
  return { batch: x.shape[0]!, channels, length: sizeOf(x.shape.slice(2)) };
}

function checkRunning({ runningMean, runningVar }: BatchNormOptions, training: boolean): RunningTensors | null {
  if (!runningMean && !runningVar) {
    if (training) return null;
    throw new UsageError("batchNorm: runningMean and runningVar must be given when training is false, got neither; pass training: true for the batch's own statistics");
  }
  if (!runningMean || !runningVar) {
    throw new UsageError(`batchNorm: runningMean and runningVar go together, got ${runningMean ? "runningMean" : "runningVar"} alone`);
  }
  if (runningMean.memory === runningVar.memory && runningMean.buffer.offset_bytes === runningVar.buffer.offset_bytes) {
    throw new UsageError("batchNorm: runningMean and runningVar share memory; give each its own tensor");
  }
  if (runningMean.requiresGrad || runningVar.requiresGrad) {
    throw new UsageError("batchNorm: runningMean and runningVar have no gradient; use detach()");
  }
  return { mean: runningMean, variance: runningVar };
}
