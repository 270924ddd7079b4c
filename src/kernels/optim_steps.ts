// The update kernels of the optimizers, by name. Each binds grads, parameter_of, hyper, p, and its moments by their names.
import adagradStepShader from "../../shaders/adagrad_step.wgsl";
import adamStepAmsgradShader from "../../shaders/adam_step_amsgrad.wgsl";
import adamStepShader from "../../shaders/adam_step.wgsl";
import lionStepShader from "../../shaders/lion_step.wgsl";
import radamStepShader from "../../shaders/radam_step.wgsl";
import rmspropStepFullShader from "../../shaders/rmsprop_step_full.wgsl";
import rmspropStepShader from "../../shaders/rmsprop_step.wgsl";
import sgdStepPlainShader from "../../shaders/sgd_step_plain.wgsl";
import sgdStepShader from "../../shaders/sgd_step.wgsl";

export const stepKernels = {
  adagrad_step: adagradStepShader,
  adam_step: adamStepShader,
  adam_step_amsgrad: adamStepAmsgradShader,
  lion_step: lionStepShader,
  radam_step: radamStepShader,
  rmsprop_step: rmspropStepShader,
  rmsprop_step_full: rmspropStepFullShader,
  sgd_step: sgdStepShader,
  sgd_step_plain: sgdStepPlainShader,
} as const;

export type StepKernelName = keyof typeof stepKernels;
