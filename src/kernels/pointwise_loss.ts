// Losses computed element by element: a kernel of each kind, given the loss's functions.
import bceWithLogitsShader from "../../shaders/loss/bce_with_logits.wgsl";
import mseShader from "../../shaders/loss/mse.wgsl";
import pointwiseLossBackwardShader from "../../shaders/pointwise_loss_backward.wgsl";
import pointwiseLossForwardShader from "../../shaders/pointwise_loss_forward.wgsl";
import pointwiseLossSumsShader from "../../shaders/pointwise_loss_sums.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";
import { lossReduce, withPartialLosses, type Reduction } from "./loss_reduce.js";
import { mapWorkgroups, packed } from "./map.js";

const functionsOf = { mse: mseShader, bce_with_logits: bceWithLogitsShader };

export type PointwiseLoss = keyof typeof functionsOf;

const workgroup = 64;
/** One workgroup adds up what they leave, so they are few. */
const maxWorkgroups = 128;

/** The weight of positive targets: of all, or repeating along the elements. */
export type PosWeight = number | { slice: Slice; period: number };

function posWeightOf(posWeight: PosWeight, x: Slice) {
  const isNumber = typeof posWeight === "number";
  return {
    // The binding exists also where the kernel does not read it.
    slice: isNumber ? x : posWeight.slice,
    params: { period: isNumber ? 1 : posWeight.period, pos_weight_of_all: isNumber ? posWeight : 1 },
    constants: { HAS_POS_WEIGHT: !isNumber },
  };
}

/** One loss an element. */
export function pointwiseLoss(device: Device, loss: PointwiseLoss, buffers: { x: Slice; t: Slice; y: Slice }, size: number, posWeight: PosWeight): void {
  const { x, t, y } = buffers;
  const p = posWeightOf(posWeight, x);
  launch(device, pointwiseLossForwardShader, {
    functions: functionsOf[loss],
    constants: p.constants,
    buffers: { ...packed({ x, t, y }), pos_weight: p.slice },
    params: { size, ...p.params },
    workgroups: mapWorkgroups(device, Math.ceil(size / 4)),
  });
}

/** y = sum or mean of the losses; norm = their number. */
export function pointwiseLossTotal(
  device: Device,
  loss: PointwiseLoss,
  buffers: { x: Slice; t: Slice; y: Slice; norm: Slice },
  { size, reduction }: { size: number; reduction: "mean" | "sum" },
  posWeight: PosWeight,
): void {
  const { x, t, y, norm } = buffers;
  const p = posWeightOf(posWeight, x);
  const workgroups = Math.min(maxWorkgroups, mapWorkgroups(device, Math.ceil(size / 4)));
  withPartialLosses(device, workgroups * workgroup, (partial) => {
    launch(device, pointwiseLossSumsShader, {
      functions: functionsOf[loss],
      constants: p.constants,
      buffers: { ...packed({ x, t }), pos_weight: p.slice, losses: partial.losses, counts: partial.norms },
      params: { size, ...p.params },
      workgroups,
    });
    lossReduce(device, partial, { y, norm }, reduction);
  });
}

/** The gradient of x, or of the target. */
export function pointwiseLossBackward(
  device: Device,
  loss: PointwiseLoss,
  buffers: { x: Slice; t: Slice; dy: Slice; norm: Slice; d: Slice },
  { size, reduction, forTarget }: { size: number; reduction: Reduction; forTarget: boolean },
  posWeight: PosWeight,
): void {
  const { x, t, dy, norm, d } = buffers;
  const p = posWeightOf(posWeight, x);
  launch(device, pointwiseLossBackwardShader, {
    functions: functionsOf[loss],
    constants: { ...p.constants, FOR_TARGET: forTarget, PER_ELEMENT: reduction === "none", MEAN: reduction === "mean" },
    buffers: { ...packed({ x, t, dy, d }), pos_weight: p.slice, norm },
    params: { size, ...p.params },
    workgroups: mapWorkgroups(device, Math.ceil(size / 4)),
  });
}
