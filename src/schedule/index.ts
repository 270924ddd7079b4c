// Schedules: pure functions of the optimizer's step.
export { asSchedule, fromJSON, Schedule } from "./schedule.js";
export { constant, cosine, exponential, inverseSqrt, inverseTime, lambda, linear, oscillation, piecewise, polynomial, powerLaw } from "./decays.js";
export { cosineRestarts, cosineWave, cyclic, multiStep, oneCycle, step, warmRestarts } from "./cycles.js";
export { noam, warmup, warmupStableDecay, type NoamOptions, type WarmupOptions, type WarmupStableDecayOptions } from "./warmups.js";
export type { Description } from "./description.js";
export type { Oscillation } from "./oscillation.js";
export type { CyclicMode } from "./cyclic.js";
export type { OneCycleCurve } from "./one_cycle.js";
export type { Interpolation } from "./piecewise.js";
export type { WarmupConvention, WarmupCurve } from "./warmup.js";
export type { DecayCurve } from "./warmup_stable_decay.js";
