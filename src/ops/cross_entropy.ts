import { ShapeError, UsageError } from "../errors.js";
import { crossEntropyBackward, crossEntropyForward, lossReduce, type CrossEntropySettings, type Reduction } from "../kernels/cross_entropy.js";
import { checkNumber, checkOptions } from "../options.js";
import { asRows, formatShape, sameShape } from "../shape.js";
import { record } from "../tensor/tape.js";
import { empty, emptyLike, type Tensor } from "../tensor/tensor.js";
import { requireDType, requireRank, requireSameDevice } from "./checks.js";

export interface NllLossOptions {
  /** Targets with this value count for nothing. -100 by default. */
  ignoreIndex?: number;
  /** "mean" over the targets' class weights (by default), "sum", or "none" for one loss a target. */
  reduction?: Reduction;
  /** One weight a class, [classes]. No gradient. */
  weight?: Tensor;
}

export interface CrossEntropyOptions extends NllLossOptions {
  /** Share of the target's probability spread evenly over all classes, 0 to 1. 0 by default. */
  labelSmoothing?: number;
}

/**
 * Cross-entropy of logits: -log softmax(x)[target], weighted and smoothed as in PyTorch.
 *
 * Shapes: logits [..., classes], targets i32 or u32 [...] -> [] ("none": [...]).
 * Range:  any finite logits; the row maximum is subtracted. The mean over no target at all is NaN, as in PyTorch.
 * Throws: DTypeError, ShapeError; IndexError at the next read for a target outside 0 to classes - 1.
 * Source: backward p - onehot(target), scaled, in one pass; the count of valid targets never leaves the GPU.
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkOptions("crossEntropy", options, ["ignoreIndex", "reduction", "weight", "labelSmoothing"]);
  const smoothing = checkNumber("crossEntropy", "labelSmoothing", options.labelSmoothing ?? 0, { min: 0, max: 1 });
  return rowLoss("crossEntropy", "logits", logits, targets, options, smoothing, false);
}

/**
 * Negative log-likelihood: -x[target] of log-probabilities x, as from logSoftmax.
 *
 * Shapes: logProbs [..., classes], targets i32 or u32 [...] -> [] ("none": [...]).
 * Range:  as crossEntropy, without smoothing.
 * Throws: DTypeError, ShapeError; IndexError at the next read for a target outside 0 to classes - 1.
 * Source: PyTorch's nll_loss.
 */
export function nllLoss(logProbs: Tensor, targets: Tensor, options: NllLossOptions = {}): Tensor {
  checkOptions("nllLoss", options, ["ignoreIndex", "reduction", "weight"]);
  return rowLoss("nllLoss", "logProbs", logProbs, targets, options, 0, true);
}

/** Throws unless `reduction` is one of the three. */
export function checkReduction(op: string, reduction: Reduction): Reduction {
  if (!["mean", "sum", "none"].includes(reduction)) {
    throw new UsageError(`${op}: reduction must be mean, sum or none, got "${String(reduction)}"`);
  }
  return reduction;
}

function rowLoss(op: string, name: string, x: Tensor, targets: Tensor, options: NllLossOptions, smoothing: number, logProbs: boolean): Tensor {
  requireDType(op, name, x, "f32");
  requireRank(op, name, x, { atLeast: 1 });
  requireDType(op, "targets", targets, "i32", "u32");
  const reduction = checkReduction(op, options.reduction ?? "mean");
  const ignoreIndex = checkNumber(op, "ignoreIndex", options.ignoreIndex ?? -100, { integer: true, min: -(2 ** 31), max: 2 ** 32 - 1 });
  if (!sameShape(targets.shape, x.shape.slice(0, -1))) {
    throw new ShapeError(
      `${op}: targets must have the shape of ${name} without classes, got ${name} ${formatShape(x.shape)} and targets ${formatShape(targets.shape)}`,
    );
  }
  const { rows, cols } = asRows(x.shape);
  const { weight } = options;
  if (weight) {
    requireDType(op, "weight", weight, "f32");
    if (weight.requiresGrad) throw new UsageError(`${op}: weight has no gradient; use detach()`);
    if (!sameShape(weight.shape, [cols])) throw new ShapeError(`${op}: weight must be [${cols}], one a class, got ${formatShape(weight.shape)}`);
  }
  requireSameDevice(op, x, targets, ...(weight ? [weight] : []));
  const settings: CrossEntropySettings = { rows, cols, ignoreIndex, smoothing, logProbs };
  const { device } = x;

  const [losses, norms, lse, norm] = [empty(device, [rows]), empty(device, [rows]), empty(device, [rows]), empty(device, [1])];
  crossEntropyForward(
    device,
    {
      x: x.buffer,
      targets: targets.buffer,
      classWeights: weight?.buffer ?? null,
      losses: losses.buffer,
      norms: norms.buffer,
      lse: lse.buffer,
      faults: device.indexFaults.block(op, targets.dtype),
    },
    settings,
  );
  const y = reduction === "none" ? losses.view(targets.shape) : empty(device, []);
  if (reduction !== "none") {
    lossReduce(device, { losses: losses.buffer, norms: norms.buffer, y: y.buffer, norm: norm.buffer }, { count: rows, mean: reduction === "mean" });
  }
  const weighted = weight !== undefined;
  const output = record({
    op,
    inputs: [x],
    output: y,
    // Without class weights x stands in for them; the kernel does not read it.
    saved: [x, targets, weight ?? x, lse, norm],
    vjp: (dy, [x, targets, weight, lse, norm]) => {
      const dx = emptyLike(x);
      const classWeights = weighted ? weight.buffer : null;
      crossEntropyBackward(
        x.device,
        { x: x.buffer, targets: targets.buffer, classWeights, lse: lse.buffer, norm: norm.buffer, dy: dy.buffer, dx: dx.buffer },
        settings,
        reduction,
      );
      return [dx];
    },
  });
  for (const scratch of [losses, norms, lse, norm]) scratch.dispose();
  return output;
}
