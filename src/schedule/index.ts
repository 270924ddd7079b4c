// Schedules: pure functions of the optimizer's step.
export { asSchedule, fromJSON, Schedule } from "./schedule.js";
export { constant, cosine, exponential, inverseSqrt, inverseTime, lambda, linear, oscillation, piecewise, polynomial, powerLaw } from "./decays.js";
export type {
  ConstantOptions, CosineOptions, ExponentialOptions, InverseSqrtOptions, InverseTimeOptions, LambdaOptions,
  LinearOptions, OscillationOptions, PiecewiseOptions, PolynomialOptions, PowerLawOptions,
} from "./decays.js";
export { cosineRestarts, cosineWave, cyclic, multiStep, oneCycle, step, warmRestarts } from "./cycles.js";
export type {
  CosineRestartsOptions, CosineWaveOptions, CyclicOptions, MultiStepOptions,
  OneCycleOptions, StepOptions, WarmRestartsOptions,
} from "./cycles.js";
export { noam, warmup, warmupStableDecay, type NoamOptions, type WarmupOptions, type WarmupStableDecayOptions } from "./warmups.js";
export {
  CosineAnnealingLR, ConstantLR, ExponentialLR, LambdaLR, LinearLR, MultiplicativeLR, MultiStepLR, PolynomialLR, StepLR,
  type ConstantLROptions, type CosineAnnealingLROptions, type ExponentialLROptions, type LambdaLROptions, type LinearLROptions,
  type MultiStepLROptions, type PolynomialLROptions, type StepLROptions,
} from "./pytorch.js";
export { ChainedScheduler, SequentialLR, type SequentialLROptions } from "./pytorch_chain.js";
export {
  CosineAnnealingWarmRestarts, CyclicLR, OneCycleLR,
  type CosineAnnealingWarmRestartsOptions, type CyclicLROptions, type OneCycleLROptions, type RateAndMomentum,
} from "./pytorch_cycles.js";
export { Plateau, type PlateauOptions, type PlateauState } from "./plateau.js";
export { scaleForBatch, type BatchRule, type BatchScalingOptions } from "./batch_scaling.js";
export { describe, describeInWords, type DescribeOptions, type RobbinsMonro, type ScheduleReport } from "./describe.js";
export type { Description } from "./description.js";
export type { Oscillation } from "./oscillation.js";
export type { CyclicMode } from "./cyclic.js";
export type { OneCycleCurve } from "./one_cycle.js";
export {
  getConstantSchedule, getConstantScheduleWithWarmup, getCosineScheduleWithWarmup, getCosineWithHardRestartsScheduleWithWarmup,
  getCosineWithMinLrScheduleWithWarmup, getCosineWithMinLrScheduleWithWarmupLrRate, getInverseSqrtSchedule,
  getLinearScheduleWithWarmup, getPolynomialDecayScheduleWithWarmup, getScheduler, getWsdSchedule,
} from "./huggingface.js";
export type {
  CosineMinLrScheduleOptions, CosineMinLrWarmupScheduleOptions, CosineScheduleOptions, DefaultRateOptions,
  InverseSqrtScheduleOptions, PolynomialScheduleOptions, SchedulerName, SchedulerOptions,
  TrainingStepsOptions, WarmupStepsOptions,
} from "./huggingface_makers.js";
export type { WsdScheduleOptions, WsdType } from "./huggingface_wsd.js";
export type { Interpolation } from "./piecewise.js";
export type { WarmupConvention, WarmupCurve } from "./warmup.js";
export type { DecayCurve } from "./warmup_stable_decay.js";
