import { ShapeError, UsageError } from "../errors.js";
import { crossEntropyBackward, crossEntropyForward, dividesForward, nllBackward, nllForward, partialLossesFor, type ClassLossSettings } from "../kernels/cross_entropy.js";
import { lossReduce, withPartialLosses, type PartialLosses, type Reduction } from "../kernels/loss_reduce.js";
import { checkNumber, checkOptions } from "../options.js";
import { formatShape, normalizeAxis, sameShape, splitAtAxis } from "../shape.js";
import { isOnes } from "../tensor/backward.js";
import { isGradEnabled, record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { inF32 } from "./cast.js";
import { requireDType, requireRank, requireSameDevice } from "./checks.js";
import { checkReduction } from "./loss_reduction.js";

/** Options of `nllLoss`. */
export interface NllLossOptions {
  /** Targets with this value count for nothing. -100 by default. */
  ignoreIndex?: number;
  /** "mean", weighted by the targets' class weights (by default), "sum", or "none" for one loss a target. */
  reduction?: Reduction;
  /** One weight a class, [classes]. No gradient. */
  weight?: Tensor;
  /** The axis of the classes: -1, the last, by default; 1 for PyTorch's layout of images. */
  classAxis?: number;
}

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions extends NllLossOptions {
  /** Share of the target's probability spread evenly over all classes, 0 to 1. 0 by default. */
  labelSmoothing?: number;
  /**
   * Lets the gradient take the logits' memory, where one is wanted: for logits that nobody reads again. False by default.
   */
  overwriteLogits?: boolean;
}

/**
 * Cross-entropy of logits: -log softmax(x)[target], weighted and smoothed as in PyTorch.
 *
 * Shapes: logits [..., classes] f32 or f16, targets i32 or u32 [...] -> [] ("none": [...]), f32; or the classes on classAxis.
 * Range:  any finite logits; the row maximum is subtracted. The mean over no target at all is NaN, as in PyTorch.
 * Throws: DTypeError, ShapeError; UsageError if weight requires a gradient; IndexError at the next read for a target
 *         outside 0 to classes - 1 that is not ignoreIndex.
 *         For overwriteLogits, UsageError if the logits are a leaf that requires a gradient; and backward throws if
 *         another op saved the logits.
 * Source: p - onehot(target), scaled and written with the loss; the count of valid targets never leaves the GPU.
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkOptions("crossEntropy", options, ["ignoreIndex", "reduction", "weight", "labelSmoothing", "classAxis", "overwriteLogits"]);
  const smoothing = checkNumber("crossEntropy", "labelSmoothing", options.labelSmoothing ?? 0, { min: 0, max: 1 });
  const { reduction, weight, settings } = checkClassLoss("crossEntropy", "logits", logits, targets, options, smoothing);
  const wanted = isGradEnabled() && logits.requiresGrad;
  const overwrite = wanted && options.overwriteLogits === true;
  if (overwrite && !logits.node) throw new UsageError("crossEntropy: overwriteLogits is for computed logits, got a leaf that requires a gradient; leave it out");
  const { device } = logits;
  const unit = overwrite ? logits.detach() : wanted ? empty(device, logits.shape, logits.dtype) : null;
  const { y, norm } = reduceRows(targets, reduction, (partial) => {
    const faults = device.indexFaults.block("crossEntropy", targets.dtype);
    const buffers = { x: logits.buffer, targets: targets.buffer, weight: weight?.buffer ?? null, faults, dx: unit?.buffer ?? null };
    crossEntropyForward(device, buffers, partial, settings, reduction);
  });
  if (overwrite) logits.memory.version++;
  const divisor = unit && reduction === "mean" && !dividesForward(unit.buffer, reduction) ? norm : null;
  const output = record({
    op: "crossEntropy",
    inputs: [logits],
    output: y,
    saved: [...(unit ? [unit] : []), ...(unit && divisor ? [divisor] : [])],
    vjp: (dy, [unit, divisor]: readonly Tensor[], _, gradients) => {
      if (isOnes(dy) && !divisor) return [unit!];
      const dx = gradients.empty(0);
      crossEntropyBackward(dy.device, { unit: unit!.buffer, dy: dy.buffer, norm: divisor?.buffer ?? null, dx: dx.buffer }, settings.sizes, reduction);
      return [dx];
    },
  });
  unit?.dispose();
  norm?.dispose();
  return output;
}

/**
 * Negative log-likelihood: -x[target] of log-probabilities x, as from logSoftmax.
 *
 * Shapes: logProbs [..., classes], targets i32 or u32 [...] -> [] ("none": [...]); or the classes on classAxis.
 * Range:  as crossEntropy, without smoothing.
 * Throws: DTypeError, ShapeError; UsageError if weight requires a gradient; IndexError at the next read for a target
 *         outside 0 to classes - 1 that is not ignoreIndex.
 * Source: PyTorch's nll_loss.
 */
export function nllLoss(logProbs: Tensor, targets: Tensor, options: NllLossOptions = {}): Tensor {
  checkOptions("nllLoss", options, ["ignoreIndex", "reduction", "weight", "classAxis"]);
  requireDType("nllLoss", "logProbs", logProbs, "f32", "f16");
  if (logProbs.dtype === "f16") return inF32(logProbs, (logProbs) => nllLoss(logProbs, targets, options));
  const { reduction, weight, settings } = checkClassLoss("nllLoss", "logProbs", logProbs, targets, options, 0);
  const { device, shape } = logProbs;
  const hasWeight = weight !== null;
  const { y, norm } = reduceRows(targets, reduction, (partial) => {
    const faults = device.indexFaults.block("nllLoss", targets.dtype);
    nllForward(device, { x: logProbs.buffer, targets: targets.buffer, weight: weight?.buffer ?? null, faults }, partial, settings);
  });
  const output = record({
    op: "nllLoss",
    inputs: [logProbs],
    output: y,
    saved: [targets, weight ?? targets, norm ?? targets],
    vjp: (dy, [targets, w, norm]) => {
      const dx = empty(dy.device, shape);
      const buffers = { targets: targets.buffer, weight: hasWeight ? w.buffer : null, norm: norm.buffer, dy: dy.buffer, dx: dx.buffer };
      nllBackward(dy.device, buffers, settings, reduction);
      return [dx];
    },
  });
  norm?.dispose();
  return output;
}

/** Runs `forward` into the output, or into partial losses that are then reduced. `norm` is what a mean was divided by. */
function reduceRows(targets: Tensor, reduction: Reduction, forward: (partial: PartialLosses) => void): { y: Tensor; norm: Tensor | null } {
  const { device } = targets;
  const y = empty(device, reduction === "none" ? targets.shape : []);
  if (reduction === "none") {
    withPartialLosses(device, targets.size, (partial) => forward({ ...partial, losses: y.buffer }));
    return { y, norm: null };
  }
  const norm = empty(device, []);
  withPartialLosses(device, partialLossesFor(device, targets.size), (partial) => {
    forward(partial);
    lossReduce(device, partial, { y: y.buffer, norm: norm.buffer }, reduction);
  });
  return { y, norm };
}

function checkClassLoss(op: string, name: string, x: Tensor, targets: Tensor, options: NllLossOptions, smoothing: number) {
  requireDType(op, name, x, "f32", "f16");
  requireRank(op, name, x, { atLeast: 1 });
  requireDType(op, "targets", targets, "i32", "u32");
  const reduction = checkReduction(op, options.reduction ?? "mean");
  const ignoreIndex = checkNumber(op, "ignoreIndex", options.ignoreIndex ?? -100, { integer: true, min: -(2 ** 31), max: 2 ** 32 - 1 });
  const axis = normalizeAxis(op, options.classAxis ?? -1, x.rank);
  if (!sameShape(targets.shape, x.shape.filter((_, i) => i !== axis))) {
    throw new ShapeError(
      `${op}: targets must have the shape of ${name} without its classes on axis ${axis}, got ${name} ${formatShape(x.shape)} and targets ${formatShape(targets.shape)}; set classAxis if the classes lie elsewhere`,
    );
  }
  const sizes = splitAtAxis(x.shape, axis);
  if (sizes.extent === 0) throw new ShapeError(`${op}: there are no classes, got ${name} ${formatShape(x.shape)}`);
  const { weight = null } = options;
  if (weight) {
    requireDType(op, "weight", weight, "f32");
    if (weight.requiresGrad) throw new UsageError(`${op}: weight has no gradient; use detach()`);
    if (!sameShape(weight.shape, [sizes.extent])) {
      throw new ShapeError(`${op}: weight must have one value a class, [${sizes.extent}], got ${formatShape(weight.shape)}`);
    }
  }
  requireSameDevice(op, x, targets, ...(weight ? [weight] : []));
  const settings: ClassLossSettings = { sizes, ignoreIndex, smoothing };
  return { reduction, weight, settings };
}
