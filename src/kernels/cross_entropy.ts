import crossEntropyBackwardShader from "../../shaders/cross_entropy_backward.wgsl";
import crossEntropyForwardShader from "../../shaders/cross_entropy_forward.wgsl";
import lossReduceShader from "../../shaders/loss_reduce.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";

export type Reduction = "mean" | "sum" | "none";

export interface CrossEntropySettings {
  rows: number;
  cols: number;
  ignoreIndex: number;
  smoothing: number;
  /** x holds log-probabilities, not logits. */
  logProbs: boolean;
}

const rowsPerWorkgroup = 16;

function paramsOf({ rows, cols, ignoreIndex, smoothing }: CrossEntropySettings) {
  return { rows, cols, ignore_index: ignoreIndex >>> 0, smoothing };
}

/** Loss, norm (the target's class weight) and log-sum-exp of each row. Null class weights count as 1. */
export function crossEntropyForward(
  device: Device,
  buffers: { x: Slice; targets: Slice; classWeights: Slice | null; losses: Slice; norms: Slice; lse: Slice; faults: Slice },
  settings: CrossEntropySettings,
): void {
  const { classWeights, ...rest } = buffers;
  launch(device, crossEntropyForwardShader, {
    buffers: { ...rest, class_weights: classWeights ?? rest.x },
    params: paramsOf(settings),
    constants: { HAS_WEIGHTS: classWeights !== null, LOG_PROBS: settings.logProbs },
    workgroups: workgroupsFor(settings.rows, rowsPerWorkgroup),
  });
}

/** dx; dy is one element a row for the reduction "none", else a single one. */
export function crossEntropyBackward(
  device: Device,
  buffers: { x: Slice; targets: Slice; classWeights: Slice | null; lse: Slice; norm: Slice; dy: Slice; dx: Slice },
  settings: CrossEntropySettings,
  reduction: Reduction,
): void {
  const { classWeights, ...rest } = buffers;
  launch(device, crossEntropyBackwardShader, {
    buffers: { ...rest, class_weights: classWeights ?? rest.x },
    params: paramsOf(settings),
    constants: {
      HAS_WEIGHTS: classWeights !== null,
      LOG_PROBS: settings.logProbs,
      PER_ROW: reduction === "none",
      MEAN: reduction === "mean",
    },
    workgroups: workgroupsFor(settings.rows, rowsPerWorkgroup),
  });
}

/** y = sum or mean of the losses; norm = sum of the norms, or the count without them. */
export function lossReduce(
  device: Device,
  buffers: { losses: Slice; norms: Slice | null; y: Slice; norm: Slice },
  { count, mean }: { count: number; mean: boolean },
): void {
  const { losses, norms, y, norm } = buffers;
  launch(device, lossReduceShader, {
    buffers: { losses, norms: norms ?? losses, y, norm },
    params: { count },
    constants: { MEAN: mean, HAS_NORMS: norms !== null },
    workgroups: 1,
  });
}
