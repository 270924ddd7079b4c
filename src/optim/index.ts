// Optimizers that keep parameters, gradients and moments in flat memory and take a step in three launches.
export { Adam, AdamW, type AdamOptions } from "./adam.js";
export type { StepRecord } from "./control.js";
export { Optimizer, type OptimizerOptions, type OptimizerStats } from "./optimizer.js";
export type { CommonOptions, GroupOptions, ParamGroup } from "./param_group.js";
export { SGD, type SGDOptions } from "./sgd.js";
export type { OptimizerSnapshot } from "./snapshot.js";
export type { OptimizerState } from "./state.js";
export type { Resolved, Scheduled } from "./values.js";
