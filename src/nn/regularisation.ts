// Settings that a whole model shares and that a schedule may drive.
import { UsageError } from "../errors.js";
import { checkUnitScalar } from "../ops/unit_scalar.js";
import type { Tensor } from "../tensor/tensor.js";
import { Dropout } from "./dropout.js";
import { Module } from "./module.js";
import { BatchNorm } from "./norms.js";

/**
 * Sets the rate of every Dropout in the model, those of attention weights included. From a tensor each forward reads
 * what it then holds, so that a schedule on the GPU can drive it: no pipeline, buffer or readback a step. Masks are
 * those that the same numbers would give.
 *
 *     nn.setDropout(model, optimizer.scalar("dropout", linear({ from: 0, to: 0.2, steps: 1000 }), { min: 0, max: 1 }));
 *
 * Shapes: p a number or an f32 tensor of one element, which must live as long as the model uses it.
 * Range:  p in [0, 1], a tensor clamped to it; changed between a backward and the next forward. A GPT's `config` keeps
 *         what it was built with.
 * Throws: UsageError for a number out of range, a tensor of another device, or a model without Dropout; DTypeError,
 *         ShapeError or GradError for another tensor. Nothing is set then.
 * Source: Srivastava et al. 2014; curriculum dropout, Morerio et al. 2017, arXiv 1703.06229.
 */
export function setDropout(model: Module, p: number | Tensor): void {
  const layers = layersOf("setDropout", model, Dropout);
  checkUnitScalar("setDropout", "p", p, model.parameters()[0]?.device);
  for (const layer of layers) layer.p = p;
}

/**
 * Sets the momentum of every BatchNorm in the model: the share of the new batch in the running statistics. From a
 * tensor each forward in training reads what it then holds, as in `setDropout`.
 *
 * Shapes: momentum a number or an f32 tensor of one element, which must live as long as the model uses it.
 * Range:  momentum in [0, 1], a tensor clamped to it.
 * Throws: UsageError for a number out of range, a tensor of another device, or a model without BatchNorm; DTypeError,
 *         ShapeError or GradError for another tensor. Nothing is set then.
 * Source: Ioffe and Szegedy 2015, arXiv 1502.03167; PyTorch's convention, running = (1 - momentum) running + momentum batch.
 */
export function setBatchNormMomentum(model: Module, momentum: number | Tensor): void {
  const layers = layersOf("setBatchNormMomentum", model, BatchNorm);
  checkUnitScalar("setBatchNormMomentum", "momentum", momentum, layers[0]!.runningMean.device);
  for (const layer of layers) layer.momentum = momentum;
}

/** Throws when there is none: a setting that reaches nothing is a mistake. */
function layersOf<M extends Module>(where: string, model: Module, kind: abstract new (...args: never[]) => M): M[] {
  if (!(model instanceof Module)) throw new UsageError(`${where}: the first argument must be a module, got ${typeof model}`);
  const layers = model.modules().filter((module): module is M => module instanceof kind);
  if (layers.length === 0) throw new UsageError(`${where}: the model has no ${kind.name} layer, got ${model.constructor.name}`);
  return layers;
}
