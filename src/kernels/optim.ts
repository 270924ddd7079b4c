// The launches of an optimizer step, prepared once: after that a step creates nothing.
import emaStepShader from "../../shaders/ema_step.wgsl";
import gradNormShader from "../../shaders/grad_norm.wgsl";
import gradNormWorkgroupShader from "../../shaders/grad_norm_workgroup.wgsl";
import optimizerFinaliseShader from "../../shaders/optimizer_finalise.wgsl";
import optimizerScalarsShader from "../../shaders/optimizer_scalars.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { PreparedLaunch } from "../gpu/prepared_launch.js";
import { stepKernels, type StepKernelName } from "./optim_steps.js";

/** Elements of an arena block: one parameter starts on each boundary it uses. As in shaders/lib/optimizer.wgsl. */
export const blockElements = 256;

/** Software adapters want few lanes that loop: what a block's parameter needs is then loaded once for many elements. */
const softwareLanes = 8;
const gpuLanes = 64;

/** The fixed sizes of the WGSL structs, in bytes. */
export const partialBytes = 8;
export const hyperBytes = 64;
export const controlHeaderBytes = 32;
export const recordHeaderWords = 5;
export const lossScaleBytes = 8;
/** As far as a loss scale moves, as in shaders/optimizer_finalise.wgsl. */
export const lossScaleBounds = [2 ** -24, 2 ** 24] as const;
/** A scalar that an op may bind lies on a boundary that every adapter accepts. */
export const scalarBytes = 256;
/** The step table is one uniform binding of the size that every adapter has, after a header of one vec4. */
export const tableBytes = 65536;
export const tableVec4s = tableBytes / 16 - 1;

const isSoftware = (device: Device) => device.adapter.class === "cpu";
const lanes = (device: Device) => (isSoftware(device) ? softwareLanes : gpuLanes);

function normWorkgroups(device: Device, blocks: number): number {
  return Math.min(blocks, isSoftware(device) ? 32 : 256);
}

/** How many partials the norm kernel writes for an arena of `blocks`. */
export function partialCount(device: Device, blocks: number): number {
  return normWorkgroups(device, blocks) * (isSoftware(device) ? softwareLanes : 1);
}

/** Partial sums of squares and the largest size of one arena's gradients. */
export function prepareNorm(
  device: Device,
  buffers: { grads: Slice; parameter_of: Slice; group_of: Slice; partials: Slice },
  params: { blocks: number; first_partial: number },
): PreparedLaunch {
  const workgroups = normWorkgroups(device, params.blocks);
  if (isSoftware(device)) return new PreparedLaunch(device, gradNormShader, { buffers, params, constants: { WORKGROUP: softwareLanes }, workgroups });
  return new PreparedLaunch(device, gradNormWorkgroupShader, { buffers, params, workgroups });
}

export interface FinaliseBuffers {
  partials: Slice;
  table: Slice;
  group_of: Slice;
  steps: Slice;
  hyper: Slice;
  control: Slice;
  history: Slice;
  scalars: Slice;
  loss_scale: Slice;
}

export interface FinaliseParams {
  partial_count: number;
  parameters: number;
  groups: number;
  row_vec4s: number;
  scalar_count: number;
  history_rows: number;
  accumulated: number;
  growth: number;
  backoff: number;
  growth_interval: number;
}

/** Norm, clip scale, whether the step is taken, and each parameter's numbers for it. */
export function prepareFinalise(device: Device, buffers: FinaliseBuffers, params: FinaliseParams): PreparedLaunch {
  return new PreparedLaunch(device, optimizerFinaliseShader, {
    buffers: { ...buffers },
    params: { ...params },
    constants: { WORKGROUP: lanes(device) },
    workgroups: 1,
  });
}

/** The registered scalars of the coming step. */
export function prepareScalars(
  device: Device,
  buffers: { control: Slice; table: Slice; scalars: Slice },
  params: { groups: number; row_vec4s: number; scalar_count: number },
): PreparedLaunch {
  return new PreparedLaunch(device, optimizerScalarsShader, { buffers, params, constants: { WORKGROUP: lanes(device) }, workgroups: 1 });
}

/** Software adapters do best with few workgroups that stride. Others get one a block; a grid folds past 65,535. */
function stepWorkgroups(device: Device, blocks: number): number {
  return isSoftware(device) ? Math.min(blocks, 64) : blocks;
}

/** The update of one arena. */
export function prepareStep(
  device: Device,
  kernel: StepKernelName,
  buffers: { grads: Slice; parameter_of: Slice; hyper: Slice; p: Slice; [moment: string]: Slice },
  params: { blocks: number },
): PreparedLaunch {
  return new PreparedLaunch(device, stepKernels[kernel], {
    buffers,
    params,
    constants: { WORKGROUP: lanes(device) },
    workgroups: stepWorkgroups(device, params.blocks),
  });
}

/** Averaged weights of one arena. */
export function prepareEma(device: Device, buffers: { control: Slice; p: Slice; ema: Slice }, params: { blocks: number }): PreparedLaunch {
  return new PreparedLaunch(device, emaStepShader, {
    buffers,
    params,
    constants: { WORKGROUP: lanes(device) },
    workgroups: stepWorkgroups(device, params.blocks),
  });
}
