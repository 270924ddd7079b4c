// Optimizers that keep parameters, gradients and moments in flat memory and take a step in three launches.
export { Adagrad, type AdagradOptions } from "./adagrad.js";
export { Adam, AdamW, type AdamOptions } from "./adam.js";
export type { OptimizerStats, StepRecord } from "./control.js";
export { GIAdam } from "./gi_adam.js";
export { Lion, type LionOptions } from "./lion.js";
export type { DynamicLossScale, LossScale, LossScaleState } from "./loss_scaling.js";
export { Optimizer, type OptimizerOptions } from "./optimizer.js";
export type { CommonOptions, GroupOptions, ParamGroup } from "./param_group.js";
export { RAdam, type RAdamOptions } from "./radam.js";
export { ReduceLROnPlateau, type RatedOptimizer } from "./reduce_on_plateau.js";
export { RMSprop, type RMSpropOptions } from "./rmsprop.js";
export { SGD, type SGDOptions } from "./sgd.js";
export type { OptimizerSnapshot } from "./snapshot.js";
export type { OptimizerState } from "./state.js";
export type { Resolved, Scheduled } from "./values.js";
