import adamStepShader from "../../shaders/adam_step.wgsl";
import gradNormShader from "../../shaders/grad_norm.wgsl";
import gradNormWorkgroupShader from "../../shaders/grad_norm_workgroup.wgsl";
import optimizerFinaliseShader from "../../shaders/optimizer_finalise.wgsl";
import sgdStepShader from "../../shaders/sgd_step.wgsl";
import sgdStepPlainShader from "../../shaders/sgd_step_plain.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";

/** Elements of an arena block: one parameter starts on each boundary it uses. As in shaders/lib/optimizer.wgsl. */
export const blockElements = 256;

/** Software adapters want few lanes that loop: what a block's parameter needs is then loaded once for many elements. */
const softwareLanes = 8;
const gpuLanes = 64;

/** The fixed sizes of the WGSL structs, in bytes. */
export const partialBytes = 8;
export const hyperBytes = 48;
export const controlHeaderBytes = 32;
export const groupBytes = 16 + 32 * 8;
/** The step table is one uniform binding of the size that every adapter has. */
export const tableBytes = 65536;
export const tableCells = tableBytes / 16;

const isSoftware = (device: Device) => device.adapter.class === "cpu";
const lanes = (device: Device) => (isSoftware(device) ? softwareLanes : gpuLanes);

function normWorkgroups(device: Device, blocks: number): number {
  return Math.min(blocks, isSoftware(device) ? 32 : 256);
}

/** How many partials `gradNorm` writes for an arena of `blocks`. */
export function partialCount(device: Device, blocks: number): number {
  return normWorkgroups(device, blocks) * (isSoftware(device) ? softwareLanes : 1);
}

/** Partial sums of squares of one arena's gradients. */
export function gradNorm(
  device: Device,
  buffers: { grads: Slice; parameter_of: Slice; group_of: Slice; partials: Slice },
  params: { blocks: number; first_partial: number },
): void {
  const workgroups = normWorkgroups(device, params.blocks);
  if (isSoftware(device)) launch(device, gradNormShader, { buffers, params, constants: { WORKGROUP: softwareLanes }, workgroups });
  else launch(device, gradNormWorkgroupShader, { buffers, params, workgroups });
}

interface FinaliseBuffers {
  partials: Slice;
  table: Slice;
  groups: Slice;
  group_of: Slice;
  steps: Slice;
  hyper: Slice;
  control: Slice;
}

interface FinaliseParams {
  partial_count: number;
  parameters: number;
  groups: number;
  first_row: number;
  rows: number;
  clip_norm: number;
}

/** Norm, clip scale, whether the step is taken, and each parameter's numbers for it. */
export function optimizerFinalise(device: Device, buffers: FinaliseBuffers, params: FinaliseParams): void {
  launch(device, optimizerFinaliseShader, {
    buffers: { ...buffers },
    params: { ...params },
    constants: { WORKGROUP: lanes(device) },
    workgroups: 1,
  });
}

/** Software adapters do best with few workgroups that stride. Others get one a block; a grid folds past 65,535. */
function stepWorkgroups(device: Device, blocks: number): number {
  return isSoftware(device) ? Math.min(blocks, 64) : blocks;
}

interface StepBuffers {
  grads: Slice;
  parameter_of: Slice;
  hyper: Slice;
  p: Slice;
}

/** Adam (weight decay added to the gradient) or AdamW (decoupled), over one arena. */
export function adamStep(device: Device, buffers: StepBuffers & { m: Slice; v: Slice }, params: { blocks: number }, decoupled: boolean): void {
  launch(device, adamStepShader, {
    buffers: { ...buffers },
    params,
    constants: { WORKGROUP: lanes(device), DECOUPLED: decoupled },
    workgroups: stepWorkgroups(device, params.blocks),
  });
}

/** SGD over one arena; with a momentum buffer where any group has momentum. */
export function sgdStep(device: Device, buffers: StepBuffers & { buffer?: Slice }, params: { blocks: number }): void {
  const { buffer, ...rest } = buffers;
  const workgroups = stepWorkgroups(device, params.blocks);
  const constants = { WORKGROUP: lanes(device) };
  if (buffer) launch(device, sgdStepShader, { buffers: { ...rest, buffer }, params, constants, workgroups });
  else launch(device, sgdStepPlainShader, { buffers: rest, params, constants, workgroups });
}
