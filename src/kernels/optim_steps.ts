// The update kernels of the optimizers, by name. Each binds grads, parameter_of, hyper, p, and its moments by their names.
import adamStepShader from "../../shaders/adam_step.wgsl";
import sgdStepPlainShader from "../../shaders/sgd_step_plain.wgsl";
import sgdStepShader from "../../shaders/sgd_step.wgsl";

export const stepKernels = {
  adam_step: adamStepShader,
  sgd_step: sgdStepShader,
  sgd_step_plain: sgdStepPlainShader,
} as const;

export type StepKernelName = keyof typeof stepKernels;
